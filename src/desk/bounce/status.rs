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

/// Whether a status says that nobody has the address (RFC 3463 section 3.2). X.1.7 and X.1.8 speak of the sender's.
#[must_use]
pub fn is_unknown_address(status: &str) -> bool {
    status.starts_with("5.1.") && !matches!(status, "5.1.7" | "5.1.8" | "5.1.9")
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
        Some(action) if action.starts_with("failed") => Action::Failed,
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

/// `rfc822; <taro@example.jp>`: the address alone.
fn address(value: &str) -> Option<String> {
    let address = value.split_once(';').map_or(value, |(_, address)| address);
    let address = address.trim().trim_matches(['<', '>', '"']).replace("+2B", "+").replace("+3D", "=");
    address.contains('@').then(|| address.to_lowercase())
}
