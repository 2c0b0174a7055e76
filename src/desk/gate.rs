//! Whether the desk may answer at all. Every gate must be open; the first that holds is the reason that `show` tells.
//!
//! Promises: a gate never changes what is recorded, only whether a letter is written. When two readings of a header are
//! possible, the one that sends no letter wins (as Exim's autoreply rules err).

use super::message::header::Headers;
use super::rules::{ReplyMode, RequireAuthentication, Rules};
use super::standing::{Arrival, Breaker, Standing};
use super::text::address::{Mailbox, mailboxes};
use super::verdict::Origin;
use super::words::ReplyKind;

mod held;
mod marks;
mod sender;
mod subject;

use self::marks::is_marked;
use self::sender::{is_automatic_address, is_list_address, is_reachable, organisational_domain};
use self::subject::{is_tagged_automatic, looks_automatic};

pub use self::held::{Gate, Handling, HoldReason};
pub use self::sender::{is_deliverable, is_mail_system};

/// The header that marks our letters, and what a Message-ID of ours begins with.
pub const LOOP_HEADER: &str = "X-Uketsuke-Loop";
pub const MESSAGE_ID_START: &str = "<uketsuke.";

/// Whether a gate holds.
type Check = fn(&Headers<'_>, &Rules) -> bool;

/// The first gate that the headers alone close.
#[must_use]
pub fn by_headers(headers: &Headers<'_>, rules: &Rules) -> Option<Gate> {
    let checks: [(Gate, Check); 14] = [
        (Gate::Loop, is_loop),
        (Gate::NullPath, |headers, _| is_null_path(headers)),
        (Gate::Report, |headers, _| is_report(headers)),
        (Gate::Auto, |headers, _| is_auto_submitted(headers)),
        (Gate::List, |headers, _| is_list(headers)),
        (Gate::Precedence, |headers, _| is_bulk(headers)),
        (Gate::Suppress, |headers, _| is_suppressed(headers)),
        (Gate::Vendor, |headers, _| is_marked(Gate::Vendor, headers)),
        (Gate::Address, is_unanswerable),
        (Gate::Spam, is_spam),
        (Gate::NotForUs, is_not_for_us),
        (Gate::Headers, |headers, _| has_conflicting_headers(headers)),
        (Gate::Unauthenticated, is_unauthenticated),
        (Gate::LooksAuto, |headers, _| looks_automatic(headers)),
    ];
    checks.iter().find(|(_, holds)| holds(headers, rules)).map(|(gate, _)| *gate)
}

/// Who wrote the mail, by its headers, the gate that they close, and its sender.
#[must_use]
pub fn origin(headers: &Headers<'_>, held: Option<Gate>, rules: &Rules) -> Origin {
    let mut addresses = headers.senders().iter().filter_map(|from| from.address.as_deref());
    if addresses.clone().any(|address| is_own(address, rules)) || is_our_letter(headers) {
        return Origin::Echo;
    }
    match held.map_or(Origin::Applicant, Gate::origin) {
        Origin::Applicant if addresses.any(is_automatic_address) || is_tagged_automatic(headers) => Origin::Automatic,
        other => other,
    }
}

/// The first gate that the store's knowledge closes for a letter of this kind. `received` and `now` are UTC seconds.
#[must_use]
pub fn by_standing(kind: ReplyKind, sender: &str, rules: &Rules, standing: &Standing, received: i64, now: i64) -> Option<Gate> {
    let gates = &rules.gates;
    let is_off = gates.mode == ReplyMode::Off || standing.is_silent;
    if is_off || standing.arrival != Arrival::Live || now.saturating_sub(received) > gates.max_age {
        return Some(Gate::Off);
    }
    if standing.answered_before {
        return Some(Gate::Answered);
    }
    if standing.settled && kind != ReplyKind::Accepted || standing.answers_our_letter && kind == ReplyKind::Missing {
        return Some(Gate::Settled);
    }
    if is_over_rate(kind, rules, standing, now) {
        return Some(Gate::Rate);
    }
    if standing.bounced_at.is_some_and(|at| now.saturating_sub(at) < BOUNCE_REST) {
        return Some(Gate::Bounced);
    }
    (sender.is_empty()).then_some(Gate::Address)
}

/// How long an address that bounced is left alone. Seconds.
const BOUNCE_REST: i64 = 60 * 24 * 60 * 60;
const DAY: i64 = 24 * 60 * 60;

fn is_over_rate(kind: ReplyKind, rules: &Rules, standing: &Standing, now: i64) -> bool {
    let rates = &rules.gates.rates;
    let same_kind =
        standing.letters_to_sender.iter().any(|(sent, at)| sent == kind.word() && now.saturating_sub(*at) < rates.same_kind_every);
    let today = standing.letters_to_sender.iter().filter(|(_, at)| now.saturating_sub(*at) < DAY).count();
    same_kind
        || u32::try_from(today).is_ok_and(|today| today >= rates.per_sender_a_day)
        || standing.letters_in_thread >= rates.per_thread
        || standing.letters_to_domain_last_hour >= rates.per_domain_an_hour
}

/// Whether a letter that passed every gate may leave by itself.
#[must_use]
pub fn handling(rules: &Rules, standing: &Standing) -> Handling {
    let is_too_many = standing.breaker == Breaker::Tripped || standing.letters_last_hour >= rules.gates.rates.total_an_hour;
    match rules.gates.mode {
        ReplyMode::Send if is_too_many => Handling::Held(HoldReason::Breaker),
        ReplyMode::Send => Handling::AtOnce,
        // A person looks at each of these anyway.
        ReplyMode::Hold | ReplyMode::Off => Handling::Held(HoldReason::Mode),
    }
}

/// More hops than any honest route has.
const MOST_RECEIVED: usize = 25;

fn is_loop(headers: &Headers<'_>, _: &Rules) -> bool {
    is_our_letter(headers) || is_marked(Gate::Loop, headers) || headers.count("received") > MOST_RECEIVED
}

fn is_our_letter(headers: &Headers<'_>) -> bool {
    headers.raw("message-id").is_some_and(|id| id.starts_with(MESSAGE_ID_START.as_bytes())) || headers.count(LOOP_HEADER) > 0
}

/// Whether nobody is to be told about it (RFC 5321 section 4.5.5).
#[must_use]
pub fn is_null_path(headers: &Headers<'_>) -> bool {
    headers.text("return-path").is_some_and(|path| {
        let path = if path.contains(char::is_whitespace) { path.split_whitespace().collect() } else { path };
        // qmail writes `<#@[]>` where even a bounce came back, Postfix asks as `double-bounce` whether an address is there.
        let local = path.trim_matches(['<', '>']).split('@').next().unwrap_or_default();
        let is_local = |name: &&str| name.eq_ignore_ascii_case(local);
        matches!(path.as_ref(), "<>" | "<#@[]>") || ["mailer-daemon", "double-bounce", "autoresponder"].iter().any(is_local)
    })
}

/// Reports, and the answers of calendar programs (RFC 6047), which are reports to them.
fn is_report(headers: &Headers<'_>) -> bool {
    const REPORTS: [&str; 7] = [
        "multipart/report",
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/global-disposition-notification",
        "message/feedback-report",
        "text/calendar",
    ];
    let value = headers.text("content-type").unwrap_or_default();
    let content_type = first_token(&value);
    REPORTS.contains(&content_type.as_str())
        || content_type == "application/pkcs7-mime" && lower(&value).contains("signed-receipt")
        || is_marked(Gate::Report, headers)
}

/// RFC 3834 section 5.2: `no` is the only value of a person's mail; comments and parameters do not count.
fn is_auto_submitted(headers: &Headers<'_>) -> bool {
    headers.all_text("auto-submitted").any(|value| first_token(&value) != "no")
}

/// The first token in lower case, comments (RFC 5322 section 3.2.2) left out.
fn first_token(value: &str) -> String {
    let mut depth = 0_u32;
    let mut token = String::with_capacity(value.len().min(32));
    for character in value.trim_start().chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            ' ' | '\t' if token.is_empty() => {}
            ';' | ' ' | '\t' | ',' => break,
            _ => token.push(character.to_ascii_lowercase()),
        }
    }
    token
}

