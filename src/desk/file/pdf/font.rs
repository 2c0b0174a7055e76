//! Fonts: the bytes of a shown string to glyphs, each with its text and its width (ISO 32000-1, 9.5 to 9.10).
//!
//! Promises: a glyph without a known text is given as none, so that the caller can count it. A `ToUnicode` map has the first
//! word, the encoding the second (9.10.2). Rejected: reading embedded font programs, a parser of its own for each kind.

use unicode_normalization::UnicodeNormalization;

use super::{
    cmap::{CMap, code_of},
    encoding::{self, Table},
    file::File,
    filter::Budget,
    japan1,
    object::{Dictionary, Object},
    predefined::{Coding, Latin, glyph_number, predefined},
    width::Widths,
};

/// A font as text needs it.
#[derive(Debug)]
pub(crate) struct Font {
    to_unicode: Option<CMap>,
    widths: Widths,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// One byte a glyph.
    Simple(Table),
    /// A predefined CMap that is an encoding.
    Encoded(Coding, Latin),
    /// Codes are glyph numbers (`Identity-H`, or a CMap in the file, which gives the lengths).
    Numbered(Option<CMap>, Collection),
}

/// Whose glyph numbers (`/CIDSystemInfo`; ISO 32000-1, 9.7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Collection {
    Japan1,
    Own,
}

/// A glyph to show.
#[derive(Debug)]
pub(crate) struct Shown {
    /// None where no text is known.
    pub(crate) text: Option<String>,
    /// In units of the font size.
    pub(crate) width: f64,
    /// Whether word spacing applies: a one-byte code 32 (ISO 32000-1, 9.3.3).
    pub(crate) is_word_space: bool,
}

impl Font {
    pub(crate) fn read(file: &File<'_>, font: &Dictionary, budget: &mut Budget) -> Self {
        let to_unicode = file.decoded(file.entry(font, "ToUnicode"), budget).map(|bytes| CMap::parse(&bytes, budget));
        if file.entry(font, "Subtype").name() != Some(b"Type0") {
            let widths = Widths::simple(file, font, budget);
            return Font { to_unicode, widths, kind: Kind::Simple(encoding::table(file, font)) };
        }
        let descendants = file.entry(font, "DescendantFonts").array().unwrap_or_default();
        let empty = Dictionary::new();
        let descendant = descendants.first().and_then(|one| file.resolve(one).dictionary()).unwrap_or(&empty);
        let widths = Widths::composite(file, descendant, budget);
        let encoding = file.entry(font, "Encoding");
        let kind = match encoding.name().and_then(predefined) {
            Some((coding, latin)) => Kind::Encoded(coding, latin),
            None => {
                let lengths = file.decoded(encoding, budget).map(|bytes| CMap::parse(&bytes, budget));
                Kind::Numbered(lengths, collection(file, descendant))
            }
        };
        Font { to_unicode, widths, kind }
    }

    /// The glyphs of a string, one at a time: a string may be as long as the bounds, and reading stop early.
    pub(crate) fn show<'s>(&'s self, mut bytes: &'s [u8]) -> impl Iterator<Item = Shown> + 's {
        std::iter::from_fn(move || {
            if bytes.is_empty() {
                return None;
            }
            let length = match &self.kind {
                Kind::Simple(_) => 1,
                Kind::Encoded(coding, _) => coding.length(bytes),
                Kind::Numbered(lengths, _) => lengths.as_ref().and_then(|cmap| cmap.code_length(bytes)).unwrap_or(2),
            };
            let (code, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
            bytes = rest;
            Some(self.glyph(code))
        })
    }

    fn glyph(&self, bytes: &[u8]) -> Shown {
        let code = code_of(bytes);
        let (encoded, width) = match &self.kind {
            Kind::Simple(table) => {
                let character = usize::try_from(code).ok().and_then(|code| table.get(code).copied().flatten());
                (character, self.widths.of(code, character))
            }
            Kind::Encoded(coding, latin) => {
                let character = coding.character(bytes);
                let number = character.and_then(|character| glyph_number(character, *latin));
                (character, number.map_or(self.widths.default_width(), |number| self.widths.of(number, character)))
            }
            Kind::Numbered(_, collection) => {
                let character = (*collection == Collection::Japan1).then(|| japan1::character(code)).flatten();
                (character, self.widths.of(code, character))
            }
        };
        let mapped = self.to_unicode.as_ref().and_then(|cmap| cmap.lookup(code)).filter(|text| is_text(text));
        let text = mapped.or_else(|| encoded.map(String::from).filter(|text| is_text(text)));
        let is_word_space = bytes == b" ";
        Shown { text: text.map(|text| plain_text(&text)), width, is_word_space }
    }
}

fn collection(file: &File<'_>, descendant: &Dictionary) -> Collection {
    let info = file.entry(descendant, "CIDSystemInfo").dictionary();
    match info.and_then(|info| file.entry(info, "Ordering").text()) {
        Some(b"Japan1") => Collection::Japan1,
        _ => Collection::Own,
    }
}

/// Writers that do not know a glyph map it to nothing, to U+0000 or to U+FFFD.
fn is_text(text: &str) -> bool {
    let readable = |character: char| character != char::REPLACEMENT_CHARACTER && (!character.is_control() || character.is_whitespace());
    !text.is_empty() && text.chars().all(readable)
}

/// A glyph that serves a radical and an ideograph is mapped by Skia (Chromium's print-out) and others to the lower code, the
/// radical. Kangxi radicals, and Latin ligatures, have a compatibility mapping; these of the supplement have none.
const RADICALS: [(char, char); 20] = [
    ('⺟', '母'),
    ('⺠', '民'),
    ('⺝', '月'),
    ('⺼', '月'),
    ('⻁', '虎'),
    ('⻄', '西'),
    ('⻆', '角'),
    ('⻌', '辶'),
    ('⻑', '長'),
    ('⻘', '青'),
    ('⻝', '食'),
    ('⻣', '骨'),
    ('⻤', '鬼'),
    ('⻨', '麦'),
    ('⻩', '黄'),
    ('⻫', '斉'),
    ('⻭', '歯'),
    ('⻯', '竜'),
    ('⻲', '亀'),
    ('⻳', '龟'),
];

fn plain_text(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{2f00}'..='\u{2fdf}' | '\u{fb00}'..='\u{fb06}' => plain.extend(std::iter::once(character).nfkc()),
            '\u{2e80}'..='\u{2eff}' => {
                plain.push(RADICALS.iter().find(|(radical, _)| *radical == character).map_or(character, |(_, plain)| *plain));
            }
            other => plain.push(other),
        }
    }
    plain
}

/// Reads a font that may be missing.
pub(crate) fn read(file: &File<'_>, object: &Object, budget: &mut Budget) -> Option<Font> {
    object.dictionary().map(|font| Font::read(file, font, budget))
}
