//! Content streams: the operators that place text, and those that move the page under it (ISO 32000-1, annex A).
//!
//! Promises: forms nest to a fixed depth, every value read is paid from the budget, no operand is taken for granted.
//! Rejected: clipping and colours; text that they hide is text that the writer's own search finds.

use std::{collections::HashMap, rc::Rc};

use super::{
    file::File,
    filter::Budget,
    font::{self, Font},
    layout::Glyph,
    matrix::Matrix,
    object::{Dictionary, Object, Parser, is_space},
};

/// Glyphs of one page, and what all pages share.
#[derive(Debug)]
pub(crate) struct Reader<'f> {
    file: &'f File<'f>,
    pub(crate) budget: Budget,
    /// By the place of the font's dictionary, which does not move while the file is read.
    fonts: HashMap<*const Dictionary, Option<Rc<Font>>>,
    pub(crate) visible: Layer,
    /// Text rendering modes 3 and 7.
    pub(crate) hidden: Layer,
    /// Bytes of text that may still be read.
    pub(crate) text_left: usize,
}

/// Glyphs of one kind of visibility.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    /// Of the page that is being read.
    pub(crate) glyphs: Vec<Glyph>,
    pub(crate) all: usize,
    pub(crate) unmapped: usize,
}

/// The parts of the graphics state (ISO 32000-1, 8.4.1 and 9.3) that place text.
#[derive(Debug, Clone)]
struct State {
    page: Matrix,
    font: Option<Rc<Font>>,
    size: f64,
    character_spacing: f64,
    word_spacing: f64,
    /// A factor, 1 for 100 %.
    scaling: f64,
    leading: f64,
    mode: i32,
}

/// A stream's text object, its saved states, and where it looks names up.
struct Frame<'f> {
    resources: Option<&'f Dictionary>,
    state: State,
    saved: Vec<State>,
    /// States beyond the depth that are counted rather than kept.
    unsaved: usize,
    text: Matrix,
    line: Matrix,
    depth: usize,
}

const FORM_DEPTH: usize = 8;
/// ISO 32000-1, annex C gives 28.
const SAVED_STATES: usize = 256;
/// ISO 32000-1, 7.8.2 gives 33 for `SCN`.
const OPERANDS: usize = 64;

impl<'f> Reader<'f> {
    pub(crate) fn new(file: &'f File<'f>, budget: Budget, text_left: usize) -> Self {
        let (visible, hidden) = (Layer::default(), Layer::default());
        Reader { file, budget, fonts: HashMap::new(), visible, hidden, text_left }
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.text_left == 0 || self.budget.is_spent()
    }

    /// Reads a page; a page's streams are one (ISO 32000-1, table 30), cut anywhere between tokens.
    pub(crate) fn page(&mut self, contents: &'f Object, resources: Option<&'f Dictionary>, page: Matrix) {
        let mut joined = Vec::new();
        match contents {
            Object::Array(parts) => {
                for part in parts {
                    joined.extend(self.file.decoded(self.file.resolve(part), &mut self.budget).unwrap_or_default());
                    joined.push(b'\n');
                }
            }
            one => joined = self.file.decoded(one, &mut self.budget).unwrap_or_default(),
        }
        let (size, scaling) = (0.0, 1.0);
        let state = State { page, font: None, size, character_spacing: 0.0, word_spacing: 0.0, scaling, leading: 0.0, mode: 0 };
        self.run(&joined, Frame::new(resources, state, 0));
    }

