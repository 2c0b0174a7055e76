//! Who may log in: LOGIN, AUTHENTICATE PLAIN, and the two mechanisms for tokens.
//!
//! Promises: exactly one account; a wrong secret is answered with the code of RFC 5530.
//! Rejected: accepting anything; a client that sends the wrong account must fail in a test, too.

use super::base64;
use super::command::Arguments;
use super::reply::Refusal;

/// The account. The SMTP sink asks it, too.
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
    /// Accepted by XOAUTH2 and OAUTHBEARER.
    pub(crate) token: Option<String>,
}

/// Why a SASL answer is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denial {
    /// The client sent `*`.
    GivenUp,
    NotBase64,
    /// A mechanism that nobody offered.
    Unknown,
    Wrong,
}

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::GivenUp => Self::Bad("Authentication was given up".to_owned()),
            Denial::NotBase64 => Self::Bad("That is no base64".to_owned()),
            Denial::Unknown => Self::No("[CANNOT] This mechanism is not offered".to_owned()),
            Denial::Wrong => Self::No("[AUTHENTICATIONFAILED] Wrong user or password".to_owned()),
        }
    }
}

impl Login {
    /// LOGIN.
    pub(super) fn with_password(&self, mut arguments: Arguments<'_>) -> Result<(), Refusal> {
        let user = arguments.string()?;
        let password = arguments.string()?;
        if user == self.user.as_bytes() && password == self.password.as_bytes() { Ok(()) } else { Err(Denial::Wrong.into()) }
    }

    /// A SASL mechanism of one message, with the client's answer in base64.
    pub(crate) fn sasl(&self, mechanism: &str, answer: &str) -> Result<(), Denial> {
        if answer == "*" {
            return Err(Denial::GivenUp);
        }
        let decoded = if answer == "=" { Some(Vec::new()) } else { base64::decode(answer) };
        let text = decoded.and_then(|octets| String::from_utf8(octets).ok()).ok_or(Denial::NotBase64)?;
        let right = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => text.split_once('\0').is_some_and(|(_, pair)| pair == format!("{}\0{}", self.user, self.password)),
            "XOAUTH2" => self.bearer(&text, &format!("user={}", self.user)),
            "OAUTHBEARER" => self.bearer(&text, &format!("n,a={},", self.user)),
            _ => return Err(Denial::Unknown),
        };
        if right { Ok(()) } else { Err(Denial::Wrong) }
    }

    fn bearer(&self, text: &str, beginning: &str) -> bool {
        let wanted = self.token.as_ref().map(|token| format!("auth=Bearer {token}"));
        text.starts_with(beginning) && wanted.is_some_and(|wanted| text.split('\u{1}').any(|field| field == wanted))
    }
}
