//! How names and secrets are written for the wire: base64, modified UTF-7, quoted strings and literals.
//!
//! Promises: a Japanese folder name opens the folder that people see (RFC 3501, 5.1.3); nothing an operator writes can end a line
//! early. Rejected: quoting alone; a Japanese name in quotes is eight-bit text, which half of the servers refuse.

use base64::Engine;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD};

use super::session::Line;

/// Of modified UTF-7: a comma instead of the slash, and no padding.
const MAILBOX: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// Base64 with padding (RFC 4648, 4).
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A folder name in modified UTF-7. Line ends and other controls are encoded like any character outside ASCII.
pub(super) fn mailbox(name: &str) -> String {
    let mut text = String::new();
    let mut waiting: Vec<u8> = Vec::new();
    for character in name.chars() {
        if (' '..='~').contains(&character) {
            flush(&mut waiting, &mut text);
            text.push(character);
            if character == '&' {
                text.push('-');
            }
        } else {
            let mut units = [0_u16; 2];
            waiting.extend(character.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut waiting, &mut text);
    text
}

fn flush(waiting: &mut Vec<u8>, text: &mut String) {
    if !waiting.is_empty() {
        text.push('&');
        text.push_str(&MAILBOX.encode(&*waiting));
        text.push('-');
        waiting.clear();
    }
}

/// A folder name as the argument of a command.
pub(super) fn quoted_mailbox(name: &str) -> String {
    quoted(&mailbox(name))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A keyword is an atom (RFC 3501, 9: `flag-keyword`).
pub(super) fn is_keyword(text: &str) -> bool {
    let atom = |byte: u8| byte.is_ascii_graphic() && !b"(){%*\"\\]".contains(&byte);
    !text.is_empty() && text.bytes().all(atom)
}

/// The lines of a LOGIN: quoted where both fit into quotes, else as literals, which carry any byte (RFC 3501, 4.3).
pub(super) fn login_lines(user: &str, password: &str) -> Vec<Line> {
    let shown = "LOGIN [hidden] [hidden]";
    let plain = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if plain(user) && plain(password) {
        return vec![Line::secret(format!("LOGIN {} {}", quoted(user), quoted(password)), shown)];
    }
    vec![
        Line::secret(format!("LOGIN {{{}}}", user.len()), shown),
        Line::secret(format!("{user} {{{}}}", password.len()), "[hidden]"),
        Line::secret(password.to_owned(), "[hidden]"),
    ]
}

/// The initial response of PLAIN (RFC 4616).
pub(super) fn plain_response(user: &str, password: &str) -> String {
    base64(format!("\0{user}\0{password}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_follows_the_vectors_of_rfc_4648() {
        for (plain, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), expected);
        }
        assert_eq!(plain_response("tim", "tanstaaftanstaaf"), "AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
    }

    #[test]
    fn folder_names_follow_rfc_3501() {
        for (name, expected) in [
            ("INBOX", "INBOX"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("受付&確認", "&U9dO2A-&-&eLqKjQ-"),
            ("a\r\nb", "a&AA0ACg-b"),
            ("𠮷", "&2ELftw-"),
        ] {
            assert_eq!(mailbox(name), expected);
        }
        assert_eq!(quoted_mailbox("a\"b\\c"), r#""a\"b\\c""#);
    }

    #[test]
    fn a_password_beyond_ascii_travels_as_a_literal() {
        let texts = |lines: Vec<Line>| lines.into_iter().map(|line| line.text).collect::<Vec<String>>();
        assert_eq!(texts(login_lines("taro", "柿の種")), ["LOGIN {4}", "taro {9}", "柿の種"]);
        assert_eq!(texts(login_lines("taro", "a\"b")), [r#"LOGIN "taro" "a\"b""#]);
        assert!(login_lines("taro", "柿の種").iter().all(|line| !line.shown.contains('柿')));
    }

    #[test]
    fn only_atoms_are_keywords() {
        for (text, expected) in [("$Uketsuke-Accepted", true), ("a b", false), ("受付", false), ("\\Seen", false), ("", false)] {
            assert_eq!(is_keyword(text), expected, "{text}");
        }
    }
}
