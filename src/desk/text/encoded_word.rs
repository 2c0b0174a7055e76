//! Header values to text: encoded-words (RFC 2047), raw eight-bit values, folding.
//!
//! Old clients cut a long subject inside a multi-byte character and encode both halves. So adjacent encoded-words of one
//! charset are joined as bytes before they are decoded; decoding each alone, as most libraries do, breaks the character.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::charset::{Decoded, Legibility, as_it_stands, decode};

/// Decodes the raw value of an unstructured field (Subject) or of a phrase.
#[must_use]
pub fn decode_header(raw: &[u8]) -> Decoded {
    let unfolded = unfold(raw);
    if !may_be_encoded(&unfolded) {
        return decode(&unfolded, None);
    }
    let mut whole = Decoded { text: String::new(), legibility: Legibility::Legible };
    runs(&unfolded, |run| match run {
        Run::Plain { bytes: [], .. } => {}
        Run::Plain { bytes, is_before_word: true } if !whole.text.is_empty() && bytes.iter().all(u8::is_ascii_whitespace) => {}
        Run::Plain { bytes, .. } => append(&mut whole, decode(bytes, None)),
        Run::Words(Word { label, bytes }) => append(&mut whole, decode(&bytes, Some(label))),
    });
    whole
}

/// Whether [`decode_header`] reads all of the value; takes less time.
#[must_use]
pub fn is_legible_header(raw: &[u8]) -> bool {
    let unfolded = unfold(raw);
    if !may_be_encoded(&unfolded) {
        return is_legible(&unfolded, None);
    }
    let mut legible = true;
    runs(&unfolded, |run| {
        legible &= match run {
            Run::Plain { bytes, .. } => is_legible(bytes, None),
            Run::Words(Word { label, bytes }) => is_legible(&bytes, Some(label)),
        };
    });
    legible
}

fn is_legible(bytes: &[u8], label: Option<&str>) -> bool {
    as_it_stands(bytes, label).is_some() || decode(bytes, label).legibility == Legibility::Legible
}

/// What a value is made of.
enum Run<'a> {
    Plain {
        bytes: &'a [u8],
        /// Whether an encoded-word follows: white space between two of them is no text (RFC 2047 section 6.2).
        is_before_word: bool,
    },
    /// Encoded-words of one charset that follow each other.
    Words(Word<'a>),
}

fn runs<'a>(mut rest: &'a [u8], mut on: impl FnMut(Run<'a>)) {
    while !rest.is_empty() {
        let (bytes, found) = split_at_word(rest);
        on(Run::Plain { bytes, is_before_word: found.is_some() });
        let Some((first, after)) = found else { return };
        let (words, after) = joined_words(first, after);
        on(Run::Words(words));
        rest = after;
    }
}

/// The text of a value; most are short, plain and on one line, and need no copy.
#[must_use]
pub fn header_text(raw: &[u8]) -> Cow<'_, str> {
    let trimmed = raw.trim_ascii();
    let is_plain = trimmed.iter().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~')) && !may_be_encoded(trimmed);
    match std::str::from_utf8(trimmed) {
        Ok(plain) if is_plain => Cow::Borrowed(plain),
        _ => {
            let text = decode_header(raw).text;
            let trimmed = text.trim();
            Cow::Owned(if trimmed.len() == text.len() { text } else { trimmed.to_owned() })
        }
    }
}

/// RFC 5322 section 2.2.3: a line end before white space is no part of the value.
#[must_use]
pub fn unfold(raw: &[u8]) -> Cow<'_, [u8]> {
    let trimmed = raw.trim_ascii();
    if memchr::memchr3(b'\r', b'\n', b'\t', trimmed).is_none() {
        return Cow::Borrowed(trimmed);
    }
    let mut unfolded = trimmed.to_vec();
    unfolded.retain(|byte| !matches!(byte, b'\r' | b'\n'));
    unfolded.iter_mut().filter(|byte| **byte == b'\t').for_each(|byte| *byte = b' ');
    Cow::Owned(unfolded)
}

/// Where a pair of bytes first stands; preparing a general search takes longer than most values are.
fn find_pair(bytes: &[u8], pair: [u8; 2]) -> Option<usize> {
    memchr::memchr_iter(pair[0], bytes).find(|at| bytes.get(at + 1) == Some(&pair[1]))
}

/// Begins an encoded-word, and ends it (RFC 2047 section 2).
const OPENING: [u8; 2] = *b"=?";
const CLOSING: [u8; 2] = *b"?=";

/// Whether a value may hold an encoded-word.
#[must_use]
pub fn may_be_encoded(value: &[u8]) -> bool {
    find_pair(value, OPENING).is_some()
}

fn append(whole: &mut Decoded, decoded: Decoded) {
    // Most values are one word, or several that are decoded together.
    if whole.text.is_empty() {
        whole.text = decoded.text;
    } else {
        whole.text.push_str(&decoded.text);
    }
    if decoded.legibility == Legibility::Illegible {
        whole.legibility = Legibility::Illegible;
    }
}

