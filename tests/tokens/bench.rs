//! Tokens on the bench: an endpoint, and whoever asks it.

use std::path::Path;
use std::time::Duration;

use testbed::oauth::{Answer, Form, TokenEndpoint};
use testbed::tls::Security;
use uketsuke::secret::Secret;
use uketsuke::token::{Endpoint, Grant, RefreshToken, Token, Tokens};
use uketsuke::wire::Trust;

/// Long enough for a busy machine.
pub const LIMIT: Duration = Duration::from_secs(20);

/// An endpoint in the clear, which only loopback may have.
pub fn endpoint(answers: Vec<Answer>) -> TokenEndpoint {
    TokenEndpoint::start(Security::Plaintext, answers)
}

pub fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

/// Client credentials with a secret.
pub fn client() -> Grant {
    Grant::ClientSecret { client: "desk".to_owned(), secret: secret("kaki-no-tane"), scope: "https://mail.example.jp/.default".to_owned() }
}

pub fn tokens(endpoint: &TokenEndpoint, grant: Grant) -> Tokens {
    Tokens::new(at(endpoint), grant, None, "test".to_owned())
}

/// Tokens by the refresh token `r1`.
pub fn refreshing(endpoint: &TokenEndpoint, folder: &Path) -> Tokens {
    let grant = Grant::RefreshToken { client: "desk".to_owned(), secret: None, scope: String::new() };
    let refresh = RefreshToken::new(secret("r1"), folder.join("refresh-token-desk"));
    Tokens::new(at(endpoint), grant, Some(refresh), "test".to_owned())
}

pub fn at(endpoint: &TokenEndpoint) -> Endpoint {
    Endpoint::new(&endpoint.url(), Trust::nobody(), LIMIT).unwrap()
}

/// The texts of tokens.
pub fn texts(tokens: &[Token]) -> Vec<&str> {
    tokens.iter().map(|token| token.secret.expose()).collect()
}

/// One field of every form.
pub fn fields(forms: &[Form], name: &str) -> Vec<String> {
    forms.iter().map(|form| field(form, name)).collect()
}

pub fn field(form: &Form, name: &str) -> String {
    form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
}
