//! Bytes of a text part to text, by evidence first and by label second.
//!
//! Japanese mail is often mislabelled: the label is one witness among several. ISO-2022-JP escapes and UTF-8, damaged or not, speak
//! for themselves; only then the label; only then a guess. What stays unreadable is reported, never judged.
//! Rejected: mail-parser's own decoding, which returns raw escapes for cp50220, iso-2022-jp-ms and others, without an error.

use std::sync::LazyLock;

use encoding_rs::{EUC_JP, Encoding, GB18030, UTF_8};
use memchr::memmem::Finder;

use super::fold::contains_in_either_case;

/// Text, and whether it can be trusted to be the text that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    pub text: String,
    pub legibility: Legibility,
}

impl Decoded {
    /// Judges a text by what decoding left in it.
    #[must_use]
    pub fn judged(text: String) -> Self {
        let replaced = replacements(&text);
        let illegible = memchr::memchr(ESC, text.as_bytes()).is_some()
            || replaced > 0 && replaced.saturating_mul(REPLACED_ONE_IN) > text.chars().count();
        Self { text, legibility: if illegible { Legibility::Illegible } else { Legibility::Legible } }
    }
}

/// Whether the bytes could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Legibility {
    Legible,
    /// More than one character in a hundred could not be read, or an escape sequence is left over.
    Illegible,
}

/// Share of replacement characters from which a text counts as illegible: one in this many.
const REPLACED_ONE_IN: usize = 100;

/// Decodes a text part.
#[must_use]
pub fn decode(bytes: &[u8], label: Option<&str>) -> Decoded {
    if let Some(text) = as_it_stands(bytes, label) {
        return Decoded { text: text.to_owned(), legibility: Legibility::Legible };
    }
    if label.is_some_and(|label| names(label, "utf-7")) {
        return Decoded { text: String::from_utf8_lossy(bytes).into_owned(), legibility: Legibility::Illegible };
    }
    Decoded::judged(by_evidence(bytes, label.map(|label| label.trim().trim_matches(['"', '\'']))))
}

/// Bytes that are legible text as they stand: ASCII or UTF-8, without a mark that they are something else; of the labels only UTF-7 counts.
#[must_use]
pub fn as_it_stands<'b>(bytes: &'b [u8], label: Option<&str>) -> Option<&'b str> {
    if memchr::memchr(ESC, bytes).is_some() {
        return None;
    }
    let is_ascii = bytes.is_ascii();
    // UTF-7 is a known way to smuggle text past readers; no current client writes it. Without a shift in it is ASCII (RFC 2152).
    if label.is_some_and(|label| names(label, "utf-7")) && (!is_ascii || bytes.contains(&b'+')) {
        return None;
    }
    let text = utf_8(bytes)?;
    (is_ascii || Encoding::for_bom(bytes).is_none() && replacements(text) == 0).then_some(text)
}

/// Whether a label has this word in it.
fn names(label: &str, word: &str) -> bool {
    contains_in_either_case(label, word)
}

/// Begins the sequences of ISO-2022-JP.
pub const ESC: u8 = 0x1b;

/// UTF-8 that is some. By a crate that checks sixteen bytes at once: of Japanese text, the standard library checks one after the other.
pub(super) fn utf_8(bytes: &[u8]) -> Option<&str> {
    simdutf8::basic::from_utf8(bytes).ok()
}

fn by_evidence(bytes: &[u8], label: Option<&str>) -> String {
    if bytes.is_ascii() {
        return match label {
            Some(label) if names(label, "2022-kr") || names(label, "2022-cn") => utf_8(bytes).unwrap_or_default().to_owned(),
            _ => iso_2022_jp(bytes),
        };
    }
    if let Some((marked, length)) = Encoding::for_bom(bytes) {
        let rest = bytes.get(length..).unwrap_or_default();
        return marked.decode_without_bom_handling(rest).0.into_owned();
    }
    utf_8(bytes).map(str::to_owned).or_else(|| nearly_utf_8(bytes)).unwrap_or_else(|| by_label(bytes, label))
}

/// UTF-8 that a gateway damaged: one broken character makes no other charset of it.
fn nearly_utf_8(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let foreign = text.chars().filter(|character| !character.is_ascii()).count();
    let replaced = replacements(&text);
    (replaced.saturating_mul(SOUND_FOR_EACH_REPLACED) < foreign).then(|| text.into_owned())
}

/// In other charsets, sequences that happen to be UTF-8 are rarer than those that are not.
const SOUND_FOR_EACH_REPLACED: usize = 10;

