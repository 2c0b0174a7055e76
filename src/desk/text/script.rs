//! Words of letters that look alike and are not: `SECURITY АCTION` with a Cyrillic А.
//!
//! Promises: only a word of Latin letters with a Greek or Cyrillic one among them that is drawn like a Latin one counts; α and Ω beside
//! Latin letters are names and units, and what stands in Japanese between them ends the word.
//! Rejected: the whole of UTS 39. A Japanese mail mixes four scripts in every sentence, and three of them look like nothing Latin.

/// The first word in which such a letter stands among Latin ones.
#[must_use]
pub fn mixed_word(text: &str) -> Option<&str> {
    if !may_hold_greek_or_cyrillic(text.as_bytes()) {
        return None;
    }
    let is_letter = |character: char| is_latin(character) || matches!(character, '\u{370}'..='\u{52F}') || character.is_ascii_digit();
    let mut words = text.split(|character| !is_letter(character));
    words.find(|word| word.chars().any(is_latin) && word.chars().any(is_look_alike))
}

/// Looks for the first bytes of their letters; no byte of a kana or an ideograph is one of them. It does not stop where it finds one, so
/// that sixteen bytes are looked at together.
fn may_hold_greek_or_cyrillic(text: &[u8]) -> bool {
    text.iter().fold(false, |found, byte| found | matches!(byte, 0xCD..=0xD4))
}

fn is_latin(character: char) -> bool {
    character.is_ascii_alphabetic() || matches!(character, '\u{C0}'..='\u{24F}' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ')
}

/// Greek and Cyrillic letters that are drawn like Latin ones.
fn is_look_alike(character: char) -> bool {
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧικνορυχАВЕЅІЈКМНОРСТУХЗаеорсухіјѕһԁԛԝ".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_two_scripts_are_found() {
        assert_eq!(mixed_word("【SECURITY \u{410}CTION】一つ星"), Some("\u{410}CTION"));
        assert_eq!(mixed_word("info@ip\u{430}.go.jp"), Some("ip\u{430}"));
        assert_eq!(mixed_word("ID:412\u{39F}O"), Some("412\u{39F}O"));
        for text in
            ["SECURITY ACTION 一つ星", "Иван Petrov", "5μg 10kΩ", "(´Д`) orz", "ACTIONα版", "ABCのΑ館", "Иван", "Ελλάδα and English", "éàü"]
        {
            assert_eq!(mixed_word(text), None, "{text}");
        }
    }
}
