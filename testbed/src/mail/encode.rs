//! Charsets, transfer encodings and encoded-words, written as old and new clients write them.
//!
//! Promises: text that a charset cannot hold is a programming error of a generator and shows up in its test
//! ([`Charset::holds`]). Rejected: taking encoders from the mail crates; none writes half-width kana in ISO-2022-JP or splits
//! an encoded-word inside a character, and just these must be tested.

use encoding_rs::Encoding;

/// How characters become bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8.
    Utf8,
    /// ISO-2022-JP, half-width kana by `ESC ( I`, NEC row 13 as Windows writes it.
    Iso2022Jp,
    /// `Shift_JIS` with the Windows rows.
    ShiftJis,
    /// EUC-JP.
    EucJp,
    /// Any other that the WHATWG names, under its own label.
    Other(&'static Encoding),
}

/// The charsets in which mail of other countries still comes.
pub const ABROAD: &[&Encoding] = &[
    encoding_rs::GB18030,
    encoding_rs::BIG5,
    encoding_rs::EUC_KR,
    encoding_rs::KOI8_R,
    encoding_rs::WINDOWS_1250,
    encoding_rs::WINDOWS_1251,
    encoding_rs::WINDOWS_1252,
    encoding_rs::WINDOWS_1253,
    encoding_rs::WINDOWS_1254,
    encoding_rs::WINDOWS_1255,
    encoding_rs::WINDOWS_1256,
    encoding_rs::WINDOWS_1257,
    encoding_rs::WINDOWS_1258,
    encoding_rs::WINDOWS_874,
    encoding_rs::ISO_8859_2,
    encoding_rs::ISO_8859_5,
    encoding_rs::ISO_8859_7,
    encoding_rs::ISO_8859_15,
];

impl Charset {
    /// The label that standards give it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Iso2022Jp => "ISO-2022-JP",
            Self::ShiftJis => "Shift_JIS",
            Self::EucJp => "EUC-JP",
            Self::Other(encoding) => encoding.name(),
        }
    }

    /// The bytes of a text.
    #[must_use]
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Iso2022Jp => iso_2022_jp(text),
            Self::ShiftJis | Self::EucJp | Self::Other(_) => self.encoding().encode(text).0.into_owned(),
        }
    }

    /// Whether every character of the text exists in the charset.
    #[must_use]
    pub fn holds(self, text: &str) -> bool {
        !self.encoding().encode(text).2
    }

    /// The WHATWG decoder that reads it back.
    #[must_use]
    pub fn encoding(self) -> &'static Encoding {
        match self {
            Self::Utf8 => encoding_rs::UTF_8,
            Self::Iso2022Jp => encoding_rs::ISO_2022_JP,
            Self::ShiftJis => encoding_rs::SHIFT_JIS,
            Self::EucJp => encoding_rs::EUC_JP,
            Self::Other(encoding) => encoding,
        }
    }
}

/// The WHATWG encoder turns half-width kana into full-width ones; old Windows mailers did not. No escape follows another
/// directly: the WHATWG decoder answers such a pair with U+FFFD, and real mailers do not write it.
fn iso_2022_jp(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut set: &[u8] = b"\x1b(B";
    for character in text.chars() {
        let (wanted, code) = iso_2022_jp_character(character);
        if wanted != set {
            bytes.extend_from_slice(wanted);
            set = wanted;
        }
        bytes.extend_from_slice(&code);
    }
    if set != b"\x1b(B" {
        bytes.extend_from_slice(b"\x1b(B");
    }
    bytes
}

