//! Commands that change or search a folder: STORE, COPY, MOVE, EXPUNGE, SEARCH.
//!
//! Promises: nothing changes in a folder opened by EXAMINE; COPYUID names what went where (RFC 4315).
//! Rejected: sending EXPUNGE from here; removals are news, and the view tells news in one place.

use super::command::Arguments;
use super::fetch::flags_line;
use super::folders::{create_first, search_line};
use super::reply::{Refusal, Reply};
use super::set::{Numbering, Place, members, written};
use super::state::{Shelf, State, canonical, flag};
use super::view::{Mode, View};

/// Whether the originals stay.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Originals {
    Stay,
    Go,
}

pub(super) fn store(state: &mut State, view: &View, mut arguments: Arguments<'_>, numbering: Numbering) -> Result<Reply, Refusal> {
    let places = members(&arguments.atom(), numbering, &view.uids)?;
    let action = arguments.atom().to_ascii_uppercase();
    let (verb, silent) = action.strip_suffix(".SILENT").map_or((action.as_str(), false), |verb| (verb, true));
    let mut flags = Vec::new();
    while !arguments.is_empty() {
        flags.extend(arguments.list()?.iter().map(|name| flag(name)));
    }
    let shelf = writable(state, view)?;
    let mut reply = Reply::tagged("OK STORE completed");
    for place in places {
        let Some(message) = shelf.messages.get_mut(&place.uid) else { continue };
        match verb {
            "+FLAGS" => message.flags.extend(flags.iter().cloned()),
            "-FLAGS" => message.flags.retain(|name| !flags.iter().any(|gone| gone.eq_ignore_ascii_case(name))),
            "FLAGS" => message.flags = flags.iter().cloned().collect(),
            _ => return Err(Refusal::Bad("STORE knows FLAGS, +FLAGS and -FLAGS".to_owned())),
        }
        if !silent {
            reply.lines.push(flags_line(place.sequence, message, numbering));
        }
    }
    Ok(reply)
}

/// COPY and MOVE.
pub(super) fn transfer(
    state: &mut State,
    view: &View,
    mut arguments: Arguments<'_>,
    numbering: Numbering,
    originals: Originals,
) -> Result<Reply, Refusal> {
    let places = members(&arguments.atom(), numbering, &view.uids)?;
    let target = canonical(&arguments.text()?);
    if originals == Originals::Go {
        writable(state, view)?;
    }
    if !state.folders.contains_key(&target) {
        return Err(create_first());
    }
    let (mut from, mut to) = (Vec::new(), Vec::new());
    for Place { uid, .. } in places {
        let Some(source) = state.folders.get_mut(&view.folder) else { continue };
        let message = match originals {
            Originals::Stay => source.messages.get(&uid).cloned(),
            Originals::Go => source.remove(uid),
        };
        if let Some(message) = message {
            from.push(uid);
            to.push(state.shelf(&target).add(message));
        }
    }
    if from.is_empty() {
        return Ok(Reply::tagged("OK Nothing to do"));
    }
    let code = format!("[COPYUID {} {} {}]", state.uidvalidity, written(&from), written(&to));
    Ok(match originals {
        Originals::Stay => Reply::tagged(format!("OK {code} COPY completed")),
        // RFC 6851 4.3: before the EXPUNGE responses, so not on the tagged line.
        Originals::Go => Reply::tagged("OK MOVE completed").with(format!("* OK {code} Moved")),
    })
}

/// EXPUNGE of everything that is marked, or UID EXPUNGE of the marked ones in a set.
pub(super) fn expunge(state: &mut State, view: &View, set: Option<&str>) -> Result<Reply, Refusal> {
    let chosen: Vec<u32> = match set {
        Some(set) => members(set, Numbering::Uid, &view.uids)?.iter().map(|place| place.uid).collect(),
        None => view.uids.clone(),
    };
    let shelf = writable(state, view)?;
    for uid in chosen {
        if shelf.messages.get(&uid).is_some_and(|message| message.flags.contains("\\Deleted")) {
            shelf.remove(uid);
        }
    }
    Ok(Reply::tagged("OK EXPUNGE completed"))
}

pub(super) fn search(state: &State, view: &View, mut arguments: Arguments<'_>, numbering: Numbering) -> Result<Reply, Refusal> {
    let mut found = members("1:*", Numbering::Uid, &view.uids)?;
    let Some(shelf) = state.folders.get(&view.folder) else { return Ok(Reply::tagged("OK SEARCH completed")) };
    found.retain(|place| shelf.messages.contains_key(&place.uid));
    while !arguments.is_empty() {
        let key = arguments.atom();
        let has = |place: &Place, name: &str| shelf.messages.get(&place.uid).is_some_and(|message| message.flags.contains(name));
        match key.to_ascii_uppercase().as_str() {
            "ALL" => {}
            "CHARSET" => drop(arguments.text()?),
            "UID" => {
                let chosen = members(&arguments.atom(), Numbering::Uid, &view.uids)?;
                found.retain(|place| chosen.contains(place));
            }
            "KEYWORD" => {
                let name = arguments.text()?;
                found.retain(|place| has(place, &name));
            }
            "UNKEYWORD" => {
                let name = arguments.text()?;
                found.retain(|place| !has(place, &name));
            }
            word => match (system_flag(word), word.strip_prefix("UN").and_then(system_flag)) {
                (Some(name), _) => found.retain(|place| has(place, name)),
                (None, Some(name)) => found.retain(|place| !has(place, name)),
                (None, None) => {
                    let chosen = members(&key, Numbering::Sequence, &view.uids)?;
                    found.retain(|place| chosen.contains(place));
                }
            },
        }
    }
    let numbers = found.iter().map(|place| match numbering {
        Numbering::Uid => place.uid.to_string(),
        Numbering::Sequence => place.sequence.to_string(),
    });
    let mut reply = Reply::tagged("OK SEARCH completed");
    reply.lines.push(search_line(&numbers.collect::<Vec<_>>()));
    Ok(reply)
}

fn system_flag(word: &str) -> Option<&'static str> {
    match word {
        "SEEN" => Some("\\Seen"),
        "ANSWERED" => Some("\\Answered"),
        "FLAGGED" => Some("\\Flagged"),
        "DELETED" => Some("\\Deleted"),
        "DRAFT" => Some("\\Draft"),
        _ => None,
    }
}

fn writable<'state>(state: &'state mut State, view: &View) -> Result<&'state mut Shelf, Refusal> {
    if view.mode == Mode::ReadOnly {
        return Err(Refusal::No("[READ-ONLY] The folder was opened by EXAMINE".to_owned()));
    }
    Ok(state.shelf(&view.folder))
}
