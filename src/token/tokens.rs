//! The access token of one account: asked for when needed, renewed before it expires, once out of turn when it is refused.
//!
//! Promises: however many log in at once, one asks; a token is used for at most four fifths of its life; who is refused with a token that
//! was just given out is told so and not served again, so that a wrong right costs few attempts.
//! Rejected: renewing by a timer; a token that nobody needs is a secret that nobody watches.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::endpoint::{Answer, Endpoint, EndpointError};
use super::grant::{Grant, GrantError};
use super::refresh::RefreshToken;
use crate::clock;
use crate::secret::Secret;
use crate::wire::WireTrouble;

/// The life of a token whose endpoint says nothing about it (RFC 6749, 5.1 only recommends it). Seconds.
const LIFE: u64 = 600;
/// Characters of an endpoint's own sentence.
const SAID: usize = 300;

/// The tokens of one account.
pub struct Tokens {
    endpoint: Endpoint,
    grant: Grant,
    refresh: Option<RefreshToken>,
    /// Locked while a token is asked for, so that those who come meanwhile wait for it and do not ask, too.
    held: Mutex<Option<Held>>,
    /// Made of everything that was configured, secrets too.
    identity: String,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Tokens({:?} of {})", self.grant, self.endpoint.host())
    }
}

impl PartialEq for Tokens {
    fn eq(&self, other: &Self) -> bool {
        self.identity == other.identity
    }
}

impl Eq for Tokens {}

#[derive(Debug, Clone)]
struct Held {
    secret: Secret,
    until: Instant,
    age: Age,
}

/// A token and whether it is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub secret: Secret,
    pub age: Age,
}

/// Whether a token has been of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// No server has accepted it yet. One that is refused is not what is wrong.
    Fresh,
    /// It has logged in before; refused now, it was withdrawn before its time.
    Proven,
}

/// Why there is no token. Each text ends with what can be done.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    #[error(transparent)]
    Grant(#[from] GrantError),
    #[error("{host} refuses a token: {said}; {}", remedy(code))]
    Refused { host: String, code: String, said: String },
    #[error("{host} asks us to come less often for tokens; we wait, nothing needs to be done")]
    Throttled { host: String, pause: Option<Duration> },
    #[error("{host} is out of order for a while (status {status}); it is asked again")]
    Temporary { host: String, status: u16 },
    #[error("the answer of {host} to the request for a token cannot be read; check `token-url`")]
    Unreadable { host: String },
    #[error(
        "the refresh token cannot be kept beside the store ({0}); its folder and the file refresh-token-… must belong to the service's user"
    )]
    Keep(std::io::Error),
}

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenTrouble {
    /// Nobody at first.
    Network,
    /// Nobody: a pause was asked for, of this length where one was named.
    Throttled(Option<Duration>),
    /// The operator: secret, certificate, rights.
    Refused,
}

impl TokenError {
    /// Who must act.
    #[must_use]
    pub fn trouble(&self) -> TokenTrouble {
        match self {
            Self::Endpoint(EndpointError::Wire(wire)) => match wire.trouble() {
                WireTrouble::Network | WireTrouble::Handshake => TokenTrouble::Network,
                WireTrouble::Refused => TokenTrouble::Refused,
            },
            Self::Endpoint(EndpointError::Timeout { .. } | EndpointError::Broken { .. }) | Self::Temporary { .. } => TokenTrouble::Network,
            Self::Throttled { pause, .. } => TokenTrouble::Throttled(*pause),
            Self::Endpoint(EndpointError::Url { .. } | EndpointError::Redirect { .. })
            | Self::Grant(_)
            | Self::Refused { .. }
            | Self::Unreadable { .. }
            | Self::Keep(_) => TokenTrouble::Refused,
        }
    }
}

/// The error codes of RFC 6749, 5.2.
fn remedy(code: &str) -> &'static str {
    match code {
        "invalid_client" => "check `client-id` and its secret or certificate (has it expired?)",
        "invalid_grant" => "the refresh token or the service account is no longer accepted; grant access again and replace the secret",
        "unauthorized_client" | "access_denied" => "let an administrator grant the application access to the mailbox",
        "invalid_scope" => "check `scope`",
        _ => "check the keys of [accounts.oauth2]",
    }
}

/// RFC 6749, 5.1.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<serde_json::Value>,
    refresh_token: Option<String>,
}

/// RFC 6749, 5.2.
#[derive(Deserialize)]
struct Denied {
    error: String,
    error_description: Option<String>,
}

impl Tokens {
    /// Tokens by this grant from this endpoint; `refresh` where the grant is a refresh token. `identity` differs where anything configured
    /// differs, and must not tell a secret.
    #[must_use]
    pub fn new(endpoint: Endpoint, grant: Grant, refresh: Option<RefreshToken>, identity: String) -> Self {
        Self { endpoint, grant, refresh, held: Mutex::new(None), identity }
    }

