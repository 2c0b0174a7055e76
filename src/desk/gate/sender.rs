//! Addresses: which are programs', which can be written to, and which belong together.
//!
//! Promises: decided on the address alone. Rejected: a list of public suffixes; Japan's second-level domains are few.

use std::borrow::Cow;

use crate::desk::text::address::{local_and_domain, postal};

/// Whether a program, not a person, writes from this address.
#[must_use]
pub fn is_automatic_address(address: &str) -> bool {
    is_automatic_local_part(&local_part(address))
}

/// Whether mail systems themselves write from this address.
#[must_use]
pub fn is_mail_system(address: &str) -> bool {
    is_mail_system_local_part(&local_part(address))
}

/// In lower case; most need no copy for it.
fn local_part(address: &str) -> Cow<'_, str> {
    let local = local_and_domain(address).map_or(address, |(local, _)| local);
    if local.bytes().any(|byte| byte.is_ascii_uppercase()) { Cow::Owned(local.to_ascii_lowercase()) } else { Cow::Borrowed(local) }
}

/// Hyphens and underscores do not count: `mailer_daemon`, `MAILER-DAEMON`, `maildeliverydaemon`, `post-master`, and a slip that is seen.
fn is_mail_system_local_part(local: &str) -> bool {
    // Most people's begin with another letter.
    let first = local.bytes().find(u8::is_ascii_alphanumeric);
    if !matches!(first, Some(b'm' | b'p' | b'd')) {
        return false;
    }
    let plain: String = local.chars().filter(|character| character.is_ascii_alphanumeric()).collect();
    let is_daemon = plain.starts_with("mail") && (plain.contains("daemon") || plain.contains("deamon"));
    is_daemon || plain.starts_with("postmaster") || plain == "doublebounce"
}

/// Whether a list manages its members, or its bounces, under this address.
#[must_use]
pub fn is_list_address(address: &str) -> bool {
    is_list_local_part(&local_part(address))
}

const LIST_STARTS: [&str; 5] = ["owner-", "bounces+", "bounce+", "bounces-", "bounce-"];
const LIST_ENDS: [&str; 5] = ["-request", "-owner", "+owner", "-bounces", "-bounce"];

fn is_list_local_part(local: &str) -> bool {
    // Most people's hold neither sign.
    if memchr::memchr2(b'-', b'+', local.as_bytes()).is_none() {
        return false;
    }
    LIST_STARTS.iter().any(|start| local.starts_with(start))
        || LIST_ENDS.iter().any(|end| local.ends_with(end))
        // VERP: `list-bounces+taro=example.jp@…`.
        || local.contains("-bounces+")
}

/// Local parts that are a program's as a whole.
const AUTOMATIC_LOCAL_PARTS: [&str; 15] = [
    "bounce",
    "bounces",
    "daemon",
    "root",
    "nobody",
    "uucp",
    "mailer",
    "www-data",
    "wordpress",
    "listserv",
    "majordomo",
    "sympa",
    "mailman",
    "smartlist",
    "automated-response",
];

/// Words that only programs have anywhere in their local part.
const AUTOMATIC_WORDS: [&str; 12] = [
    "noreply",
    "no-reply",
    "no_reply",
    "no.reply",
    "donotreply",
    "do-not-reply",
    "do_not_reply",
    "autoreply",
    "auto-reply",
    "auto_reply",
    "autoresponder",
    "auto-responder",
];

/// Rewritten paths (SRS, BATV).
const AUTOMATIC_STARTS: [&str; 5] = ["srs0=", "srs1=", "srs0+", "prvs=", "msprvs1="];

/// Stand in each of the words; most addresses lack one.
const IN_AUTOMATIC_WORDS: [u8; 2] = [b'p', b'r'];

fn is_automatic_local_part(local: &str) -> bool {
    AUTOMATIC_LOCAL_PARTS.contains(&local)
        || is_mail_system_local_part(local)
        || is_list_local_part(local)
        || IN_AUTOMATIC_WORDS.iter().all(|letter| local.as_bytes().contains(letter))
            && AUTOMATIC_WORDS.iter().any(|word| local.contains(word))
        || local.contains(['=', '+']) && AUTOMATIC_STARTS.iter().any(|start| local.starts_with(start))
}

/// Domains that RFC 2606 and RFC 6761 reserve, and that no applicant has. `example.*` stays answerable: tests and demos live there.
const RESERVED_DOMAINS: [&str; 5] = [".invalid", ".localhost", ".local", ".onion", ".internal"];

/// Whether a letter can be addressed there: dot-atom, length and a domain with a dot (RFC 5321 section 4.1.2, 4.5.3.1).
/// Old mobile addresses (`a..b@`, `a.@`) are no dot-atoms; many servers refuse them, so the operator is shown the sender instead.
#[must_use]
pub fn is_deliverable(address: &str) -> bool {
    let Some((local, domain)) = local_and_domain(address) else { return false };
    let is_atom = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'/'
                    | b'='
                    | b'?'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'{'
                    | b'|'
                    | b'}'
                    | b'~'
                    | b'.'
            )
    };
    let local_fits = (1..=64).contains(&local.len())
        && local.bytes().all(is_atom)
        && local.as_bytes().split(|byte| *byte == b'.').all(|atom| !atom.is_empty());
    let labels = || domain.as_bytes().split(|byte| *byte == b'.');
    let labels_fit = domain.len() <= 253
        && labels().count() > 1
        && labels().all(|label| {
            (1..=63).contains(&label.len())
                && label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
                && !label.starts_with(b"-")
                && !label.ends_with(b"-")
        })
        && labels().next_back().is_some_and(|top| !top.iter().all(u8::is_ascii_digit));
    local_fits && labels_fit && !RESERVED_DOMAINS.iter().any(|reserved| ends_with(domain, reserved))
}

fn ends_with(domain: &str, end: &str) -> bool {
    domain.len().checked_sub(end.len()).and_then(|at| domain.get(at..)).is_some_and(|found| found.eq_ignore_ascii_case(end))
}

/// Whether an applicant there can be written to: as [`is_deliverable`], and with letters of any script (RFC 6531).
#[must_use]
pub fn is_reachable(address: &str) -> bool {
    if address.is_ascii() {
        return is_deliverable(address);
    }
    let Some((local, domain)) =
        postal(address).and_then(|address| local_and_domain(&address).map(|(local, domain)| (local.to_owned(), domain.to_owned())))
    else {
        return false;
    };
    let plain: String = local.chars().map(|one| if !one.is_ascii() && one.is_alphanumeric() { 'x' } else { one }).collect();
    local.len() <= 64 && is_deliverable(&format!("{plain}@{domain}"))
}

/// The last two labels, or three below Japanese second-level domains (`co.jp`, `or.jp`, prefectures' `lg.jp` …).
#[must_use]
pub fn organisational_domain(address: &str) -> String {
    let domain = local_and_domain(address).map_or(address, |(_, domain)| domain).to_ascii_lowercase();
    let labels: Vec<&str> = domain.split('.').collect();
    let second = labels.len().checked_sub(2).and_then(|at| labels.get(at)).copied().unwrap_or_default();
    let count = if matches!(second, "co" | "or" | "ne" | "ac" | "ed" | "go" | "gr" | "lg" | "ad" | "com" | "org" | "net") { 3 } else { 2 };
    labels.iter().rev().take(count).rev().copied().collect::<Vec<_>>().join(".")
}
