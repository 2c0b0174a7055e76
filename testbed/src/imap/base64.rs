//! Base64 of SASL exchanges.
//!
//! Promises: the standard alphabet with padding, whole input or nothing. Rejected: a crate; the testbed needs twenty lines of it, and
//! nothing here is product code.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The octets of a padded text; `None` when it is no base64.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    let digits = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return None;
    }
    for digit in digits.bytes() {
        let value = ALPHABET.iter().position(|letter| *letter == digit)?;
        bits = (bits << 6) | u32::try_from(value).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            octets.push(u8::try_from((bits >> held) & 0xff).ok()?);
        }
        bits &= 0xffff;
    }
    Some(octets)
}

/// The padded text of the octets.
#[must_use]
pub fn encode(octets: &[u8]) -> String {
    let mut text = String::new();
    for chunk in octets.chunks(3) {
        let bits = (0..3).fold(0_usize, |bits, place| (bits << 8) | chunk.get(place).copied().map_or(0, usize::from));
        for place in 0..4 {
            let digit = ALPHABET.get((bits >> (18 - 6 * place)) & 63).copied().unwrap_or(b'=');
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_texts_go_there_and_back() {
        for (octets, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("\0u\0p~\u{ff}", "AHUAcH7Dvw==")]
        {
            assert_eq!(encode(octets.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(octets.as_bytes()));
        }
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        assert_eq!([decode("Zg"), decode("Z==="), decode("Zm9*"), decode("Zm 9")], [None, None, None, None]);
    }
}
