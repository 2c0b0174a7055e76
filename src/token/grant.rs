//! What is asked of a token endpoint: the grants of RFC 6749, and the assertions of RFC 7523.
//!
//! Promises: pure but for the signature; the time and the assertion's number are arguments; `Debug` shows no secret.
//! Rejected: the authorization code with a browser (RFC 6749, 4.1); a daemon has neither, so its refresh token is configured.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::secret::Secret;

/// How long an assertion is good for, in seconds. Google allows an hour, Microsoft asks for minutes.
const LIFE: i64 = 600;

/// By what right tokens are given out.
#[derive(Clone)]
pub enum Grant {
    /// Client credentials with a secret (RFC 6749, 4.4).
    ClientSecret { client: String, secret: Secret, scope: String },
    /// Client credentials with a certificate (RFC 7523, 2.2).
    ClientCertificate { client: String, thumbprint: String, key: EncodingKey, scope: String },
    /// A refresh token (RFC 6749, 6); the token itself is kept by [`super::RefreshToken`]. Public clients have no secret; an empty scope
    /// asks for what was granted before.
    RefreshToken { client: String, secret: Option<Secret>, scope: String },
    /// A signed statement of a service account (RFC 7523, 2.1), as Google asks for it.
    ServiceAccount(Box<ServiceAccount>),
}

/// A service account that speaks for a mailbox.
#[derive(Clone)]
pub struct ServiceAccount {
    email: String,
    key_id: String,
    key: EncodingKey,
    token_url: String,
    /// The mailbox's user.
    subject: String,
    scope: String,
}

/// Why a key or certificate cannot be used. Each text ends with what can be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    #[error("the private key cannot be used ({0}); it must be an RSA key in PEM (BEGIN PRIVATE KEY)")]
    Key(String),
    #[error("the certificate cannot be used ({0}); it must be in PEM (BEGIN CERTIFICATE)")]
    Certificate(String),
    #[error("the service account's key cannot be used ({0}); download it again as JSON")]
    ServiceAccount(String),
    #[error("the request for a token cannot be signed ({0}); check the private key")]
    Signature(String),
}

impl std::fmt::Debug for ServiceAccount {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ServiceAccount")
    }
}

impl std::fmt::Debug for Grant {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::ClientSecret { .. } => "ClientSecret",
            Self::ClientCertificate { .. } => "ClientCertificate",
            Self::RefreshToken { .. } => "RefreshToken",
            Self::ServiceAccount(_) => "ServiceAccount",
        })
    }
}

/// The parts of Google's key file that are used.
#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key_id: String,
    private_key: String,
    token_uri: String,
}

/// RFC 7523, 3.
#[derive(Serialize)]
struct Claims<'c> {
    iss: &'c str,
    sub: &'c str,
    aud: &'c str,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'c str>,
}

impl ServiceAccount {
    /// Reads a key file.
    ///
    /// # Errors
    /// [`GrantError`] naming what is wrong with the file.
    pub fn parse(json: &str, subject: &str, scope: &str) -> Result<Self, GrantError> {
        // serde's own sentences may hold pieces of the file.
        let file: KeyFile = serde_json::from_str(json)
            .map_err(|error| GrantError::ServiceAccount(format!("line {} is not as it should be", error.line())))?;
        let key = rsa(&file.private_key)?;
        let (subject, scope) = (subject.to_owned(), scope.to_owned());
        Ok(Self { email: file.client_email, key_id: file.private_key_id, key, token_url: file.token_uri, subject, scope })
    }

    /// The endpoint that the key file names.
    #[must_use]
    pub fn token_url(&self) -> &str {
        &self.token_url
    }
}

