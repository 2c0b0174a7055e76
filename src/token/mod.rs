//! Access tokens (OAuth 2.0, RFC 6749) for servers that take no passwords any more: Microsoft 365, Google and others alike.
//!
//! Promises: a token is renewed before it expires, and once out of turn when a server refuses it; a refresh token that the endpoint
//! exchanges is kept before the new access token is used; neither tokens nor secrets reach a log or an error. `grant` says what is
//! asked, `endpoint` asks, `refresh` keeps, `tokens` hands out, `sasl` shows a token to a mail server.
//! Rejected: a helper program that prints tokens; its failures would be nobody's, and every office would write another.

mod endpoint;
mod grant;
mod refresh;
mod sasl;
mod tokens;

pub use endpoint::{Endpoint, EndpointError};
pub use grant::{Grant, GrantError, ServiceAccount};
pub use refresh::RefreshToken;
pub use sasl::Mechanism;
pub use tokens::{Age, Token, TokenError, TokenTrouble, Tokens};

use std::sync::Arc;

use crate::secret::Secret;

/// How an account proves who it is. Equal where the operator has configured the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    Password(Secret),
    /// Shared by everything that logs in as the same account.
    Token(Arc<Tokens>),
}