/// The escape of a character's set, and its bytes there.
fn iso_2022_jp_character(character: char) -> (&'static [u8], Vec<u8>) {
    if let Ok(byte) = u8::try_from(u32::from(character))
        && byte.is_ascii()
    {
        return (b"\x1b(B", vec![byte]);
    }
    let kana = u32::from(character).checked_sub(0xff61).and_then(|place| u8::try_from(place).ok()).filter(|place| *place <= 0x3e);
    if let Some(place) = kana {
        return (b"\x1b(I", vec![place + 0x21]);
    }
    let mut buffer = [0; 4];
    let pair = encoding_rs::EUC_JP.encode(character.encode_utf8(&mut buffer)).0.iter().map(|byte| byte & 0x7f).collect();
    (b"\x1b$B", pair)
}

/// How a part's bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// Bytes as they are, all below 128.
    SevenBit,
    /// Bytes as they are.
    EightBit,
    /// Lines of 76.
    Base64,
    /// Soft line breaks at 76.
    QuotedPrintable,
}

impl Transfer {
    /// The value of Content-Transfer-Encoding.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::SevenBit => "7bit",
            Self::EightBit => "8bit",
            Self::Base64 => "base64",
            Self::QuotedPrintable => "quoted-printable",
        }
    }

    /// The bytes on the wire, LF line ends.
    #[must_use]
    pub fn encode(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::SevenBit | Self::EightBit => bytes.to_vec(),
            Self::Base64 => base64_lines(&with_crlf(bytes)),
            Self::QuotedPrintable => quoted_printable(bytes),
        }
    }
}

/// CRLF for every line end that is not one already; a bare CR stays.
#[must_use]
pub fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    let mut before = 0;
    for &byte in bytes {
        if byte == b'\n' && before != b'\r' {
            wire.push(b'\r');
        }
        wire.push(byte);
        before = byte;
    }
    wire
}

/// Base64 in lines of 76 characters.
#[must_use]
pub fn base64_lines(bytes: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(bytes.len() * 3 / 2);
    for chunk in bytes.chunks(57) {
        lines.extend_from_slice(base64(chunk).as_bytes());
        lines.push(b'\n');
    }
    lines
}

/// Base64 in one line.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |place: usize| u32::from(chunk.get(place).copied().unwrap_or(0));
        let word = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for place in 0..4_usize {
            let sextet = usize::try_from((word >> (18 - 6 * place)) & 63).unwrap_or(0);
            let letter = ALPHABET.get(sextet).copied().map_or('=', char::from);
            text.push(if place <= chunk.len() { letter } else { '=' });
        }
    }
    text
}

fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if number > 0 {
            out.push(b'\n');
        }
        let mut width = 0;
        for (place, &byte) in line.iter().enumerate() {
            let last = place + 1 == line.len();
            let plain = (33..=126).contains(&byte) && byte != b'=' || (byte == b' ' || byte == b'\t') && !last;
            let piece = if plain { char::from(byte).to_string() } else { format!("={byte:02X}") };
            if width + piece.len() > 75 {
                out.extend_from_slice(b"=\n");
                width = 0;
            }
            width += piece.len();
            out.extend_from_slice(piece.as_bytes());
        }
    }
    out
}

/// How words beyond ASCII enter a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderForm {
    /// RFC 2047 B, cut between characters.
    Base64(Charset),
    /// RFC 2047 B under another label than the charset's own.
    Labelled(Charset, &'static str),
    /// RFC 2047 Q.
    Quoted(Charset),
    /// RFC 2047 B, cut wherever the byte count says: against the RFC, and common.
    CutInside(Charset),
    /// Bytes as they are, against RFC 5322, and common.
    Raw(Charset),
}

impl HeaderForm {
    /// An unstructured value (Subject).
    #[must_use]
    pub fn text(self, text: &str) -> Vec<u8> {
        if text.is_ascii() {
            return text.as_bytes().to_vec();
        }
        match self {
            Self::Base64(charset) => whole_characters(charset, charset.label(), text, Wording::B),
            Self::Labelled(charset, label) => whole_characters(charset, label, text, Wording::B),
            Self::Quoted(charset) => whole_characters(charset, charset.label(), text, Wording::Q),
            Self::CutInside(charset) => cut_anywhere(charset, text),
            Self::Raw(charset) => charset.encode(text),
        }
    }

