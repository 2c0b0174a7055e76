//! `check`: every problem of the configuration at once, then a login to each server. Changes nothing, and sends nothing but the test letter
//! that `--send-test` asks for.

use std::io;
use std::path::Path;

use super::Failure;
use super::output::say;
use crate::clock;
use crate::config::{self, Configuration, Relay};
use crate::courier::{self, Claimed, LetterId};
use crate::desk::gate::is_deliverable;
use crate::desk::rules::ReplyMode;
use crate::desk::text::fold::printable;
use crate::mailbox::{self, Support};
use crate::secretary;
use crate::store;
use crate::token::Credentials;

/// How far the check goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    Offline,
    Servers,
    /// To the servers, and a test letter to this address by each SMTP server.
    TestLetter(String),
}

impl Reach {
    /// What the arguments ask for.
    pub fn of(offline: bool, send_test: Option<String>) -> Self {
        match send_test {
            Some(address) => Self::TestLetter(address),
            None if offline => Self::Offline,
            None => Self::Servers,
        }
    }
}

pub fn check(path: &Path, reach: &Reach) -> Result<(), Failure> {
    let configuration = config::load(path)?;
    say!("設定  {}  問題ありません", path.display());
    let mut problems = 0_usize;
    problems += usize::from(!store_is_usable(&configuration)?);
    let recipient = match reach {
        Reach::TestLetter(address) if !is_deliverable(address) => {
            return Err(Failure::Failed(format!("{address:?} is not an address that mail can be sent to")));
        }
        Reach::TestLetter(address) => Some(address.as_str()),
        Reach::Offline | Reach::Servers => None,
    };
    if *reach != Reach::Offline {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| Failure::of(&error))?;
        problems += runtime.block_on(servers(&configuration, recipient))?;
    }
    advise(&configuration)?;
    if problems == 0 { Ok(()) } else { Err(Failure::ProblemsFound(format!("{problems} problem(s) found"))) }
}

fn store_is_usable(configuration: &Configuration) -> io::Result<bool> {
    let path = &configuration.store;
    let is_usable = if path.exists() {
        store::open_for_reading(path).map(|_| ()).map_err(|error| error.to_string())
    } else {
        match path.parent() {
            Some(folder) if folder.is_dir() || folder.as_os_str().is_empty() => Ok(()),
            _ => Err("its folder does not exist; create it, owned by the service's user".to_owned()),
        }
    };
    match is_usable {
        Ok(()) => {
            say!("記録  {}  問題ありません", path.display());
            Ok(true)
        }
        Err(sentence) => {
            say!("記録  {}  使えません: {sentence}", path.display());
            Ok(false)
        }
    }
}

/// Said in the place of a login.
const LEFT_OUT: &str = "デーモンが動いているため、ログインは試しません（更新トークンは一度しか使えません）。uketsuke status をご覧ください";

/// Whether a login here could use up a refresh token that the running daemon is about to use.
fn is_asked_for_by_the_daemon(credentials: &Credentials, configuration: &Configuration) -> bool {
    matches!(credentials, Credentials::Token(tokens) if tokens.are_exchanged()) && store::is_served(&configuration.store)
}

async fn servers(configuration: &Configuration, recipient: Option<&str>) -> io::Result<usize> {
    let mut problems = 0;
    for account in &configuration.accounts {
        let place = format!("IMAP  {}  {}:{} {}", account.account, account.host, account.port, account.folder);
        if is_asked_for_by_the_daemon(&account.credentials, configuration) {
            say!("{place}  {LEFT_OUT}");
            continue;
        }
        match mailbox::probe(account).await {
            Ok(report) => {
                say!(
                    "{place}  ログインできました（{}通、IDLE {}、MOVE {}、UIDPLUS {}）",
                    report.exists,
                    shown(report.idle),
                    shown(report.moving),
                    shown(report.uidplus)
                );
            }
            Err(error) => {
                say!("{place}  使えません: {error}");
                problems += 1;
            }
        }
    }
    for relay in &configuration.relays {
        let server = &relay.settings;
        let place =
            format!("SMTP  {}{}:{}", relay.account.as_ref().map_or_else(String::new, |name| format!("{name}  ")), server.host, server.port);
        if server.login.as_ref().is_some_and(|login| is_asked_for_by_the_daemon(&login.credentials, configuration)) {
            say!("{place}  {LEFT_OUT}");
            if recipient.is_some() {
                say!("{place}  試験メールは送っていません");
                problems += 1;
            }
            continue;
        }
        match courier::probe(server).await {
            Ok(report) => {
                let login = report.logged_in.map_or_else(|| "ログインなし".to_owned(), |user| format!("{user} でログインできました"));
                say!("{place}  {login}");
            }
            Err(error) => {
                say!("{place}  使えません: {error}");
                problems += 1;
                continue;
            }
        }
        if let Some(address) = recipient {
            problems += usize::from(!test_letter_goes_out(relay, address, configuration, &place).await?);
        }
    }
    if recipient.is_some() && configuration.relays.is_empty() {
        say!("SMTP  試験メールは送れません: [smtp] host がありません");
        problems += 1;
    }
    Ok(problems)
}

/// Sends the letter that the operator asked for, in the name that applicants would see.
async fn test_letter_goes_out(relay: &Relay, address: &str, configuration: &Configuration, place: &str) -> io::Result<bool> {
    let (judging, now) = (&configuration.judging, clock::now());
    let sender = judging.sender(relay.account.as_deref().unwrap_or_default());
    let letter = secretary::test_letter(address, sender, &judging.office.shown(now), now);
    let claimed = Claimed {
        id: LetterId(0),
        attempt: 1,
        envelope_from: relay.envelope_from.clone(),
        recipient: letter.recipient,
        bytes: letter.bytes,
    };
    match courier::send(&relay.settings, &claimed).await {
        Ok(reply) => {
            say!("{place}  試験メールを {address} に送りました（{}）", printable(&reply.to_string(), 200));
            Ok(true)
        }
        Err(error) => {
            say!("{place}  試験メールを送れません: {error}");
            Ok(false)
        }
    }
}

const fn shown(support: Support) -> &'static str {
    match support {
        Support::Yes => "あり",
        Support::No => "なし",
        Support::Unknown => "不明",
    }
}

/// Things that are allowed, and that an operator should know.
fn advise(configuration: &Configuration) -> io::Result<()> {
    let mode = configuration.judging.rules.gates.mode;
    say!(
        "返信  {}",
        match mode {
            ReplyMode::Off => "送りません（reply.mode = \"off\"）",
            ReplyMode::Hold => "人が確かめるまで保留します（reply.mode = \"hold\"）",
            ReplyMode::Send => "自動で送ります（reply.mode = \"send\"）",
        }
    );
    for account in configuration.judging.silent_accounts.iter().filter(|_| mode != ReplyMode::Off) {
        say!("      アカウント {account} に届いたメールには返信しません（answers = false）。");
    }
    if mode != ReplyMode::Off && configuration.relays.iter().any(|relay| relay.envelope_from.is_none()) {
        say!("      エンベロープの差出人は <> です。SPFはEHLOの名前で調べられるため、送信サーバーでDKIM署名を付けてください。");
    }
    Ok(())
}