fn is_list(headers: &Headers<'_>) -> bool {
    let is_list_address = |mailbox: &Mailbox| mailbox.address.as_deref().is_some_and(is_list_address);
    headers.has_any_of("list-") || is_marked(Gate::List, headers) || headers.mailboxes("sender").iter().any(is_list_address)
}

fn is_bulk(headers: &Headers<'_>) -> bool {
    let is_bulk = |word: &str| matches!(word, "bulk" | "junk" | "list" | "spam") || word.starts_with("auto");
    ["precedence", "x-precedence"]
        .iter()
        .flat_map(|name| headers.all_text(name))
        .any(|value| lower(&value).split(|character: char| !character.is_ascii_alphanumeric()).any(is_bulk))
}

/// None, DR, NDR, RN and NRN ask only for the silence of reports.
fn is_suppressed(headers: &Headers<'_>) -> bool {
    is_marked(Gate::Suppress, headers)
        || headers
            .all_text("x-auto-response-suppress")
            .any(|value| lower(&value).split([',', ';']).any(|token| matches!(token.trim(), "all" | "autoreply" | "oof")))
}

fn lower(value: &str) -> String {
    value.to_ascii_lowercase()
}

fn is_own(address: &str, rules: &Rules) -> bool {
    rules.gates.own_addresses.iter().any(|own| own.eq_ignore_ascii_case(address))
}

