//! Reports that a letter did not arrive: delivery status notifications (RFC 3464), and what servers write instead of them.
//!
//! Promises: a mail is a bounce only if a mail system wrote it and it says that something failed; which letter it speaks of is proven
//! by the letter's Message-ID, which nobody can guess who has not seen it, and otherwise only supposed, by the address.
//! Rejected: a table of every provider's wording. What they share is enough, and what is not understood is shown to an operator as it is.

use std::sync::LazyLock;

use regex::Regex;

use super::gate::{MESSAGE_ID_START, is_mail_system, is_null_path};
use super::letter::is_message_id;
use super::message::Message;
use super::message::header::Headers;
use super::message::part::Part;
use super::text::fold::{fold, printable};

mod status;
mod words;

use self::status::{Action, Recipient, recipients};
use self::words::{says_delayed, says_failed, says_failed_for_good, says_otherwise, says_unknown};

/// A letter that did not arrive, as a mail system tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// Message-IDs of letters that it names.
    pub letters: Vec<String>,
    /// Addresses that it says were not reached, lower case.
    pub addresses: Vec<String>,
    /// `5.1.1` and the like (RFC 3463), where one is given.
    pub status: Option<String>,
    pub failure: Failure,
    /// What is said, on one line.
    pub words: String,
}

/// Whether writing again could help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nobody has this address.
    UnknownAddress,
    /// Not delivered for another reason: a full mailbox, a policy, a filter.
    Refused,
}

/// Text of one part that is looked through. Bytes.
const MOST_TEXT: usize = 64 * 1024;
/// Parts that are looked through.
const MOST_PARTS: usize = 12;
/// Addresses, and ids of letters, that are kept.
const MOST_NAMES: usize = 20;
/// Characters of the words that are kept.
const MOST_WORDS: usize = 300;

/// Reads a bounce; none where the mail is no bounce, or one about a delay.
#[must_use]
pub fn read(message: &Message<'_>) -> Option<Bounce> {
    let headers = &message.headers;
    let has_status = message.parts.iter().any(is_status);
    let failed: Vec<String> = headers.all_text("x-failed-recipients").flat_map(|value| addresses(&value)).collect();
    if !has_status && failed.is_empty() && !is_from_a_mail_system(headers) {
        return None;
    }
    let said = Said::of(message);
    let report = recipients(&said.status);
    if let Some(about) = &report {
        if about.iter().all(|recipient| recipient.action != Action::Failed) {
            return None;
        }
    } else if !says_failed_for_good(&said.folded)
        && (says_delayed(&said.folded) || failed.is_empty() && !says_failed(&said.folded) && permanent_status(&said.text).is_none())
    {
        return None;
    }
    let about: Vec<Recipient> = report.unwrap_or_default().into_iter().filter(|recipient| recipient.action == Action::Failed).collect();
    let words = about.iter().find_map(|recipient| recipient.diagnostic.clone()).unwrap_or_else(|| line_of_failure(&said.text));
    let status = about.iter().find_map(|recipient| recipient.status.clone()).or_else(|| permanent_status(&said.text));
    let mut named: Vec<String> = about.iter().flat_map(|recipient| recipient.addresses.clone()).chain(failed).collect();
    if named.is_empty() {
        named = addresses(&said.text);
    }
    named.retain(|address| !is_mail_system(address));
    named.sort();
    named.dedup();
    named.truncate(MOST_NAMES);
    let is_unknown = is_unknown_address(status.as_deref(), &words)
        || is_vague(status.as_deref()) && says_unknown(&said.folded) && !says_otherwise(&fold(&words)) && !says_otherwise(&said.folded);
    Some(Bounce {
        letters: letters(headers, &said),
        addresses: named,
        status,
        failure: if is_unknown { Failure::UnknownAddress } else { Failure::Refused },
        words: printable(&words, MOST_WORDS),
    })
}

fn is_status(part: &Part<'_>) -> bool {
    matches!(part.content_type.as_str(), "message/delivery-status" | "message/global-delivery-status" | "message/xdelivery-status")
}

/// A vacation has the null path, too, and answers our letter by its id; what tells it from a bounce is who wrote it.
fn is_from_a_mail_system(headers: &Headers<'_>) -> bool {
    let is_answer = headers.all_text("auto-submitted").any(|value| value.to_ascii_lowercase().contains("auto-replied"));
    headers.senders().iter().filter_map(|from| from.address.as_deref()).any(is_mail_system) || is_null_path(headers) && !is_answer
}

/// Whether a refusal says that nobody has the address: by its status (RFC 3463 section 3.2), or by its words where the status says nothing.
/// A full mailbox, a filter or a policy is no unknown address, whatever number it comes with.
#[must_use]
pub fn is_unknown_address(status: Option<&str>, words: &str) -> bool {
    let folded = fold(words);
    if says_otherwise(&folded) {
        return false;
    }
    match status {
        Some(status) if status::is_unknown_address(status) => true,
        status => is_vague(status) && says_unknown(&folded),
    }
}

