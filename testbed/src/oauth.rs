//! A token endpoint (RFC 6749, 3.2) on loopback that answers from a list.
//!
//! ```no_run
//! use testbed::oauth::{Answer, TokenEndpoint};
//! use testbed::tls::Security;
//!
//! let endpoint = TokenEndpoint::start(Security::Plaintext, vec![Answer::token("t1", 3_600), Answer::refused("invalid_grant")]);
//! assert!(endpoint.forms().is_empty());
//! ```
//!
//! Promises: one answer a request, the last one for ever; every form is kept as it came. Rejected: checking the forms here; a test knows
//! what it expects, and a server that is content with less would hide a mistake.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::tls::Security;
use crate::tls::listener::Listener;
use crate::tls::wire::Wire;

const CONNECTIONS: usize = 32;
const PATIENCE: Duration = Duration::from_secs(30);
/// More than any form.
const OCTETS: u64 = 64 * 1024;

/// What the endpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Status, further header lines without their ends, body.
    Http(u16, Vec<String>, String),
    /// Reads the request and says nothing.
    Silence,
    /// Closes after the request.
    Close,
}

impl Answer {
    /// A token that lives so many seconds.
    #[must_use]
    pub fn token(token: &str, seconds: u64) -> Self {
        Self::json(200, &serde_json::json!({ "access_token": token, "token_type": "Bearer", "expires_in": seconds }))
    }

    /// A token and a new refresh token.
    #[must_use]
    pub fn exchanged(token: &str, refresh: &str) -> Self {
        Self::json(200, &serde_json::json!({ "access_token": token, "token_type": "Bearer", "expires_in": 0, "refresh_token": refresh }))
    }

    /// An error of RFC 6749, 5.2.
    #[must_use]
    pub fn refused(error: &str) -> Self {
        Self::json(400, &serde_json::json!({ "error": error, "error_description": "as the test wishes" }))
    }

    /// Any JSON.
    #[must_use]
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::Http(status, vec!["Content-Type: application/json".to_owned()], body.to_string())
    }
}

/// A form, field by field.
pub type Form = Vec<(String, String)>;

/// The running endpoint; dropping it ends it.
pub struct TokenEndpoint {
    desk: Arc<Desk>,
    listener: Listener,
    scheme: &'static str,
}

struct Desk {
    security: Security,
    answers: Vec<Answer>,
    forms: Mutex<Vec<Form>>,
}

impl TokenEndpoint {
    /// Starts an endpoint; of TLS it speaks [`Security::Tls`] alone.
    ///
    /// # Panics
    /// When there is no port or no thread to be had.
    #[must_use]
    pub fn start(security: Security, answers: Vec<Answer>) -> Self {
        let scheme = if matches!(security, Security::Plaintext) { "http" } else { "https" };
        let desk = Arc::new(Desk { security, answers, forms: Mutex::default() });
        let shared = Arc::clone(&desk);
        let listener = Listener::start("testbed-oauth", CONNECTIONS, move |stream, _| {
            let desk = Arc::clone(&shared);
            async move {
                let wire = Wire::new(stream, PATIENCE);
                let wire = match &desk.security {
                    Security::Tls(config) => wire.upgraded(Arc::clone(config)).await,
                    Security::StartTls(_) | Security::Plaintext => Ok(wire),
                };
                // A client that breaks off has its own test.
                if let Ok(wire) = wire {
                    let _broken_off = serve(wire, &desk).await;
                }
            }
        });
        Self { desk, listener, scheme }
    }

    /// The endpoint's URL, by the name of its certificate.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://localhost:{}/tenant/token", self.scheme, self.listener.port())
    }

    /// What was asked so far.
    #[must_use]
    pub fn forms(&self) -> Vec<Form> {
        self.desk.forms.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(mut wire: Wire, desk: &Desk) -> std::io::Result<()> {
    let mut length = 0;
    while let Some(line) = wire.line().await? {
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0_u64).min(OCTETS);
        }
    }
    let mut body = Vec::new();
    wire.octets(length, &mut body).await?;
    let answer = {
        let mut forms = desk.forms.lock().unwrap_or_else(PoisonError::into_inner);
        let place = forms.len().min(desk.answers.len().saturating_sub(1));
        forms.push(form(&String::from_utf8_lossy(&body)));
        desk.answers.get(place).cloned()
    };
    match answer {
        Some(Answer::Http(status, headers, body)) => {
            let head: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
            let text = format!("HTTP/1.1 {status} As Wished\r\n{head}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
            wire.write(text.as_bytes()).await?;
            wire.flush().await?;
            wire.close().await;
        }
        Some(Answer::Silence) => wire.stall().await,
        Some(Answer::Close) | None => wire.close().await,
    }
    Ok(())
}

fn form(text: &str) -> Form {
    let field = |pair: &str| pair.split_once('=').map(|(name, value)| (plain(name), plain(value))).unwrap_or_default();
    text.split('&').filter(|pair| !pair.is_empty()).map(field).collect()
}

/// Undoes application/x-www-form-urlencoded.
fn plain(text: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'+' => b' ',
            b'%' => {
                let digits: String = rest.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&digits, 16).unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&octets).into_owned()
}
