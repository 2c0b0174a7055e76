//! The machine's part of a report: `message/delivery-status` (RFC 3464), blocks of fields with a blank line between them.
//!
//! Promises: folded fields, missing blank lines, odd address types and xtext (RFC 3461 section 4) are read; no block is required.

/// What happened to one recipient (RFC 3464 section 2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Failed,
    /// Delayed, delivered, relayed or expanded.
    Other,
}

/// One recipient of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// As given to us and as it was at last, lower case.
    pub addresses: Vec<String>,
    pub action: Action,
    pub status: Option<String>,
    pub diagnostic: Option<String>,
}

/// Whether a status alone says that nobody has the address: X.1.1 to X.1.3 and X.1.6 of RFC 3463 section 3.2, a host that is not there
/// (X.4.4), and Exchange's 5.1.10 and 5.4.310 for both. Others of X.1 speak of the sender, of ambiguity, or are used for filters.
pub fn is_unknown_address(status: &str) -> bool {
    matches!(status, "5.1.1" | "5.1.2" | "5.1.3" | "5.1.6" | "5.1.10" | "5.4.4" | "5.4.310")
}

/// The recipients of all reports in a text; none where it holds no block of a recipient.
pub fn recipients(text: &str) -> Option<Vec<Recipient>> {
    let mut found: Vec<Recipient> = Vec::new();
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if line.trim().is_empty() {
            found.extend(recipient(&std::mem::take(&mut fields)));
        } else if line.starts_with([' ', '\t'])
            && let Some((_, value)) = fields.last_mut()
        {
            value.push(' ');
            value.push_str(line.trim());
        } else if let Some((name, value)) = line.split_once(':') {
            let name = name.trim().to_ascii_lowercase();
            // A server that forgets the blank line begins the next recipient all the same.
            if name == "final-recipient" && fields.iter().any(|(known, _)| *known == name) {
                found.extend(recipient(&std::mem::take(&mut fields)));
            }
            fields.push((name, value.trim().to_owned()));
        }
    }
    found.extend(recipient(&fields));
    (!found.is_empty()).then_some(found)
}

fn recipient(fields: &[(String, String)]) -> Option<Recipient> {
    let value = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let addresses: Vec<String> = ["original-recipient", "final-recipient"].into_iter().filter_map(value).filter_map(address).collect();
    let status = value("status").and_then(status);
    let action = match value("action").map(|action| action.to_ascii_lowercase()) {
        // OpenSMTPD writes `error`.
        Some(action) if ["failed", "failure", "error"].iter().any(|word| action.starts_with(word)) => Action::Failed,
        Some(_) => Action::Other,
        // Some servers leave the action out.
        None if status.as_ref().is_some_and(|status| status.starts_with('5')) => Action::Failed,
        None if addresses.is_empty() => return None,
        None => Action::Other,
    };
    let diagnostic = value("diagnostic-code").map(|code| code.split_once(';').map_or(code, |(_, words)| words).trim().to_owned());
    Some(Recipient { addresses, action, status, diagnostic })
}

/// `5.1.1 (bad destination mailbox address)`: the code alone.
fn status(value: &str) -> Option<String> {
    let code: String = value.trim().chars().take_while(|character| character.is_ascii_digit() || *character == '.').collect();
    (code.split('.').filter(|number| !number.is_empty()).count() == 3).then_some(code)
}

/// `rfc822; <taro@example.jp>`: the address alone. Some servers write the type twice.
fn address(value: &str) -> Option<String> {
    let address = value.rsplit_once(';').map_or(value, |(_, address)| address);
    let address = plain(address.trim().trim_matches(['<', '>', '"']));
    address.contains('@').then(|| address.to_lowercase())
}

/// A text without xtext's `+2B` (RFC 3461 section 4).
pub fn plain(xtext: &str) -> String {
    let mut text = String::with_capacity(xtext.len());
    let mut rest = xtext;
    while let Some((before, after)) = rest.split_once('+') {
        text.push_str(before);
        let code = after.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok()).filter(u8::is_ascii_graphic);
        match (code, after.get(2..)) {
            (Some(code), Some(after)) => {
                text.push(char::from(code));
                rest = after;
            }
            _ => {
                text.push('+');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    text
}
