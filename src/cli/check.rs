//! `check`: every problem of the configuration at once, then a login to each server. Sends nothing and changes nothing.

use std::io;
use std::path::Path;

use super::Failure;
use super::output::say;
use crate::config::{self, Configuration};
use crate::courier;
use crate::desk::rules::ReplyMode;
use crate::mailbox::{self, Support};
use crate::store;
use crate::token::Credentials;

/// How far the check goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Offline,
    Servers,
}

pub fn check(path: &Path, reach: Reach) -> Result<(), Failure> {
    let configuration = config::load(path)?;
    say!("設定  {}  問題ありません", path.display());
    let mut problems = 0_usize;
    problems += usize::from(!store_is_usable(&configuration)?);
    if reach == Reach::Servers {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| Failure::of(&error))?;
        problems += runtime.block_on(servers(&configuration))?;
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

async fn servers(configuration: &Configuration) -> io::Result<usize> {
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
    if let Some(server) = &configuration.courier {
        let place = format!("SMTP  {}:{}", server.host, server.port);
        if server.login.as_ref().is_some_and(|login| is_asked_for_by_the_daemon(&login.credentials, configuration)) {
            say!("{place}  {LEFT_OUT}");
            return Ok(problems);
        }
        match courier::probe(server).await {
            Ok(report) => {
                let login = report.logged_in.map_or_else(|| "ログインなし".to_owned(), |user| format!("{user} でログインできました"));
                say!("{place}  {login}");
            }
            Err(error) => {
                say!("{place}  使えません: {error}");
                problems += 1;
            }
        }
    }
    Ok(problems)
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
    if mode != ReplyMode::Off && configuration.envelope_from.is_none() {
        say!("      エンベロープの差出人は <> です。SPFはEHLOの名前で調べられるため、送信サーバーでDKIM署名を付けてください。");
    }
    Ok(())
}