fn by_label(bytes: &[u8], label: Option<&str>) -> String {
    if let Some(encoding) = label.and_then(labelled) {
        let (text, _, replaced) = encoding.decode(bytes);
        if !replaced && (!is_single_byte_western(encoding) || has_accents(bytes, encoding)) {
            return text.into_owned();
        }
        let (found, guessed) = guess(bytes);
        if !replaced && found.is_single_byte() && is_latin(&guessed) {
            return text.into_owned();
        }
        // A label that fits as well as the guess is kept; one that clients write by default must fit better.
        let (by_label, by_guess) = (flaws(&text), flaws(&guessed));
        let fits = if is_single_byte_western(encoding) { by_label < by_guess } else { by_label <= by_guess };
        return if fits { text.into_owned() } else { guessed };
    }
    guess(bytes).1
}

/// Labels of mail clients that the WHATWG table does not know.
fn labelled(label: &str) -> Option<&'static Encoding> {
    let label = label.to_ascii_lowercase();
    let known = match label.as_str() {
        "cp932" | "ms932" | "windows-932" | "mskanji" | "x-ms-cp932" | "sjis-win" => "shift_jis",
        "cp51932" | "eucjp-ms" | "eucjpms" | "euc-jp-ms" | "eucjp" => "euc-jp",
        "gb2312" | "gbk" | "cp936" => return Some(GB18030),
        "cp65001" | "utf8" => return Some(UTF_8),
        other => other,
    };
    Encoding::for_label(known.as_bytes())
}

/// Clients write these labels by default, whatever the bytes are.
fn is_single_byte_western(encoding: &'static Encoding) -> bool {
    matches!(encoding.name(), "windows-1252" | "ISO-8859-15")
}

/// Whether half of the bytes beyond ASCII are letters of Latin-1, one or two between others, as accented letters stand. In the
/// multi-byte charsets of Asia more follow each other, or they are no letters there (`Shift_JIS` leads kana with 0x82 and 0x83).
/// What stands below 0xC0 (Š, ž, œ, quotation marks) leads kanji, too: it counts only where nothing else stands, in a place that is
/// usual for it ([`is_usual`]).
fn has_accents(bytes: &[u8], encoding: &'static Encoding) -> bool {
    let (mut accents, mut all, mut usual) = (0, 0, 0);
    let mut at = 0;
    for run in bytes.split(u8::is_ascii) {
        let end = at + run.len();
        all += run.len();
        if run.len() <= 2 && run.iter().all(|byte| *byte >= 0xC0) {
            accents += run.len();
        } else if let [only] = run
            && let Some(written) = encoding.decode_without_bom_handling(&[*only]).0.chars().next()
        {
            let before = at.checked_sub(1).and_then(|before| bytes.get(before)).copied().unwrap_or(b' ');
            usual += usize::from(is_usual(before, *only, written, bytes.get(end..).unwrap_or_default()));
        }
        at = end + 1;
    }
    accents * 2 >= all || accents + usual == all
}

/// Whether a single byte, written as this character, stands as it does in a Western text: any sign where no trail byte of a kanji
/// follows, a letter that begins a small word, an apostrophe within a word (`It’s` would be `It痴`), a quotation mark whose partner is
/// near. Some Japanese fields hold one kanji and no more, so a single letter behind it says nothing.
fn is_usual(before: u8, byte: u8, written: char, after: &[u8]) -> bool {
    if after.first().is_none_or(|after| *after < FIRST_TRAIL) {
        return byte <= LAST_SIGN && !written.is_control();
    }
    let after = after.get(..NEAR).unwrap_or(after);
    let word = after.split(|byte| !byte.is_ascii_alphabetic()).next().unwrap_or_default();
    let is_small = |letters: &[u8]| letters.iter().all(u8::is_ascii_lowercase);
    match written {
        '’' | '‘' if before.is_ascii_alphabetic() => {
            word.len() >= 2 && word.get(1..).is_some_and(is_small) || matches!(word, b"s" | b"t" | b"d" | b"m" | b"a" | b"y" | b"n")
        }
        '‘' => is_closed_by(after, &[0x92]),
        '“' => is_closed_by(after, &[0x94]),
        '„' => is_closed_by(after, &[0x93, 0x94]),
        // A florin leads half of all katakana.
        'ƒ' => false,
        _ => written.is_alphabetic() && is_small(word) && (word.len() >= 2 || after.get(word.len()).is_some_and(|next| !next.is_ascii())),
    }
}

/// Whether a quotation mark that ends a word or a sentence follows.
fn is_closed_by(after: &[u8], closing: &[u8]) -> bool {
    let is_end = |at: usize| after.get(at + 1).is_none_or(|next| *next < FIRST_TRAIL);
    after.iter().enumerate().any(|(at, byte)| closing.contains(byte) && is_end(at))
}