    /// A token that is good for a while.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn token(&self) -> Result<Token, TokenError> {
        let mut held = self.held.lock().await;
        match held.as_ref().filter(|held| Instant::now() < held.until) {
            Some(held) => Ok(Token { secret: held.secret.clone(), age: held.age }),
            None => self.renew(&mut held).await,
        }
    }

    /// A server has accepted this token.
    pub async fn accepted(&self, token: &Token) {
        let mut held = self.held.lock().await;
        if let Some(held) = held.as_mut().filter(|held| held.secret == token.secret) {
            held.age = Age::Proven;
        }
    }

    /// Whether asking for a token may exchange a refresh token, so that two processes must not ask at once.
    #[must_use]
    pub fn are_exchanged(&self) -> bool {
        self.refresh.is_some()
    }

    /// Another token in the place of one that a server refuses. None for one that no server has accepted: the token is not what is wrong.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn instead_of(&self, refused: &Token) -> Result<Option<Token>, TokenError> {
        let mut held = self.held.lock().await;
        let is_current = held.as_ref().is_some_and(|held| held.secret == refused.secret);
        if is_current {
            // Also a fresh one: whoever comes next shall not be refused because of it.
            *held = None;
        }
        match (refused.age, held.as_ref()) {
            (Age::Fresh, _) => Ok(None),
            // Somebody else has renewed it meanwhile.
            (Age::Proven, Some(held)) => Ok(Some(Token { secret: held.secret.clone(), age: held.age })),
            (Age::Proven, None) => self.renew(&mut held).await.map(Some),
        }
    }

    async fn renew(&self, held: &mut Option<Held>) -> Result<Token, TokenError> {
        let granted = match &self.refresh {
            None => self.ask(None).await?,
            Some(refresh) => self.refreshed(refresh).await?,
        };
        // Some endpoints write the number as a text.
        let seconds = |value: serde_json::Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let life = granted.expires_in.and_then(seconds).unwrap_or(LIFE);
        let now = Instant::now();
        let until = now.checked_add(Duration::from_secs(life).mul_f64(0.8)).unwrap_or(now);
        let secret = Secret::new(granted.access_token);
        *held = Some(Held { secret: secret.clone(), until, age: Age::Fresh });
        Ok(Token { secret, age: Age::Fresh })
    }

    /// Asks with the refresh token in force, and keeps the one that it is exchanged for.
    async fn refreshed(&self, refresh: &RefreshToken) -> Result<Granted, TokenError> {
        refresh.make_ready().map_err(TokenError::Keep)?;
        let (current, configured) = (refresh.current().map_err(TokenError::Keep)?, refresh.configured());
        let granted = match self.ask(Some(&current)).await {
            // Only this refusal is about the refresh token. The operator may have restored an older folder, so the configured one gets its
            // chance; the other is forgotten when that one is accepted, and not before.
            Err(TokenError::Refused { code, .. }) if code == "invalid_grant" && current != configured => {
                let granted = self.ask(Some(&configured)).await?;
                refresh.fall_back().map_err(TokenError::Keep)?;
                granted
            }
            outcome => outcome?,
        };
        if let Some(successor) = granted.refresh_token.as_ref().filter(|token| !token.is_empty() && token.as_str() != current.expose()) {
            refresh.exchange(&Secret::new(successor.clone())).map_err(TokenError::Keep)?;
        }
        Ok(granted)
    }

    async fn ask(&self, refresh: Option<&Secret>) -> Result<Granted, TokenError> {
        let form = self.grant.form(&self.endpoint.url(), clock::now(), &number(), refresh)?;
        self.read(self.endpoint.post(&form).await?)
    }

    fn read(&self, answer: Answer) -> Result<Granted, TokenError> {
        let host = self.endpoint.host().to_owned();
        if answer.status == 429 {
            return Err(TokenError::Throttled { host, pause: answer.retry_after });
        }
        if answer.status >= 500 {
            return Err(TokenError::Temporary { host, status: answer.status });
        }
        if let Ok(denied) = serde_json::from_slice::<Denied>(&answer.body) {
            if denied.error == "temporarily_unavailable" {
                return Err(TokenError::Temporary { host, status: answer.status });
            }
            let code = denied.error.clone();
            let described = denied.error_description.map(|text| format!("{}: {text}", denied.error)).unwrap_or(denied.error);
            // The first line says what is wrong, the others are for the endpoint's keeper.
            let said = crate::desk::text::fold::printable(described.lines().next().unwrap_or_default(), SAID);
            return Err(TokenError::Refused { host, code, said });
        }
        match serde_json::from_slice::<Granted>(&answer.body) {
            Ok(granted) if answer.status == 200 && is_token(&granted.access_token) => Ok(granted),
            _ => Err(TokenError::Unreadable { host }),
        }
    }
}

/// RFC 6750, 2.1: whatever else would end a line of IMAP or SMTP early.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A number that no other assertion has: the standard library's hash keys are random.
fn number() -> String {
    let word = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}