    fn run(&mut self, content: &[u8], mut frame: Frame<'f>) {
        let mut operands: Vec<Object> = Vec::new();
        let mut parser = Parser::new(content, 0, self.budget.steps());
        while let Some(object) = parser.next() {
            let Object::Keyword(operator) = object else {
                if operands.len() < OPERANDS {
                    operands.push(object);
                }
                continue;
            };
            // Values read so far are paid before a form spends from the same budget.
            self.budget.step(self.budget.steps().saturating_sub(parser.values));
            match operator.as_slice() {
                b"ID" => parser.at += inline_image(parser.rest()),
                b"Do" => self.form(&operands, &frame),
                b"Tf" => {
                    if let [Object::Name(name), size, ..] = operands.as_slice() {
                        frame.state.font = self.font(frame.resources, name);
                        frame.state.size = size.number().unwrap_or(0.0);
                    }
                }
                b"Tj" => self.show(operands.first(), &mut frame),
                b"TJ" => self.show_spaced(&operands, &mut frame),
                b"'" => {
                    frame.next_line();
                    self.show(operands.first(), &mut frame);
                }
                b"\"" => {
                    frame.state.word_spacing = number(&operands, 0);
                    frame.state.character_spacing = number(&operands, 1);
                    frame.next_line();
                    self.show(operands.get(2), &mut frame);
                }
                other => frame.apply(other, &operands),
            }
            operands.clear();
            if self.is_spent() {
                return;
            }
            parser.values = self.budget.steps();
        }
        self.budget.step(self.budget.steps().saturating_sub(parser.values));
    }

    fn resource(&self, resources: Option<&'f Dictionary>, category: &str, name: &[u8]) -> &'f Object {
        let category = resources.and_then(|resources| self.file.entry(resources, category).dictionary());
        category.and_then(|category| category.get(name)).map_or(&Object::Null, |found| self.file.resolve(found))
    }

    fn font(&mut self, resources: Option<&'f Dictionary>, name: &[u8]) -> Option<Rc<Font>> {
        let object = self.resource(resources, "Font", name);
        let place = std::ptr::from_ref(object.dictionary()?);
        if let Some(known) = self.fonts.get(&place) {
            return known.clone();
        }
        let font = font::read(self.file, object, &mut self.budget).map(Rc::new);
        self.fonts.insert(place, font.clone());
        font
    }

    /// ISO 32000-1, 8.10.
    fn form(&mut self, operands: &[Object], frame: &Frame<'f>) {
        let [Object::Name(name), ..] = operands else { return };
        let object = self.resource(frame.resources, "XObject", name);
        let Some(form) = object.dictionary() else { return };
        if frame.depth >= FORM_DEPTH || self.file.entry(form, "Subtype").name() != Some(b"Form") {
            return;
        }
        let Some(content) = self.file.decoded(object, &mut self.budget) else { return };
        let matrix: Option<Vec<f64>> = self
            .file
            .entry(form, "Matrix")
            .array()
            .map(|matrix| matrix.iter().filter_map(|item| self.file.resolve(item).number()).collect());
        let mut state = frame.state.clone();
        if let Some(matrix) = matrix.as_deref().and_then(Matrix::from_numbers) {
            state.page = matrix.then(&state.page);
        }
        // A form without resources of its own uses those of the page (ISO 32000-1, table 95).
        let resources = self.file.entry(form, "Resources").dictionary().or(frame.resources);
        self.run(&content, Frame::new(resources, state, frame.depth + 1));
    }

    fn show_spaced(&mut self, operands: &[Object], frame: &mut Frame<'f>) {
        let Some(Object::Array(items)) = operands.first() else { return };
        for item in items {
            match item.number() {
                // ISO 32000-1, table 109: thousandths, to the left.
                Some(back) => frame.advance(-back / 1000.0 * frame.state.size * frame.state.scaling),
                None => self.show(Some(item), frame),
            }
        }
    }

    /// ISO 32000-1, 9.4.4.
    fn show(&mut self, text: Option<&Object>, frame: &mut Frame<'f>) {
        let Some(bytes) = text.and_then(Object::text) else { return };
        let Some(font) = frame.state.font.clone() else { return };
        for shown in font.show(bytes) {
            let state = &frame.state;
            // Letter spacing belongs to the glyph, or spaced headings would fall apart into letters.
            let width = (shown.width * state.size + state.character_spacing) * state.scaling;
            let word = if shown.is_word_space { state.word_spacing } else { 0.0 };
            let after = (shown.width * state.size + state.character_spacing + word) * state.scaling;
            if !self.place(shown.text, width, frame) {
                return;
            }
            frame.advance(after);
        }
    }

    /// Puts a glyph on the page; false once there was text enough.
    fn place(&mut self, text: Option<String>, width: f64, frame: &Frame<'f>) -> bool {
        let placed = frame.text.then(&frame.state.page);
        let ((x, baseline), (end, _)) = (placed.apply(0.0, 0.0), placed.apply(width, 0.0));
        let size = (frame.state.size * placed.height()).abs();
        // What has no size or no place is not seen.
        if !(x.is_finite() && end.is_finite() && baseline.is_finite() && size.is_finite() && size > 0.01) {
            return true;
        }
        let layer = if matches!(frame.state.mode, 3 | 7) { &mut self.hidden } else { &mut self.visible };
        layer.all += 1;
        layer.unmapped += usize::from(text.is_none());
        let text = text.unwrap_or_else(|| char::REPLACEMENT_CHARACTER.to_string());
        let left = self.text_left.checked_sub(text.len());
        self.text_left = left.unwrap_or(0);
        if left.is_some() {
            layer.glyphs.push(Glyph { x: x.min(end), end: x.max(end), baseline, size, text });
        }
        left.is_some()
    }
}

impl<'f> Frame<'f> {
    fn new(resources: Option<&'f Dictionary>, state: State, depth: usize) -> Self {
        Frame { resources, state, saved: Vec::new(), unsaved: 0, text: Matrix::UNIT, line: Matrix::UNIT, depth }
    }