fn is_unanswerable(headers: &Headers<'_>, rules: &Rules) -> bool {
    let [only] = headers.senders() else { return true };
    let Some(address) = only.address.as_deref() else { return true };
    !is_reachable(address) || is_automatic_address(address) || is_own(address, rules) || rules.is_sender(address)
}

fn is_spam(headers: &Headers<'_>, rules: &Rules) -> bool {
    is_marked(Gate::Spam, headers)
        || (rules.gates.require_authenticated_sender == RequireAuthentication::Never && dmarc(headers, rules).as_deref() == Some("fail"))
}

fn is_not_for_us(headers: &Headers<'_>, rules: &Rules) -> bool {
    let wanted = &rules.gates.addressed_to;
    if wanted.is_empty() {
        return false;
    }
    let places = ["to", "cc", "resent-to", "resent-cc", "delivered-to", "x-original-to", "envelope-to", "x-forwarded-to"];
    !places
        .iter()
        .flat_map(|name| headers.all_text(name))
        .flat_map(|value| mailboxes(&value))
        .filter_map(|mailbox| mailbox.address)
        .any(|address| wanted.iter().any(|own| own.eq_ignore_ascii_case(&address)))
}

fn has_conflicting_headers(headers: &Headers<'_>) -> bool {
    let doubled = ["from", "sender", "reply-to", "date", "message-id"].iter().any(|name| headers.count(name) > 1);
    let answers = headers.mailboxes("reply-to");
    let organisation = |mailbox: &Mailbox| mailbox.address.as_deref().map(organisational_domain);
    let elsewhere = !answers.is_empty()
        && headers
            .senders()
            .first()
            .and_then(organisation)
            .is_some_and(|from| answers.iter().filter_map(organisation).any(|reply_to| reply_to != from));
    doubled || elsewhere
}

/// The DMARC result of the topmost Authentication-Results of a trusted authserv-id (RFC 8601 section 5: others may be forged).
fn dmarc(headers: &Headers<'_>, rules: &Rules) -> Option<String> {
    let trusted = headers.all_text("authentication-results").find(|value| {
        let id = first_token(value);
        rules.gates.trusted_authserv_ids.iter().any(|trusted| trusted.eq_ignore_ascii_case(&id))
    })?;
    trusted.split(';').find_map(|result| result.trim().strip_prefix("dmarc=").map(first_token))
}

fn is_unauthenticated(headers: &Headers<'_>, rules: &Rules) -> bool {
    match rules.gates.require_authenticated_sender {
        RequireAuthentication::Never => false,
        RequireAuthentication::IfReported => dmarc(headers, rules).as_deref() == Some("fail"),
        RequireAuthentication::Always => dmarc(headers, rules).as_deref() != Some("pass"),
    }
}

#[cfg(test)]
mod tests;