/// Trail bytes of `Shift_JIS` begin here, and bytes beyond the other stand alone there, as half-width katakana.
const FIRST_TRAIL: u8 = 0x40;
const LAST_SIGN: u8 = 0xA0;

/// Bytes within which a quotation ends, mostly.
const NEAR: usize = 200;

/// Whether all letters of a text are Latin ones: whatever a guess says, it has then found nothing that the label hides.
fn is_latin(text: &str) -> bool {
    text.chars().all(|character| matches!(character, '\0'..='\u{24F}' | '\u{2000}'..='\u{206F}' | '€' | '™'))
}

fn guess(bytes: &[u8]) -> (&'static Encoding, String) {
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guessed = detector.guess(Some(b"jp"), chardetng::Utf8Detection::Allow);
    let (text, _, _) = guessed.decode(bytes);
    (guessed, text.into_owned())
}

/// Characters that nobody wrote: replacements, and the controls of C1, which some charsets make of bytes that they do not use.
fn flaws(text: &str) -> usize {
    replacements(text) + text.chars().filter(|character| matches!(character, '\u{80}'..='\u{9F}')).count()
}

fn replacements(text: &str) -> usize {
    REPLACEMENT.find_iter(text.as_bytes()).count()
}

static REPLACEMENT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\u{FFFD}"));

/// What an ISO-2022-JP escape sequence switches to (RFC 1468, RFC 2237, JIS X 0202).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Charset {
    Ascii,
    HalfWidthKatakana,
    JisX0208,
    JisX0212,
}

/// Escape sequences, the longer first.
const ESCAPES: &[(&[u8], Charset)] = &[
    (b"\x1b$(D", Charset::JisX0212),
    (b"\x1b$(B", Charset::JisX0208),
    (b"\x1b$(@", Charset::JisX0208),
    (b"\x1b&@\x1b$B", Charset::JisX0208),
    (b"\x1b$B", Charset::JisX0208),
    (b"\x1b$@", Charset::JisX0208),
    (b"\x1b(B", Charset::Ascii),
    (b"\x1b(J", Charset::Ascii),
    (b"\x1b(H", Charset::Ascii),
    (b"\x1b(I", Charset::HalfWidthKatakana),
];

/// ISO-2022-JP in all its dialects (-1, -2's Japanese part, -ms, cp50220, cp50221), by way of EUC-JP, whose WHATWG table
/// has the NEC and IBM rows and JIS X 0212. A line end returns to ASCII, since clients cut inside a run.
fn iso_2022_jp(bytes: &[u8]) -> String {
    let mut euc = Vec::with_capacity(bytes.len());
    let mut charset = Charset::Ascii;
    let mut rest = bytes;
    let mut unknown_escape = false;
    while let Some((&first, after)) = rest.split_first() {
        if first == ESC {
            match ESCAPES.iter().find(|(sequence, _)| rest.starts_with(sequence)) {
                Some((sequence, next)) => {
                    charset = *next;
                    rest = rest.get(sequence.len()..).unwrap_or_default();
                }
                None => {
                    unknown_escape = true;
                    rest = after;
                }
            }
            continue;
        }
        if first == b'\n' || first == b'\r' {
            charset = Charset::Ascii;
        }
        rest = match charset {
            Charset::Ascii => {
                euc.push(first);
                after
            }
            Charset::HalfWidthKatakana => {
                if first.is_ascii_graphic() {
                    euc.extend_from_slice(&[0x8e, first | 0x80]);
                } else {
                    euc.push(first);
                }
                after
            }
            Charset::JisX0208 | Charset::JisX0212 => pair(&mut euc, charset, first, after),
        };
    }
    let (text, _, _) = EUC_JP.decode(&euc);
    let mut text = text.into_owned();
    if unknown_escape {
        text.push(char::from(ESC));
    }
    text
}