/// These say only that it failed; servers put them where they have no better code.
fn is_vague(status: Option<&str>) -> bool {
    status.is_none_or(|status| matches!(status, "5.0.0" | "5.1.0" | "5.3.0" | "5.5.0"))
}

/// The texts of a bounce.
struct Said {
    /// For people, without what is returned.
    text: String,
    folded: String,
    /// Of all delivery-status parts.
    status: String,
    /// Of what is returned: the letter or its header.
    returned: String,
}

impl Said {
    fn of(message: &Message<'_>) -> Self {
        let (mut text, mut status, mut returned) = (String::new(), String::new(), String::new());
        for part in message.parts.iter().take(MOST_PARTS) {
            let place = match part.content_type.as_str() {
                _ if is_status(part) => &mut status,
                "message/rfc822" | "message/global" | "text/rfc822-headers" | "message/rfc822-headers" | "message/global-headers" => {
                    &mut returned
                }
                _ if part.is_plain_text() || part.is_html() => &mut text,
                _ => continue,
            };
            place.push_str(&part.text(MOST_TEXT).text);
            place.push_str("\n\n");
        }
        let cut = words::start_of_copy(&text);
        if let (Some(before), Some(copy)) = (text.get(..cut), text.get(cut..)) {
            returned.push_str(copy);
            text = before.to_owned();
        }
        Self { folded: fold(&text).into_owned(), text, status, returned }
    }
}

/// Ids of our letters where the bounced one's id stands: in the returned header, as envelope id, in the fields that answer it. Not wherever an
/// id stands: what bounced may be a colleague's mail in a thread that began with a letter of ours.
fn letters(headers: &Headers<'_>, said: &Said) -> Vec<String> {
    let answered = ["x-original-message-id", "original-message-id", "in-reply-to"].iter().flat_map(|name| headers.all_text(name));
    let references = headers.text("references").and_then(|ids| ids.split_whitespace().last().map(str::to_owned));
    let mut places: Vec<String> = answered.map(std::borrow::Cow::into_owned).chain(references).collect();
    places.extend(field(&said.returned, "message-id"));
    places.extend(field(&said.status, "original-envelope-id").map(|id| status::plain(&id)));
    let mut found: Vec<String> = Vec::new();
    for id in places.iter().flat_map(|place| LETTER.find_iter(place)).map(|id| format!("<{}>", id.as_str())) {
        if is_message_id(&id) && !found.contains(&id) && found.len() < MOST_NAMES {
            found.push(id);
        }
    }
    found
}

/// The first field of this name in a text that holds a header, its folded lines included.
fn field(text: &str, name: &str) -> Option<String> {
    let mut lines = text.lines();
    let mut value = lines.by_ref().find_map(|line| {
        let (found, value) = line.trim_start_matches(['>', ' ']).split_once(':')?;
        found.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })?;
    for more in lines.take_while(|line| line.starts_with([' ', '\t'])) {
        value.push(' ');
        value.push_str(more.trim());
    }
    Some(value)
}

#[expect(clippy::expect_used, reason = "constant patterns, compiled by the tests")]
static LETTER: LazyLock<Regex> = LazyLock::new(|| {
    let start = regex::escape(MESSAGE_ID_START.trim_start_matches('<'));
    Regex::new(&format!("{start}[0-9A-Za-z._-]{{1,100}}@[0-9A-Za-z.-]{{1,200}}")).expect("valid")
});
#[expect(clippy::expect_used, reason = "constant patterns, compiled by the tests")]
static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[0-9A-Za-z._%+=/-]{1,64}@[0-9A-Za-z.-]{1,200}\.[A-Za-z]{2,24}").expect("valid"));
#[expect(clippy::expect_used, reason = "constant patterns, compiled by the tests")]
static STATUS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:^|[^0-9.])(5\.[0-9]{1,3}\.[0-9]{1,3})(?:[^0-9.]|\.?\s|$)").expect("valid"));

/// The first permanent status (RFC 3463) in a text.
#[must_use]
pub fn permanent_status(text: &str) -> Option<String> {
    STATUS.captures(text)?.get(1).map(|status| status.as_str().to_owned())
}

fn addresses(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for address in ADDRESS.find_iter(text).map(|address| address.as_str().to_lowercase()) {
        if !found.contains(&address) && found.len() < MOST_NAMES {
            found.push(address);
        }
    }
    found
}

/// The line that says why, or else the first one.
fn line_of_failure(text: &str) -> String {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let telling = |line: &&str| permanent_status(line).is_some() || says_unknown(&fold(line));
    lines()
        .find(telling)
        .or_else(|| lines().find(|line| says_failed(&fold(line))))
        .or_else(|| lines().next())
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests;
