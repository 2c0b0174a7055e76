//! The pages in reading order with what they inherit (ISO 32000-1, 7.7.3).
//!
//! Promises: every node of the tree is visited once, whatever its references say. Rejected: recursion with a depth limit,
//! which a wide tree of shared nodes defeats.

use std::collections::HashSet;

use super::{
    Reach,
    file::File,
    object::{Dictionary, Object},
};

/// A page's dictionary and its inheritable entries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page<'f> {
    pub(crate) dictionary: &'f Dictionary,
    pub(crate) resources: Option<&'f Dictionary>,
    /// Clockwise quarter turns for display.
    pub(crate) rotation: Rotation,
}

/// `/Rotate` (ISO 32000-1, table 30).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rotation {
    Upright,
    Quarter,
    Half,
    ThreeQuarters,
}

impl Rotation {
    fn of(degrees: i32) -> Self {
        match degrees.rem_euclid(360) {
            90 => Rotation::Quarter,
            180 => Rotation::Half,
            270 => Rotation::ThreeQuarters,
            _ => Rotation::Upright,
        }
    }
}

/// The pages, at most `most` of them.
pub(crate) fn pages<'f>(file: &'f File<'_>, most: usize) -> (Vec<Page<'f>>, Reach) {
    let (mut pages, mut reach) = walk(file, most);
    if pages.is_empty() {
        let mut all = file.of_kind(b"Page");
        if all.len() > most {
            reach = Reach::Cut;
        }
        all.truncate(most);
        let root = Page { dictionary: EMPTY, resources: None, rotation: Rotation::Upright };
        pages = all.into_iter().map(|dictionary| inherit(file, dictionary, root)).collect();
    }
    (pages, reach)
}

static EMPTY: &Dictionary = &Dictionary::new();

fn walk<'f>(file: &'f File<'_>, most: usize) -> (Vec<Page<'f>>, Reach) {
    let mut pages = Vec::new();
    let mut seen: HashSet<*const Dictionary> = HashSet::new();
    let root = Page { dictionary: EMPTY, resources: None, rotation: Rotation::Upright };
    let mut open: Vec<(&Object, Page<'f>)> = Vec::new();
    if let Some(catalog) = file.catalog() {
        open.push((file.entry(catalog, "Pages"), root));
    }
    while let Some((node, parent)) = open.pop() {
        let Some(dictionary) = file.resolve(node).dictionary() else { continue };
        // An object stays where it is while the file is read, so its address is its identity.
        if !seen.insert(std::ptr::from_ref(dictionary)) {
            continue;
        }
        let page = inherit(file, dictionary, parent);
        match file.entry(dictionary, "Kids") {
            Object::Array(kids) => open.extend(kids.iter().rev().map(|kid| (kid, page))),
            _ if pages.len() == most => return (pages, Reach::Cut),
            _ => pages.push(page),
        }
    }
    (pages, Reach::Whole)
}

fn inherit<'f>(file: &'f File<'_>, dictionary: &'f Dictionary, parent: Page<'f>) -> Page<'f> {
    Page {
        dictionary,
        resources: file.entry(dictionary, "Resources").dictionary().or(parent.resources),
        rotation: file.entry(dictionary, "Rotate").integer().map_or(parent.rotation, Rotation::of),
    }
}