/// Writes a two-byte character as EUC-JP; a lone byte or a space stays itself.
fn pair<'a>(euc: &mut Vec<u8>, charset: Charset, first: u8, after: &'a [u8]) -> &'a [u8] {
    match after.split_first() {
        Some((&second, rest)) if first.is_ascii_graphic() && second.is_ascii_graphic() => {
            if charset == Charset::JisX0212 {
                euc.push(0x8f);
            }
            euc.extend_from_slice(&[first | 0x80, second | 0x80]);
            rest
        }
        _ => {
            euc.push(first);
            after
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn legible(bytes: &[u8], label: Option<&str>) -> String {
        let decoded = decode(bytes, label);
        assert_eq!(decoded.legibility, Legibility::Legible, "{:?}", decoded.text);
        decoded.text
    }

    #[test]
    fn iso_2022_jp_reads_under_any_label() {
        let bytes = b"\x1b$B<+8J@k8@\x1b(BID";
        for label in [Some("iso-2022-jp"), Some("cp50220"), Some("utf-8"), Some("us-ascii"), None] {
            assert_eq!(legible(bytes, label), "自己宣言ID");
        }
    }

    #[test]
    fn iso_2022_jp_reads_nec_row_and_half_width_kana() {
        assert_eq!(legible(b"\x1b$B-!-j\x1b(B \x1b(I6^\x1b(B", Some("iso-2022-jp-ms")), "①㈱ ｶﾞ");
    }

    #[test]
    fn iso_2022_jp_cut_at_a_line_end_does_not_spoil_the_next_line() {
        assert_eq!(legible(b"\x1b$B<+8J\nabc", Some("iso-2022-jp")), "自己\nabc");
    }

    #[test]
    fn utf_8_called_something_else_is_still_utf_8() {
        for label in ["iso-2022-jp", "shift_jis", "iso-8859-1", "us-ascii"] {
            assert_eq!(legible("申込受理のご連絡".as_bytes(), Some(label)), "申込受理のご連絡");
        }
    }

    #[test]
    fn one_broken_character_makes_no_other_charset_of_utf_8() {
        let text = "先日お送りしたはずですが、届いていませんか。よろしくお願いいたします。";
        let mut bytes = text.repeat(8).into_bytes();
        bytes[4] = b'x';
        for label in [None, Some("iso-2022-jp"), Some("us-ascii"), Some("shift_jis")] {
            assert!(legible(&bytes, label).ends_with(text), "{label:?}");
        }
    }

    #[test]
    fn shift_jis_and_euc_read_by_label_and_by_guess() {
        let text = "自己宣言完了のお知らせです。手続きが完了しました。株式会社つばめ";
        let (sjis, _, _) = encoding_rs::SHIFT_JIS.encode(text);
        let (euc, _, _) = EUC_JP.encode(text);
        for label in [Some("cp932"), Some("windows-31j"), Some("utf-8"), None, Some("iso-8859-1")] {
            assert_eq!(legible(&sjis, label), text, "{label:?}");
        }
        for label in [Some("cp51932"), Some("eucjp-ms"), None] {
            assert_eq!(legible(&euc, label), text, "{label:?}");
        }
    }

    #[test]
    fn accented_letters_are_read_under_their_own_label_and_kanji_are_not_taken_for_them() {
        let encode = |text: &str| encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
        for text in [
            "Šalje: Hana",
            "Grüße für naïve",
            "señor Grüße Œuvre",
            "It’s Hana’s.",
            "Jo‘natuvchi: Hana",
            "5 €",
            "“so” … it’s – ágúst",
            "„x“ ’ga",
            "O’Brien",
            "L’Italia é",
            "J’ai bien recu votre message, merci d’un ami, qu’il",
            "Zo’n dag, rock’n’roll",
            "Žižek",
        ] {
            assert_eq!(legible(&encode(text), Some("windows-1252")), text);
        }
        let (latin_9, _, _) = encoding_rs::ISO_8859_15.encode("Šalje: Hana");
        assert_eq!(legible(&latin_9, Some("iso-8859-15")), "Šalje: Hana");
        for text in [
            "Name: 山田 <a@example.jp>",
            "ソフトの件",
            "申込 by Hana",
            "会社名",
            "典子",
            "谷 典子",
            "2026/10/3 (土) 10:00",
            "店 1F",
            "A組",
            "市",
            "学士",
            "バナナ",
            "田",
            "※ Please reply by Friday.",
            "“OK” thanks",
            "Price × 3",
        ] {
            let (sjis, _, _) = encoding_rs::SHIFT_JIS.encode(text);
            assert_eq!(legible(&sjis, Some("windows-1252")), text);
        }
    }

    #[test]
    fn noise_and_utf_7_are_illegible() {
        let noise: Vec<u8> = (0..200u8).map(|n| n.wrapping_mul(37) | 0x80).collect();
        assert_eq!(decode(&noise, Some("utf-8")).legibility, Legibility::Illegible);
        assert_eq!(decode(b"+MEJ-", Some("utf-7")).legibility, Legibility::Illegible);
        assert_eq!(decode(b"plain", Some("utf-7")).legibility, Legibility::Legible);
    }

    #[test]
    fn a_left_over_escape_is_illegible() {
        assert_eq!(decode(b"\x1b%G\x41\x1b(B", Some("iso-2022-jp")).legibility, Legibility::Illegible);
    }
}
