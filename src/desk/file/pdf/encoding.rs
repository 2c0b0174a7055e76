//! Encodings of simple fonts: codes to text by Standard, WinAnsi or MacRoman encoding and `/Differences`
//! (ISO 32000-1, 9.6.6 and annex D).
//!
//! Promises: a glyph name that is not known is unmapped, never guessed. Rejected: the Adobe Glyph List of 4281 names; print
//! drivers write these few, `uni` with its number, or a `ToUnicode` map.

use encoding_rs::{Encoding, MACINTOSH, WINDOWS_1252};

use super::{
    file::File,
    object::{Dictionary, Object},
};

/// The text of each of 256 codes.
pub(crate) type Table = Vec<Option<char>>;

/// Reads `/Encoding` of a simple font.
pub(crate) fn table(file: &File<'_>, font: &Dictionary) -> Table {
    let encoding = file.entry(font, "Encoding");
    let base = encoding.name().or_else(|| file.entry(encoding.dictionary()?, "BaseEncoding").name());
    let mut table = match base {
        Some(b"WinAnsiEncoding") => by(WINDOWS_1252),
        Some(b"MacRomanEncoding") => by(MACINTOSH),
        Some(_) => standard(),
        None if is_own(file, font) => vec![None; 256],
        None if file.entry(font, "Subtype").name() == Some(b"TrueType") => by(WINDOWS_1252),
        None => standard(),
    };
    let differences = encoding.dictionary().and_then(|encoding| file.entry(encoding, "Differences").array());
    let mut code = 0usize;
    for item in differences.unwrap_or_default() {
        match file.resolve(item) {
            Object::Integer(next) => code = usize::try_from(*next).unwrap_or(usize::MAX),
            Object::Name(name) => {
                if let Some(cell) = table.get_mut(code) {
                    *cell = named(name);
                }
                code = code.saturating_add(1);
            }
            _ => {}
        }
    }
    table
}

/// Whether codes without a name mean what the font file alone says: Type 3, symbols, and embedded symbolic fonts (flag 3 of
/// ISO 32000-1, table 123).
fn is_own(file: &File<'_>, font: &Dictionary) -> bool {
    let base = file.entry(font, "BaseFont").name().unwrap_or_default();
    let descriptor = file.entry(font, "FontDescriptor").dictionary();
    let symbolic = descriptor.and_then(|descriptor| file.entry(descriptor, "Flags").integer()).is_some_and(|flags| flags & 4 != 0);
    let embedded = descriptor.is_some_and(|descriptor| descriptor.keys().any(|key| key.starts_with(b"FontFile")));
    file.entry(font, "Subtype").name() == Some(b"Type3")
        || base.ends_with(b"Symbol")
        || base.ends_with(b"ZapfDingbats")
        || (symbolic && embedded)
}

fn by(encoding: &'static Encoding) -> Table {
    let one = |code: u8| encoding.decode_without_bom_handling(&[code]).0.chars().next();
    (0..=u8::MAX).map(|code| one(code).filter(|character| !character.is_control())).collect()
}

/// The codes above ASCII of StandardEncoding (ISO 32000-1, D.2).
const STANDARD: &[(usize, &str)] = &[
    (0xa1, "¡¢£⁄¥ƒ§¤'“«‹›ﬁﬂ"),
    (0xb1, "–†‡·"),
    (0xb6, "¶•‚„”»…‰"),
    (0xbf, "¿"),
    (0xc1, "`´ˆ˜¯˘˙¨"),
    (0xca, "˚¸"),
    (0xcd, "˝˛ˇ—"),
    (0xe1, "Æ"),
    (0xe3, "ª"),
    (0xe8, "ŁØŒº"),
    (0xf1, "æ"),
    (0xf5, "ı"),
    (0xf8, "łøœß"),
];

