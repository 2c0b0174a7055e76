//! How a token is shown to a mail server: XOAUTH2 (Google's, which Microsoft took over) and OAUTHBEARER (RFC 7628).
//!
//! Promises: pure; what comes out is one base64 word. Rejected: lettre's XOAUTH2; it takes the server's explanation of a refusal for a
//! protocol error, and the refusal itself is never read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::secret::Secret;

/// A SASL mechanism for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    Xoauth2,
    OauthBearer,
}

impl Mechanism {
    /// In the order in which they are tried: every server that has both takes the first.
    pub const ALL: [Self; 2] = [Self::Xoauth2, Self::OauthBearer];

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xoauth2 => "XOAUTH2",
            Self::OauthBearer => "OAUTHBEARER",
        }
    }

    /// The initial response.
    #[must_use]
    pub fn response(self, user: &str, host: &str, port: u16, token: &Secret) -> Secret {
        let token = token.expose();
        let text = match self {
            Self::Xoauth2 => format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}"),
            Self::OauthBearer => {
                // RFC 5801, 4: `saslname`.
                let name = user.replace('=', "=3D").replace(',', "=2C");
                format!("n,a={name},\u{1}host={host}\u{1}port={port}\u{1}auth=Bearer {token}\u{1}\u{1}")
            }
        };
        Secret::new(STANDARD.encode(text))
    }

    /// What is said when the server explains a refusal, so that the refusal itself comes (RFC 7628, 3.2.3).
    #[must_use]
    pub const fn acknowledgement(self) -> &'static str {
        match self {
            Self::Xoauth2 => "",
            Self::OauthBearer => "AQ==",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_those_of_the_specifications() {
        let token = Secret::new("vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg==".to_owned());
        let decoded = |mechanism: Mechanism, user: &str| {
            let response = mechanism.response(user, "server.example.com", 143, &token);
            String::from_utf8(STANDARD.decode(response.expose()).expect("base64")).expect("UTF-8")
        };
        assert_eq!(
            decoded(Mechanism::Xoauth2, "someuser@example.com"),
            "user=someuser@example.com\u{1}auth=Bearer vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg==\u{1}\u{1}"
        );
        assert_eq!(
            decoded(Mechanism::OauthBearer, "a,b=c@example.com"),
            "n,a=a=2Cb=3Dc@example.com,\u{1}host=server.example.com\u{1}port=143\u{1}auth=Bearer vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg==\u{1}\u{1}"
        );
    }
}
