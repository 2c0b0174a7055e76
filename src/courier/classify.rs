//! What a failure means for the letter, and for all the others.
//!
//! Promises: a pure table. A letter goes out again only if the server cannot have taken it; a fault of the account or of the server costs no
//! letter an attempt unless the server was already told about that letter.
//! Rejected: treating every 5yz as the letter's: a changed password would then refuse the whole outbox within a minute.

use super::failure::{Failure, Phase};
use super::outbox::TroubleKind;
use super::reply::{Reply, Severity};
use crate::token::TokenTrouble;
use crate::wire::{WireError, WireTrouble};

/// The letter's fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The server never heard of it: back into the outbox, no attempt spent.
    Untouched,
    /// Not taken this time.
    Later,
    /// Not taken, and asking again would not help.
    Never,
    /// Perhaps taken.
    Unknown,
}

/// A letter's fate, and whether all sending should pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    pub fate: Fate,
    pub trouble: Option<TroubleKind>,
}

const fn judged(fate: Fate, trouble: Option<TroubleKind>) -> Judgement {
    Judgement { fate, trouble }
}

/// Judges one failure.
#[must_use]
pub fn judge(failure: &Failure) -> Judgement {
    match failure {
        Failure::Wire(error) => judged(Fate::Untouched, Some(wire_trouble(error))),
        Failure::Timeout { phase, .. } | Failure::Lost { phase, .. } | Failure::Closed { phase } => {
            judged(fate_without_answer(*phase), Some(TroubleKind::Network))
        }
        Failure::Garbled { phase, .. } => judged(fate_without_answer(*phase), Some(TroubleKind::Server)),
        Failure::Answered { phase, reply } => answered(*phase, reply),
        Failure::NoStartTls | Failure::BytesBeforeTls => judged(Fate::Untouched, Some(TroubleKind::Tls)),
        Failure::Token(error) => judged(
            Fate::Untouched,
            Some(match error.trouble() {
                TokenTrouble::Network | TokenTrouble::Throttled(_) => TroubleKind::Network,
                TokenTrouble::Refused => TroubleKind::Authentication,
            }),
        ),
        Failure::NoMechanism { .. } | Failure::NoTokenMechanism { .. } | Failure::OddChallenge => {
            judged(Fate::Untouched, Some(TroubleKind::Authentication))
        }
        Failure::NoInternationalAddresses => judged(Fate::Never, None),
    }
}

fn wire_trouble(error: &WireError) -> TroubleKind {
    match error.trouble() {
        WireTrouble::Network => TroubleKind::Network,
        WireTrouble::Handshake | WireTrouble::Refused => TroubleKind::Tls,
    }
}

/// Silence after the final dot is the one case in which nobody can know.
const fn fate_without_answer(phase: Phase) -> Fate {
    match phase {
        Phase::Greeting | Phase::Hello | Phase::StartTls | Phase::Authentication | Phase::Reset | Phase::Quit => Fate::Untouched,
        Phase::Sender | Phase::Recipient | Phase::Data | Phase::Body => Fate::Later,
        Phase::FinalDot => Fate::Unknown,
    }
}

fn answered(phase: Phase, reply: &Reply) -> Judgement {
    match reply.severity() {
        // A friendly answer that does not fit the question, such as 250 to DATA: whoever answers has lost the thread.
        Severity::Done | Severity::GoOn => judged(fate_without_answer(phase), Some(TroubleKind::Server)),
        Severity::Temporary => temporary(phase, reply),
        Severity::Permanent => permanent(phase, reply),
    }
}

fn temporary(phase: Phase, reply: &Reply) -> Judgement {
    match phase {
        Phase::StartTls => judged(Fate::Untouched, Some(TroubleKind::Tls)),
        Phase::Greeting | Phase::Hello | Phase::Authentication | Phase::Reset | Phase::Quit => {
            judged(Fate::Untouched, Some(TroubleKind::Server))
        }
        // The sender is the same for all letters, so all of them wait.
        Phase::Sender => judged(Fate::Later, Some(TroubleKind::Server)),
        // 421 closes the session whatever was asked (RFC 5321 section 3.8); any other 4yz here is about this one letter.
        Phase::Recipient | Phase::Data | Phase::Body | Phase::FinalDot => {
            judged(Fate::Later, (reply.code() == 421).then_some(TroubleKind::Server))
        }
    }
}

fn permanent(phase: Phase, reply: &Reply) -> Judgement {
    let wants_login = matches!(reply.code(), 530 | 534 | 535 | 538);
    let security = matches!(reply.enhanced(), Some((5, 7, _)));
    match phase {
        Phase::StartTls => judged(Fate::Untouched, Some(TroubleKind::Tls)),
        Phase::Authentication => judged(Fate::Untouched, Some(TroubleKind::Authentication)),
        Phase::Greeting | Phase::Hello | Phase::Sender | Phase::Recipient | Phase::Data if wants_login => {
            judged(Fate::Untouched, Some(TroubleKind::Authentication))
        }
        Phase::Sender if is_too_large(reply) => judged(Fate::Never, None),
        Phase::Greeting | Phase::Hello | Phase::Sender => judged(Fate::Untouched, Some(TroubleKind::Policy)),
        // 5.7.x here may be the account (no right to relay) or this recipient alone. The letter spends its attempt, so that it cannot stand
        // in everybody's way for ever; the others wait and spend nothing.
        Phase::Recipient | Phase::Data | Phase::Body | Phase::FinalDot if security => judged(Fate::Later, Some(TroubleKind::Policy)),
        Phase::Body | Phase::FinalDot if wants_login => judged(Fate::Later, Some(TroubleKind::Authentication)),
        Phase::Recipient | Phase::Data | Phase::Body | Phase::FinalDot => judged(Fate::Never, None),
        Phase::Reset | Phase::Quit => judged(Fate::Untouched, Some(TroubleKind::Server)),
    }
}

fn is_too_large(reply: &Reply) -> bool {
    reply.code() == 552 || reply.enhanced() == Some((5, 3, 4))
}

/// Whether a session that was kept open has simply grown old: the letter may be offered at once on a new one.
#[must_use]
pub fn is_stale(failure: &Failure) -> bool {
    match failure {
        Failure::Lost { phase, .. } | Failure::Closed { phase } | Failure::Garbled { phase, .. } => *phase == Phase::Sender,
        Failure::Answered { phase, reply } => *phase == Phase::Sender && reply.code() == 421,
        _ => false,
    }
}

/// Whether the session can carry another letter after RSET.
#[must_use]
pub fn is_session_sound(failure: &Failure) -> bool {
    match failure {
        Failure::Answered { phase: Phase::Recipient | Phase::Data | Phase::FinalDot, reply } => {
            reply.code() != 421 && matches!(reply.severity(), Severity::Temporary | Severity::Permanent)
        }
        Failure::NoInternationalAddresses => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