fn standard() -> Table {
    let ascii = |code: u8| (0x20..0x7f).contains(&code).then(|| char::from(code));
    let mut table: Table = (0..=u8::MAX).map(ascii).collect();
    let runs = STANDARD.iter().flat_map(|(first, text)| text.chars().enumerate().map(move |(at, character)| (first + at, character)));
    for (code, character) in runs.chain([(0x27, '’'), (0x60, '‘')]) {
        if let Some(cell) = table.get_mut(code) {
            *cell = Some(character);
        }
    }
    table
}

/// Names of ASCII from space to slash, colon to at, bracket to grave and brace to tilde, in the order of the characters, then
/// those of Latin-1 and the print marks that mails have.
const NAMES: &[(&str, &str)] = &[
    (
        " !\"#$%&'()*+,-./",
        "space exclam quotedbl numbersign dollar percent ampersand quotesingle parenleft parenright asterisk plus comma hyphen period slash",
    ),
    ("0123456789", "zero one two three four five six seven eight nine"),
    (":;<=>?@", "colon semicolon less equal greater question at"),
    ("[\\]^_`", "bracketleft backslash bracketright asciicircum underscore grave"),
    ("{|}~", "braceleft bar braceright asciitilde"),
    ("’‘“”‚„", "quoteright quoteleft quotedblleft quotedblright quotesinglbase quotedblbase"),
    ("–—•…‰†‡€™−", "endash emdash bullet ellipsis perthousand dagger daggerdbl Euro trademark minus"),
    (
        "\u{a0}¡¢£¤¥¦§¨©ª«¬",
        "nbspace exclamdown cent sterling currency yen brokenbar section dieresis copyright ordfeminine guillemotleft logicalnot",
    ),
    (
        "\u{ad}®¯°±²³´µ¶·¸¹º»",
        "sfthyphen registered macron degree plusminus twosuperior threesuperior acute mu paragraph periodcentered cedilla onesuperior ordmasculine guillemotright",
    ),
    ("¼½¾¿×÷", "onequarter onehalf threequarters questiondown multiply divide"),
    ("ÀÁÂÃÄÅÆÇÈÉÊË", "Agrave Aacute Acircumflex Atilde Adieresis Aring AE Ccedilla Egrave Eacute Ecircumflex Edieresis"),
    ("ÌÍÎÏÑÒÓÔÕÖØ", "Igrave Iacute Icircumflex Idieresis Ntilde Ograve Oacute Ocircumflex Otilde Odieresis Oslash"),
    ("ÙÚÛÜÝßàáâãäå", "Ugrave Uacute Ucircumflex Udieresis Yacute germandbls agrave aacute acircumflex atilde adieresis aring"),
    ("æçèéêëìíîïñ", "ae ccedilla egrave eacute ecircumflex edieresis igrave iacute icircumflex idieresis ntilde"),
    ("òóôõöøùúûüýÿ", "ograve oacute ocircumflex otilde odieresis oslash ugrave uacute ucircumflex udieresis yacute ydieresis"),
    ("ﬁﬂﬀﬃﬄŒœ", "fi fl ff ffi ffl OE oe"),
];

/// The character of a glyph name.
fn named(name: &[u8]) -> Option<char> {
    let name = std::str::from_utf8(name).ok()?;
    // What follows a full stop is a variant (`a.sc`).
    let name = name.split_once('.').map_or(name, |(stem, _)| stem);
    let mut characters = name.chars();
    if let (Some(only), None) = (characters.next(), characters.next()) {
        return Some(only);
    }
    let listed = NAMES.iter().find_map(|(text, names)| text.chars().zip(names.split(' ')).find(|(_, known)| *known == name));
    if let Some((character, _)) = listed {
        return Some(character);
    }
    let digits = name.strip_prefix("uni").filter(|digits| digits.len() == 4);
    let digits = digits.or_else(|| name.strip_prefix('u').filter(|digits| (4..=6).contains(&digits.len())))?;
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}