impl Grant {
    /// Client credentials with a certificate, both in PEM.
    ///
    /// # Errors
    /// [`GrantError`] naming the file that cannot be used.
    pub fn of_certificate(client: &str, certificate: &str, key: &str, scope: &str) -> Result<Self, GrantError> {
        let der = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|error| GrantError::Certificate(error.to_string()))?;
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(&der));
        Ok(Self::ClientCertificate { client: client.to_owned(), thumbprint, key: rsa(key)?, scope: scope.to_owned() })
    }

    /// The form to send. `audience` is the endpoint's URL, `now` in UTC seconds, `number` must differ from one assertion to the next;
    /// `refresh` is the refresh token in force.
    ///
    /// # Errors
    /// [`GrantError::Signature`].
    pub fn form(
        &self,
        audience: &str,
        now: i64,
        number: &str,
        refresh: Option<&Secret>,
    ) -> Result<Vec<(&'static str, String)>, GrantError> {
        let signed = |header: &Header, key: &EncodingKey, issuer: &str, subject: &str, scope: Option<&str>| {
            let (iat, exp) = (now, now.saturating_add(LIFE));
            let claims = Claims { iss: issuer, sub: subject, aud: audience, iat, nbf: iat, exp, jti: number, scope };
            jsonwebtoken::encode(header, &claims, key).map_err(|error| GrantError::Signature(error.to_string()))
        };
        let mut form = Vec::new();
        match self {
            Self::ClientSecret { client, secret, scope } => {
                form.push(("grant_type", "client_credentials".to_owned()));
                form.push(("client_id", client.clone()));
                form.push(("client_secret", secret.expose().to_owned()));
                form.push(("scope", scope.clone()));
            }
            Self::ClientCertificate { client, thumbprint, key, scope } => {
                let header = Header { x5t_s256: Some(thumbprint.clone()), ..Header::new(Algorithm::PS256) };
                form.push(("grant_type", "client_credentials".to_owned()));
                form.push(("client_id", client.clone()));
                form.push(("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned()));
                form.push(("client_assertion", signed(&header, key, client, client, None)?));
                form.push(("scope", scope.clone()));
            }
            Self::RefreshToken { client, secret, scope } => {
                form.push(("grant_type", "refresh_token".to_owned()));
                form.push(("refresh_token", refresh.map(Secret::expose).unwrap_or_default().to_owned()));
                form.push(("client_id", client.clone()));
                form.extend(secret.as_ref().map(|secret| ("client_secret", secret.expose().to_owned())));
                form.extend((!scope.is_empty()).then(|| ("scope", scope.clone())));
            }
            Self::ServiceAccount(account) => {
                let header = Header { kid: Some(account.key_id.clone()), ..Header::new(Algorithm::RS256) };
                let assertion = signed(&header, &account.key, &account.email, &account.subject, Some(&account.scope))?;
                form.push(("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned()));
                form.push(("assertion", assertion));
            }
        }
        Ok(form)
    }
}

fn rsa(pem: &str) -> Result<EncodingKey, GrantError> {
    EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|error| GrantError::Key(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(grant: &Grant, refresh: Option<&str>) -> Vec<String> {
        let refresh = refresh.map(|text| Secret::new(text.to_owned()));
        let form = grant.form("https://login.example.jp/token", 1_795_447_800, "1", refresh.as_ref()).expect("made");
        form.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn a_client_with_a_secret_asks_for_its_scope() {
        let grant = Grant::ClientSecret { client: "desk".to_owned(), secret: Secret::new("kaki".to_owned()), scope: "mail".to_owned() };
        assert_eq!(form(&grant, None), ["grant_type=client_credentials", "client_id=desk", "client_secret=kaki", "scope=mail"]);
        assert_eq!(format!("{grant:?}"), "ClientSecret");
    }

    #[test]
    fn a_public_client_sends_no_secret_and_no_empty_scope() {
        let grant = Grant::RefreshToken { client: "desk".to_owned(), secret: None, scope: String::new() };
        assert_eq!(form(&grant, Some("r1")), ["grant_type=refresh_token", "refresh_token=r1", "client_id=desk"]);
    }

    #[test]
    fn broken_keys_are_named_without_their_text() {
        let Err(error) = Grant::of_certificate("desk", "himitsu", "himitsu", "mail") else { panic!("it was taken") };
        assert!(matches!(error, GrantError::Certificate(_)) && !error.to_string().contains("himitsu"), "{error}");
        for json in ["himitsu", "{\"client_email\": \"himitsu\"}", "{\"private_key\": 7}"] {
            let Err(error) = ServiceAccount::parse(json, "desk@example.jp", "mail") else { panic!("it was taken") };
            assert!(matches!(error, GrantError::ServiceAccount(_)) && !error.to_string().contains("himitsu"), "{error}");
        }
    }
}
