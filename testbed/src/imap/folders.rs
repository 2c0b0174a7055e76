//! Commands about folders: SELECT, EXAMINE, STATUS, LIST, CREATE, APPEND.
//!
//! Promises: a failed SELECT leaves no folder selected; names are compared as they are, INBOX in any case.
//! Rejected: subscriptions and hierarchies; the product reads folders and never arranges them.

use super::command::Arguments;
use super::reply::{Line, Refusal, Reply};
use super::state::{Message, State, canonical, flag, internal_date};
use super::view::{Mode, View};

/// SELECT and EXAMINE.
pub(super) fn select(state: &State, mut arguments: Arguments<'_>, mode: Mode) -> Result<(View, Reply), Refusal> {
    let folder = canonical(&arguments.text()?);
    let shelf = state.folders.get(&folder).ok_or_else(missing)?;
    let flags = "\\Answered \\Flagged \\Deleted \\Seen \\Draft";
    let (permanent, code) = match mode {
        Mode::ReadWrite => (format!("{flags} \\*"), "READ-WRITE"),
        Mode::ReadOnly => (String::new(), "READ-ONLY"),
    };
    let reply = Reply::tagged(format!("OK [{code}] Selected"))
        .with(format!("* FLAGS ({flags})"))
        .with(format!("* OK [PERMANENTFLAGS ({permanent})] Flags kept"))
        .with(format!("* {} EXISTS", shelf.messages.len()))
        .with("* 0 RECENT")
        .with(format!("* OK [UIDVALIDITY {}] UIDs valid", state.uidvalidity))
        .with(format!("* OK [UIDNEXT {}] Predicted next UID", shelf.uidnext));
    Ok((View::of(folder, shelf, mode), reply))
}

/// STATUS.
pub(super) fn status(state: &State, mut arguments: Arguments<'_>) -> Result<Reply, Refusal> {
    let asked = arguments.text()?;
    let shelf = state.folders.get(&canonical(&asked)).ok_or_else(missing)?;
    let mut items = Vec::new();
    for item in arguments.list()? {
        let item = item.to_ascii_uppercase();
        let value = match item.as_str() {
            "MESSAGES" => shelf.messages.len().to_string(),
            "RECENT" => "0".to_owned(),
            "UIDNEXT" => shelf.uidnext.to_string(),
            "UIDVALIDITY" => state.uidvalidity.to_string(),
            "UNSEEN" => shelf.messages.values().filter(|message| !message.flags.contains("\\Seen")).count().to_string(),
            _ => return Err(Refusal::Bad(format!("STATUS does not know {item}"))),
        };
        items.push(format!("{item} {value}"));
    }
    Ok(Reply::tagged("OK STATUS completed").with(format!("* STATUS {} ({})", quoted(&asked), items.join(" "))))
}

/// LIST; an empty pattern asks for the separator.
pub(super) fn list(state: &State, mut arguments: Arguments<'_>) -> Result<Reply, Refusal> {
    let reference = arguments.text()?;
    let pattern = arguments.text()?;
    let done = Reply::tagged("OK LIST completed");
    if pattern.is_empty() {
        return Ok(done.with("* LIST (\\Noselect) \"/\" \"\""));
    }
    let pattern: Vec<char> = canonical(&format!("{reference}{pattern}")).chars().collect();
    let found = state.folders.keys().filter(|name| fits(&pattern, &name.chars().collect::<Vec<char>>()));
    Ok(found.fold(done, |reply, name| reply.with(format!("* LIST (\\HasNoChildren) \"/\" {}", quoted(name)))))
}

/// CREATE of one folder, not of those above it.
pub(super) fn create(state: &mut State, mut arguments: Arguments<'_>) -> Result<Reply, Refusal> {
    let folder = canonical(&arguments.text()?);
    if state.folders.contains_key(&folder) {
        return Err(Refusal::No("[ALREADYEXISTS] There is such a folder".to_owned()));
    }
    state.shelf(&folder);
    Ok(Reply::tagged("OK CREATE completed"))
}

/// APPEND with optional flags and date.
pub(super) fn append(state: &mut State, mut arguments: Arguments<'_>) -> Result<Reply, Refusal> {
    let folder = canonical(&arguments.text()?);
    let flags = if arguments.begins_with(b'(') { arguments.list()? } else { Vec::new() };
    let date = if arguments.begins_with(b'"') { arguments.text()? } else { internal_date(time::OffsetDateTime::now_utc()) };
    let bytes = arguments.string()?;
    let uidvalidity = state.uidvalidity;
    let shelf = state.folders.get_mut(&folder).ok_or_else(create_first)?;
    let mut message = Message::new(0, bytes).dated(date.trim_start());
    message.flags = flags.iter().map(|name| flag(name)).collect();
    let uid = shelf.add(message);
    Ok(Reply::tagged(format!("OK [APPENDUID {uidvalidity} {uid}] APPEND completed")))
}

pub(super) fn missing() -> Refusal {
    Refusal::No("[NONEXISTENT] There is no such folder".to_owned())
}

pub(super) fn create_first() -> Refusal {
    Refusal::No("[TRYCREATE] There is no such folder".to_owned())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// `*` is anything, `%` anything but the separator.
fn fits(pattern: &[char], name: &[char]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((wild @ ('*' | '%'), rest)), _) => {
            fits(rest, name) || name.split_first().is_some_and(|(first, after)| (*wild == '*' || *first != '/') && fits(pattern, after))
        }
        (Some((one, rest)), Some((first, after))) => one == first && fits(rest, after),
        _ => false,
    }
}

/// The untagged line of SEARCH.
pub(super) fn search_line(numbers: &[String]) -> Line {
    Line::text(std::iter::once("* SEARCH".to_owned()).chain(numbers.iter().cloned()).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_patterns_know_both_wildcards() {
        let fits = |pattern: &str, name: &str| fits(&pattern.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>());
        assert!(fits("*", "A/B") && fits("A/%", "A/B") && fits("%", "A") && fits("IN*X", "INBOX"));
        assert!(!fits("%", "A/B") && !fits("A", "AB") && !fits("INBOX", "INBO"));
    }
}
