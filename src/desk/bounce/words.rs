//! What mail systems say to people. Compared after folding: case, width and blanks do not count.

use std::sync::LazyLock;

use crate::desk::text::fold::fold;

/// Nobody has the address.
const UNKNOWN: [&str; 37] = [
    "user unknown",
    "unknown user",
    "no such user",
    "no such recipient",
    "no such address",
    "no such mailbox",
    "no such account",
    "unknown recipient",
    "recipient unknown",
    "unknown address",
    "unknown local",
    "user not found",
    "recipient not found",
    "address not found",
    "mailbox not found",
    "account not found",
    "user doesn't exist",
    "account that you tried to reach does not exist",
    "address does not exist",
    "mailbox does not exist",
    "recipient does not exist",
    "user does not exist",
    "address couldn't be found",
    "wasn't found at",
    "no mailbox here by that name",
    "not a valid mailbox",
    "invalid recipient",
    "invalid mailbox",
    "unrouteable address",
    "host or domain name not found",
    "domain doesn't exist",
    "宛先が見つかりません",
    "アドレスが見つかりません",
    "ユーザーが見つかりません",
    "アドレスは存在しません",
    "アドレスが存在しません",
    "宛先不明",
];

/// Something was not delivered, for whatever reason.
const FAILED: [&str; 30] = [
    "could not be delivered",
    "couldn't be delivered",
    "cannot be delivered",
    "can't be delivered",
    "was not delivered",
    "wasn't delivered",
    "not been delivered",
    "wasn't able to deliver",
    "not able to deliver",
    "unable to deliver",
    "undeliverable",
    "undelivered",
    "delivery failed",
    "delivery has failed",
    "delivery failure",
    "failed permanently",
    "permanent error",
    "permanent fatal errors",
    "permanent failure",
    "returned to sender",
    "did not reach the following recipient",
    "mailbox is full",
    "quota exceeded",
    "over quota",
    "配信できません",
    "配信されません",
    "配送できません",
    "送信できません",
    "届けることができません",
    "お届けできません",
];

/// It will not arrive, however politely the rest is put.
const FOR_GOOD: [&str; 6] =
    ["failed permanently", "permanent error", "permanent fatal errors", "permanent failure", "delivery has failed", "i've given up"];

/// The address is there: it is full, or something filters what comes to it.
const OTHERWISE: [&str; 27] = [
    "quota",
    "mailbox is full",
    "mailbox full",
    "insufficient storage",
    "too large",
    "size limit",
    "spam",
    "blocked",
    "blacklist",
    "blocklist",
    "block list",
    "denied by policy",
    "policy violation",
    "relay access denied",
    "relaying denied",
    "unable to relay",
    "rate limit",
    "greylist",
    "sender address rejected",
    "sender rejected",
    "sender verify",
    "spf",
    "dkim",
    "dmarc",
    "迷惑",
    "容量",
    "受信拒否",
];

/// It may still arrive.
const DELAYED: [&str; 13] = [
    "do not need to resend",
    "will continue to try",
    "will keep trying",
    "will be retried",
    "delivery attempts will continue",
    "delivery is delayed",
    "has been delayed",
    "delivery delayed",
    "still trying",
    "warning: could not send message",
    "not yet been delivered",
    "まだ配信されていません",
    "再送を試みます",
];

/// Above the copy of the letter in a report without parts.
const COPIES: [&str; 9] = [
    "below this line is a copy of the message",
    "this is a copy of the message",
    "this is a copy of your message",
    "original message follows",
    "original message headers",
    "original message header",
    "the header of the original message",
    "your message follows",
    "元のメッセージ",
];

type Folded = LazyLock<Vec<String>>;

fn folded(words: &[&str]) -> Vec<String> {
    words.iter().map(|words| fold(words).into_owned()).collect()
}

static FOLDED_UNKNOWN: Folded = LazyLock::new(|| folded(&UNKNOWN));
static FOLDED_FAILED: Folded = LazyLock::new(|| folded(&FAILED));
static FOLDED_DELAYED: Folded = LazyLock::new(|| folded(&DELAYED));
static FOLDED_FOR_GOOD: Folded = LazyLock::new(|| folded(&FOR_GOOD));
static FOLDED_OTHERWISE: Folded = LazyLock::new(|| folded(&OTHERWISE));
static FOLDED_COPIES: Folded = LazyLock::new(|| folded(&COPIES));

fn says(text: &str, words: &[String]) -> bool {
    words.iter().any(|words| memchr::memmem::find(text.as_bytes(), words.as_bytes()).is_some())
}

/// Whether a folded text says that nobody has the address.
pub fn says_unknown(text: &str) -> bool {
    says(text, &FOLDED_UNKNOWN)
}

/// Whether a folded text says that something was not delivered.
pub fn says_failed(text: &str) -> bool {
    says(text, &FOLDED_FAILED) || says_unknown(text)
}

/// Whether a folded text says that it will never be delivered.
pub fn says_failed_for_good(text: &str) -> bool {
    says(text, &FOLDED_FOR_GOOD)
}

/// Whether a folded text says that the address is there.
pub fn says_otherwise(text: &str) -> bool {
    says(text, &FOLDED_OTHERWISE)
}

/// Whether a folded text says that it may still arrive.
pub fn says_delayed(text: &str) -> bool {
    says(text, &FOLDED_DELAYED)
}

/// Where the copy of the letter begins: at a line that announces it, or at its own first field; the text's length where there is none.
pub fn start_of_copy(text: &str) -> usize {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let is_header = ["Return-Path:", "Received:", "From:"]
            .iter()
            .any(|name| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)));
        if is_header || says(&fold(line), &FOLDED_COPIES) {
            return at;
        }
        at += line.len();
    }
    at
}