    /// A display name.
    #[must_use]
    pub fn phrase(self, name: &str) -> Vec<u8> {
        if name.chars().all(|character| character.is_ascii_alphanumeric() || character == ' ') || !name.is_ascii() {
            return self.text(name);
        }
        format!("\"{name}\"").into_bytes()
    }
}

#[derive(Clone, Copy)]
enum Wording {
    B,
    Q,
}

fn whole_characters(charset: Charset, label: &str, text: &str, wording: Wording) -> Vec<u8> {
    let mut words = Vec::new();
    let mut run = String::new();
    for character in text.chars() {
        let mut longer = run.clone();
        longer.push(character);
        if !run.is_empty() && encoded_word(label, &charset.encode(&longer), wording).len() > 70 {
            words.push(encoded_word(label, &charset.encode(&run), wording));
            run.clear();
        }
        run.push(character);
    }
    words.push(encoded_word(label, &charset.encode(&run), wording));
    words.join("\n ").into_bytes()
}

fn cut_anywhere(charset: Charset, text: &str) -> Vec<u8> {
    let bytes = charset.encode(text);
    let words: Vec<String> = bytes.chunks(29).map(|chunk| encoded_word(charset.label(), chunk, Wording::B)).collect();
    words.join("\n ").into_bytes()
}

fn encoded_word(label: &str, bytes: &[u8], wording: Wording) -> String {
    match wording {
        Wording::B => format!("=?{label}?B?{}?=", base64(bytes)),
        Wording::Q => {
            let letters: String = bytes
                .iter()
                .map(|&byte| match byte {
                    b' ' => "_".to_owned(),
                    b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
                    other => format!("={other:02X}"),
                })
                .collect();
            format!("=?{label}?Q?{letters}?=")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_charset_decodes_back_to_the_same_text() {
        let text = "一つ星：自己宣言完了のお知らせ ①㈱ｱｲｳﾞｴ 1～2週間\n山之端 太郎 様\n";
        for charset in [Charset::Utf8, Charset::Iso2022Jp, Charset::ShiftJis, Charset::EucJp] {
            assert!(charset.holds(text));
            let bytes = charset.encode(text);
            let (back, broken) = charset.encoding().decode_without_bom_handling(&bytes);
            assert!(!broken, "{charset:?}");
            assert_eq!(back, text, "{charset:?}");
        }
    }

    #[test]
    fn iso_2022_jp_is_seven_bit_and_ends_each_line_in_ascii() {
        let bytes = Charset::Iso2022Jp.encode("ｹｱ事業所\n次の行\n");
        assert!(bytes.is_ascii());
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            assert!(line.ends_with(b"\x1b(B") || !line.contains(&0x1b), "{line:?}");
        }
    }

    #[test]
    fn base64_pads_as_rfc_4648_shows() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn quoted_printable_keeps_lines_under_77_and_hides_spaces_at_the_end() {
        let coded = Transfer::QuotedPrintable.encode("自己宣言ID:41234567890 という番号の行です \nend=1".as_bytes());
        let text = String::from_utf8(coded).unwrap();
        assert!(text.lines().all(|line| line.len() <= 76), "{text}");
        assert!(text.contains("=20\nend=3D1"), "{text}");
    }

    #[test]
    fn cutting_inside_a_character_leaves_no_word_that_decodes_alone() {
        let words = String::from_utf8(HeaderForm::CutInside(Charset::Utf8).text("自己宣言完了のお知らせです")).unwrap();
        assert!(words.contains("\n "), "{words}");
        assert!(words.lines().all(|line| line.len() <= 76));
    }

    #[test]
    fn line_ends_become_crlf_once_and_a_bare_cr_stays() {
        assert_eq!(with_crlf(b"a\nb\r\nc\rd\n"), b"a\r\nb\r\nc\rd\r\n");
    }
}
