//! Whether letters could be sent now: without sending one, or with a single one that the operator asked for.
//!
//! Promises: [`probe`] connects, protects, greets, logs in and says QUIT, exactly as [`super::run`] would; no MAIL, nothing stored.
//! Rejected: a test letter to ourselves by default; `check` must be harmless on a production machine.

use tokio::sync::watch;

use super::failure::Failure;
use super::letter::{Letter, LetterError};
use super::outbox::Claimed;
use super::reply::Reply;
use super::session::Session;
use super::settings::Settings;
use crate::wire::Security;

/// What the server offers, for the operator's eyes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeReport {
    pub security: Security,
    /// The user that was logged in, None where no login is configured.
    pub logged_in: Option<String>,
    /// Each line of the last EHLO as the server wrote it.
    pub extensions: Vec<String>,
    pub delivery_reports: DeliveryReports,
    /// In bytes, where the server names one.
    pub size_limit: Option<u64>,
}

/// Whether the server can be told to send no delivery reports about our letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryReports {
    /// DSN is offered: each letter goes out with NOTIFY=NEVER.
    CanBeSwitchedOff,
    /// A bounce may come back to the envelope sender; with the null path there is none.
    UpToTheServer,
}

/// Why a single letter did not go out.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error(transparent)]
    Letter(#[from] LetterError),
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Sends one letter in a session of its own, and gives the server's answer. For an operator who waits: nothing is kept, nothing tried again.
///
/// # Errors
/// [`SendError`] of the first step that did not work, with its remedy.
pub async fn send(settings: &Settings, claimed: &Claimed) -> Result<Reply, SendError> {
    let letter = Letter::parse(claimed)?;
    let mut session = Session::open(settings).await?;
    session.envelope(&letter).await?;
    let (_running, stop) = watch::channel(false);
    let reply = session.transmit(&letter, stop).await?;
    session.quit().await;
    Ok(reply)
}

/// Tries a session.
///
/// # Errors
/// [`Failure`] of the first phase that did not work, with its remedy.
pub async fn probe(settings: &Settings) -> Result<ProbeReport, Failure> {
    let session = Session::open(settings).await?;
    let extensions = session.extensions().clone();
    session.quit().await;
    let delivery_reports = if extensions.offers("DSN") { DeliveryReports::CanBeSwitchedOff } else { DeliveryReports::UpToTheServer };
    Ok(ProbeReport {
        security: settings.security,
        logged_in: settings.login.as_ref().map(|login| login.user.clone()),
        size_limit: extensions.size_limit(),
        extensions: extensions.lines().to_vec(),
        delivery_reports,
    })
}
