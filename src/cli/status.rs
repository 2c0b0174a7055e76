//! `status`: how the office is, for an operator at three in the morning: what is wrong first.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::Failure;
use super::output::{Form, json_line, local, say, table};
use crate::clock;
use crate::config::{self, Viewing};
use crate::store::query::{self, Part, Status};
use crate::store::{StoreError, is_served, open_for_reading};

pub fn status(path: &Path, form: Form) -> Result<(), Failure> {
    let configuration = viewing(path)?;
    let connection = open_for_reading(&configuration.store).map_err(|error| unopened(&configuration.store, &error))?;
    let status = query::status(&connection).map_err(|error| Failure::of(&error))?;
    let service = if is_served(&configuration.store) { Service::Running } else { Service::Stopped };
    let troubles = troubles(&status, service, &configuration.zone, clock::now());
    match form {
        Form::Json => json_line(&as_json(&status, service, &troubles))?,
        Form::Text => as_text(&status, &troubles, &configuration.zone)?,
    }
    Ok(())
}

/// The configuration, as far as looking needs it; what is wrong with it is said and does not stop the look.
pub fn viewing(path: &Path) -> Result<Viewing, Failure> {
    let viewing = config::load_viewing(path)?;
    if !viewing.problems.is_empty() {
        eprintln!("uketsuke: the configuration {} has {} problem(s); `uketsuke check` lists them", path.display(), viewing.problems.len());
    }
    Ok(viewing)
}

/// Whether a daemon holds the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Running,
    Stopped,
}

/// A mailbox that was not seen for so long is no longer watched, whatever its last word was. Seconds; three refreshes of IDLE.
const STALE: i64 = 15 * 60;

/// The store is not there, or cannot be read.
pub fn unopened(path: &Path, error: &StoreError) -> Failure {
    if path.exists() {
        Failure::Failed(format!("the store {}: {error}", path.display()))
    } else {
        Failure::Failed(format!(
            "there is no store {} yet; it is created when the daemon starts (systemctl start uketsuke)",
            path.display()
        ))
    }
}

fn counts(pairs: &[(String, u64)]) -> Value {
    Value::Object(pairs.iter().map(|(word, count)| (word.clone(), json!(count))).collect::<Map<_, _>>())
}

fn as_json(status: &Status, service: Service, troubles: &[String]) -> Value {
    json!({
        "healthy": troubles.is_empty(),
        "running": service == Service::Running,
        "troubles": troubles,
        "parts": status.parts,
        "mailboxes": status.mailboxes,
        "verdicts": counts(&status.verdicts),
        "waiting": status.waiting,
        "waiting_since": status.waiting_since,
        "outbox": counts(&status.letters),
        "quarantined": status.quarantined,
        "filings_refused": status.filings_refused,
        "unreachable": status.unreachable,
        "withheld": counts(&status.withheld),
        "breaker": status.breaker,
        "bounced": status.bounced,
        "overdue": status.overdue,
        "last_error": last_error(status).map(|part| json!({"part": part.part, "sentence": part.sentence, "at": part.changed_at})),
    })
}

fn last_error(status: &Status) -> Option<&Part> {
    status.parts.iter().filter(|part| part.sentence.is_some()).max_by(|one, other| one.changed_at.cmp(&other.changed_at))
}

fn count(pairs: &[(String, u64)], word: &str) -> u64 {
    pairs.iter().find(|(known, _)| known == word).map_or(0, |(_, count)| *count)
}

/// A mail that waits for its verdict so long waits for more than its turn. Seconds.
const UNJUDGED: i64 = 5 * 60;

fn is_stale(part: &Part, now: i64) -> bool {
    part.part.starts_with("account:") && is_before(part.last_success_at.as_deref(), now.saturating_sub(STALE))
}

/// Whether a stored time lies before a point in time (UTC seconds).
fn is_before(stored: Option<&str>, point: i64) -> bool {
    stored.and_then(|at| at.parse::<jiff::Timestamp>().ok()).is_some_and(|at| at.as_second() < point)
}