/// An encoded-word, or several as one: charset label and decoded bytes.
struct Word<'a> {
    label: &'a str,
    bytes: Vec<u8>,
}

/// Text before the next encoded-word, the word, and what follows it.
fn split_at_word(bytes: &[u8]) -> (&[u8], Option<(Word<'_>, &[u8])>) {
    let mut from = 0;
    while let Some(found) = bytes.get(from..).and_then(|tail| find_pair(tail, OPENING)) {
        let at = from + found;
        if let Some((before, candidate)) = bytes.split_at_checked(at)
            && let Some(found) = word(candidate)
        {
            return (before, Some(found));
        }
        from = at + 2;
    }
    (bytes, None)
}

/// All encoded-words of one charset that follow each other, as one.
fn joined_words<'a>(first: Word<'a>, mut rest: &'a [u8]) -> (Word<'a>, &'a [u8]) {
    let Word { label, mut bytes } = first;
    loop {
        let next = rest.trim_ascii_start();
        match word(next) {
            Some((following, after)) if following.label.eq_ignore_ascii_case(label) => {
                bytes.extend_from_slice(&following.bytes);
                rest = after;
            }
            _ => break,
        }
    }
    (Word { label, bytes }, rest)
}

/// Reads `=?charset*language?B|Q?text?=` at the start of the bytes.
fn word(bytes: &[u8]) -> Option<(Word<'_>, &[u8])> {
    let rest = bytes.strip_prefix(&OPENING)?;
    let (label, rest) = split_once(rest, b'?')?;
    let (method, rest) = split_once(rest, b'?')?;
    let end = find_pair(rest, CLOSING)?;
    let (encoded, rest) = rest.split_at_checked(end)?;
    let rest = rest.strip_prefix(&CLOSING)?;
    if label.is_empty() || label.len() > 64 {
        return None;
    }
    let label = std::str::from_utf8(label).ok()?;
    let label = label.split('*').next()?;
    let bytes = match method {
        b"B" | b"b" => base64_lenient(encoded),
        b"Q" | b"q" => q_encoding(encoded),
        _ => return None,
    };
    Some((Word { label, bytes }, rest))
}

fn split_once(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(separator, bytes)?;
    let (before, after) = bytes.split_at_checked(at)?;
    Some((before, after.get(1..)?))
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Base64 as mails carry it: line ends, foreign characters and a cut end are tolerated (RFC 2045 section 6.8).
#[must_use]
pub fn base64_lenient(encoded: &[u8]) -> Vec<u8> {
    if memchr::memchr(b'\n', encoded).is_none()
        && let Ok(bytes) = LENIENT.decode(encoded.trim_ascii())
    {
        return bytes;
    }
    // Most parts are whole lines of the alphabet, ended once.
    let mut clean = Vec::with_capacity(encoded.len());
    encoded.split(|byte| *byte == b'\n').for_each(|line| clean.extend_from_slice(line.trim_ascii()));
    if let Ok(bytes) = LENIENT.decode(&clean) {
        return bytes;
    }
    clean.retain(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    if clean.len() % 4 == 1 {
        clean.pop();
    }
    LENIENT.decode(&clean).unwrap_or_default()
}

/// RFC 2047 section 4.2: `_` is a space, `=XX` a byte, all else itself.
fn q_encoding(encoded: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'_' => bytes.push(b' '),
            b'=' => match hex_pair(after) {
                Some((byte, remaining)) => {
                    bytes.push(byte);
                    rest = remaining;
                }
                None => bytes.push(first),
            },
            other => bytes.push(other),
        }
    }
    bytes
}

fn hex_pair(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (&high, rest) = bytes.split_first()?;
    let (&low, rest) = rest.split_first()?;
    let high = char::from(high).to_digit(16)?;
    let low = char::from(low).to_digit(16)?;
    Some((u8::try_from(high * 16 + low).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_split_inside_a_character_are_joined() {
        // 「自己宣言」 in UTF-8, cut after the fourth byte.
        assert_eq!(decode_header(b"=?UTF-8?B?6Ieq5Q==?=\r\n =?utf-8?B?t7HlrqPoqIA=?=").text, "自己宣言");
    }

    #[test]
    fn plain_text_around_words_keeps_its_spaces() {
        assert_eq!(decode_header(b"Fwd: =?ISO-2022-JP?B?GyRCRT5BdxsoQg==?= (1)").text, "Fwd: 転送 (1)");
    }

    #[test]
    fn q_encoding_reads_underscores_and_hex() {
        assert_eq!(decode_header(b"=?UTF-8?Q?=E8=BB=A2=E9=80=81_a?=").text, "転送 a");
    }

    #[test]
    fn raw_eight_bit_values_are_read() {
        assert_eq!(decode_header("申込受理のご連絡".as_bytes()).text, "申込受理のご連絡");
    }

    #[test]
    fn what_only_looks_like_a_word_is_text() {
        assert_eq!(decode_header(b"=?what?= 50% =?x").text, "=?what?= 50% =?x");
    }
}
