//! `letter`: a letter as an applicant would get it, so that an office reads what it will say before it says it.

use std::io::Write as _;
use std::path::Path;

use super::Failure;
use super::output::say;
use crate::clock;
use crate::config::{self, Judging};
use crate::desk::letter::Occasion;
use crate::desk::message::Message;
use crate::desk::notice::OTHER;
use crate::desk::rules::Limits;
use crate::desk::template::{MENTIONED, is_mentioned};
use crate::desk::words::{FindingCode, ReplyKind};
use crate::secretary::{self, Case};

#[derive(Debug, clap::Args)]
pub struct Letter {
    /// missing, wrong_type or accepted
    kind: String,
    /// What was found (repeatable); without it, what such a letter usually says
    #[arg(long = "finding", value_name = "CODE")]
    findings: Vec<String>,
    /// The kind of notice that was found, an `id` of [[notices]] or `other` (repeatable)
    #[arg(long = "notice", value_name = "ID")]
    notices: Vec<String>,
    /// In the name of this account; without it, the first one
    #[arg(long)]
    account: Option<String>,
    /// The bytes that would be sent
    #[arg(long)]
    raw: bool,
}

pub fn letter(path: &Path, wish: &Letter) -> Result<(), Failure> {
    let judging = config::load_letters(path)?;
    let kind = ReplyKind::of_word(&wish.kind).ok_or_else(|| {
        Failure::Failed(format!("there is no letter {:?}; there are {}", wish.kind, words(ReplyKind::ALL, ReplyKind::word)))
    })?;
    let letter = secretary::letter(kind, &case(kind, wish, &judging)?, &judging).map_err(|error| Failure::of(&error))?;
    if wish.raw {
        std::io::stdout().lock().write_all(&letter.bytes)?;
    } else {
        print(&letter.bytes)?;
    }
    Ok(())
}

fn words<T: Copy>(all: &[T], word: impl Fn(T) -> &'static str) -> String {
    all.iter().map(|one| word(*one)).collect::<Vec<_>>().join(", ")
}

/// A case that this letter fits, with a receipt number that nobody has.
fn case<'a>(kind: ReplyKind, wish: &'a Letter, judging: &'a Judging) -> Result<Case<'a>, Failure> {
    let now = clock::now();
    let accounts = &judging.senders.by_account;
    let account = match &wish.account {
        None => accounts.first().map(|(name, _)| name.as_str()).unwrap_or_default(),
        Some(named) => match accounts.iter().find(|(name, _)| name == named) {
            Some((name, _)) => name,
            None => return Err(Failure::Failed(format!("there is no account {named:?} in the configuration"))),
        },
    };
    let occasion = Occasion {
        recipient: "applicant@example.jp",
        receipt: "00000000-000000",
        fingerprint: "0000000000000000",
        message_id: None,
        references: &[],
        now,
    };
    Ok(Case { account, occasion, received: now, kinds: kinds(kind, wish, judging)?, findings: findings(kind, wish)? })
}

fn findings(kind: ReplyKind, wish: &Letter) -> Result<Vec<FindingCode>, Failure> {
    if wish.findings.is_empty() {
        return Ok(match kind {
            ReplyKind::Missing => vec![FindingCode::NoNotice],
            ReplyKind::WrongType => vec![FindingCode::WrongKind],
            ReplyKind::Accepted => Vec::new(),
        });
    }
    let read = |word: &String| {
        FindingCode::of_word(word).filter(|code| is_mentioned(*code)).ok_or_else(|| {
            Failure::Failed(format!("letters say nothing about {word:?}; they speak of {}", words(&MENTIONED, FindingCode::word)))
        })
    };
    wish.findings.iter().map(read).collect()
}

fn kinds<'a>(kind: ReplyKind, wish: &'a Letter, judging: &'a Judging) -> Result<Vec<&'a str>, Failure> {
    let rules = &judging.rules;
    for id in &wish.notices {
        if rules.kind(id).is_none() && id != OTHER {
            let known: Vec<&str> = rules.kinds.iter().map(|kind| kind.id.as_str()).collect();
            return Err(Failure::Failed(format!("there is no [[notices]] with the id {id:?}; there are {}, {OTHER}", known.join(", "))));
        }
    }
    if !wish.notices.is_empty() {
        return Ok(wish.notices.iter().map(String::as_str).collect());
    }
    let usual = |accepted: bool| rules.kinds.iter().map(|kind| kind.id.as_str()).find(|id| rules.accepts(id) == accepted);
    Ok(match kind {
        ReplyKind::Missing => Vec::new(),
        ReplyKind::WrongType => vec![usual(false).unwrap_or(OTHER)],
        ReplyKind::Accepted => usual(true).into_iter().collect(),
    })
}

/// What a mail reader shows of a letter.
pub fn print(bytes: &[u8]) -> std::io::Result<()> {
    let message = Message::parse(bytes, &Limits::default());
    for (label, name) in [("差出人", "from"), ("宛先", "to"), ("返信先", "reply-to"), ("件名", "subject"), ("番号", "message-id")]
    {
        if let Some(value) = message.headers.text(name) {
            say!("{label}\t{value}");
        }
    }
    say!("");
    for part in &message.parts {
        say!("{}", part.text(1 << 20).text.replace("\r\n", "\n").trim_end());
    }
    Ok(())
}