/// What somebody should look at, one line each, the worst first.
fn troubles(status: &Status, service: Service, zone: &jiff::tz::TimeZone, now: i64) -> Vec<String> {
    let mut lines = Vec::new();
    if service == Service::Stopped {
        lines.push("デーモンが動いていません（systemctl start uketsuke。理由は journalctl -u uketsuke）".to_owned());
    }
    for part in &status.parts {
        if let Some(sentence) = &part.sentence {
            lines.push(format!("{}: {sentence}", part.part));
        } else if service == Service::Running && is_stale(part, now) {
            lines.push(format!("{}: {}分以上、メールボックスを確認できていません（journalctl -u uketsuke）", part.part, STALE / 60));
        }
    }
    if service == Service::Running && is_before(status.waiting_since.as_deref(), now.saturating_sub(UNJUDGED)) {
        lines.push(format!(
            "{}通が、{}分以上判定されていません（ディスクの空きと journalctl -u uketsuke を確かめてください）",
            status.waiting,
            UNJUDGED / 60
        ));
    }
    if let Some(breaker) = &status.breaker {
        lines.push(format!(
            "返信が1時間に{}通に達したため、{}から返信をすべて保留しています（uketsuke outbox list で確かめ、uketsuke outbox resume で再開してください）",
            breaker.letters,
            local(&breaker.tripped_at, zone)
        ));
    }
    let letters = |state: &str| count(&status.letters, state);
    for (number, line) in [
        (letters("unknown"), "通の返信は、届いたかどうか分かりません（uketsuke outbox list で確かめ、retry か cancel を選んでください）"),
        (letters("refused"), "通の返信は、相手のサーバーに断られました（uketsuke outbox list）"),
        (status.bounced, "通の返信は、この1週間に相手へ届かず戻ってきました（uketsuke outbox list）"),
        (status.overdue, "通の返信が、1時間以上送信を待っています（[smtp] の設定と journalctl -u uketsuke を確かめてください）"),
        (status.quarantined, "通のメールを、サーバーから取り寄せられません（自動で再試行します）"),
    ] {
        if number > 0 {
            lines.push(format!("{number}{line}"));
        }
    }
    lines
}

/// What waits for a person, or was settled without one; nothing of it is a fault of the office.
fn waiting_for_people(status: &Status) -> Vec<String> {
    [
        (count(&status.verdicts, "review"), "通が、人の確認を待っています（uketsuke list --verdict review）"),
        (count(&status.letters, "held"), "通の返信が、送信の許可を待っています（uketsuke outbox list）"),
        (status.unreachable, "通の提出は、差出人のアドレスに返信できないものです（uketsuke list で確かめてください）"),
        (status.filings_refused, "通のメールは、判定後に整理できず、元の場所にあります"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, line)| format!("{number}{line}"))
    .collect()
}

fn as_text(status: &Status, troubles: &[String], zone: &jiff::tz::TimeZone) -> Result<(), Failure> {
    if troubles.is_empty() {
        say!("異常はありません。");
    } else {
        say!("確認が必要です:");
        for line in troubles {
            say!("  ! {line}");
        }
    }
    for line in waiting_for_people(status) {
        say!("  ・ {line}");
    }
    say!("");
    let mut rows = Vec::new();
    for part in &status.parts {
        let seen = part.last_success_at.as_deref().map_or_else(|| "まだありません".to_owned(), |at| local(at, zone));
        let mails = part.mails.map_or_else(String::new, |mails| format!("{mails}通"));
        let retry = part.retry_at.as_deref().map_or_else(String::new, |at| format!("次の再試行 {}", local(at, zone)));
        rows.push(vec![part.part.clone(), part.state.clone(), format!("最後の成功 {seen}"), mails, retry]);
    }
    for mailbox in &status.mailboxes {
        let backlog = mailbox.backlog_until.map_or_else(String::new, |until| format!("以前のメールを読み込み中（UID {until}まで）"));
        rows.push(vec![
            format!("folder:{}", mailbox.folder),
            mailbox.account.clone(),
            format!("次のUID {}", mailbox.next_uid),
            format!("UIDVALIDITY {}", mailbox.uidvalidity),
            backlog,
        ]);
    }
    table(&rows)?;
    say!("");
    let words = |pairs: &[(String, u64)]| {
        if pairs.is_empty() {
            "まだありません".to_owned()
        } else {
            pairs.iter().map(|(word, count)| format!("{word} {count}")).collect::<Vec<_>>().join("  ")
        }
    };
    say!("判定      {}", words(&status.verdicts));
    let since = status.waiting_since.as_deref().map_or_else(String::new, |at| format!("（{} から）", local(at, zone)));
    say!("判定待ち  {}{since}", status.waiting);
    say!("返信      {}", words(&status.letters));
    if !status.withheld.is_empty() {
        say!("返信なし  {}", words(&status.withheld));
    }
    Ok(())
}