    /// Operators that change the state alone. Rise (`Ts`) is left out: a raised glyph is read on its line.
    fn apply(&mut self, operator: &[u8], operands: &[Object]) {
        let (first, second) = (number(operands, 0), number(operands, 1));
        match operator {
            b"q" if self.saved.len() < SAVED_STATES => self.saved.push(self.state.clone()),
            b"q" => self.unsaved += 1,
            b"Q" if self.unsaved > 0 => self.unsaved -= 1,
            b"Q" => self.state = self.saved.pop().unwrap_or_else(|| self.state.clone()),
            b"cm" => {
                if let Some(matrix) = matrix(operands) {
                    self.state.page = matrix.then(&self.state.page);
                }
            }
            b"BT" => (self.text, self.line) = (Matrix::UNIT, Matrix::UNIT),
            b"Td" => self.move_line(first, second),
            b"TD" => {
                self.state.leading = -second;
                self.move_line(first, second);
            }
            b"Tm" => {
                if let Some(matrix) = matrix(operands) {
                    (self.text, self.line) = (matrix, matrix);
                }
            }
            b"T*" => self.next_line(),
            b"TL" => self.state.leading = first,
            b"Tc" => self.state.character_spacing = first,
            b"Tw" => self.state.word_spacing = first,
            b"Tz" => self.state.scaling = first / 100.0,
            b"Tr" => self.state.mode = operands.first().and_then(Object::integer).unwrap_or(0),
            _ => {}
        }
    }

    fn next_line(&mut self) {
        self.move_line(0.0, -self.state.leading);
    }

    fn move_line(&mut self, x: f64, y: f64) {
        self.line = self.line.moved(x, y);
        self.text = self.line;
    }

    fn advance(&mut self, x: f64) {
        self.text = self.text.moved(x, 0.0);
    }
}

fn number(operands: &[Object], index: usize) -> f64 {
    operands.get(index).and_then(Object::number).unwrap_or(0.0)
}

fn matrix(operands: &[Object]) -> Option<Matrix> {
    let numbers: Vec<f64> = operands.iter().filter_map(Object::number).collect();
    Matrix::from_numbers(&numbers)
}

/// The length of an inline image's bytes with its `EI` (ISO 32000-1, 8.9.7).
fn inline_image(rest: &[u8]) -> usize {
    let ends = |window: &[u8]| matches!(window, [before, b'E', b'I', after] if is_space(*before) && is_space(*after));
    rest.windows(4).position(ends).map_or(rest.len(), |at| at + 3)
}
