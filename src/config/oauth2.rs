//! `[accounts.oauth2]`: by what right, from where, and with which secrets an account gets its access tokens.

use std::path::{Path, PathBuf};
use std::time::Duration;

use config::Value;

use super::reader::{Problems, Section};
use super::secret::{document, optional_secret, secret};
use crate::fingerprint::sha256;
use crate::secret::Secret;
use crate::token::{Endpoint, Grant, RefreshToken, ServiceAccount, Tokens};
use crate::wire::{Proxy, Trust};

/// For connecting to the endpoint, for TLS, and for its answer, each.
const LIMIT: Duration = Duration::from_secs(15);

/// Whose tokens these are, and where what must outlive the process is kept.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'o> {
    pub account: &'o str,
    pub user: &'o str,
    /// The store's file; an exchanged refresh token lies beside it.
    pub store: &'o Path,
    /// The account's: the endpoint is reached by the same way.
    pub proxy: Option<&'o Proxy>,
}

/// Reads the table.
pub fn oauth2(path: String, value: Value, owner: Owner<'_>, problems: &mut Problems) -> Option<Tokens> {
    let mut section = Section::new(path, Some(value), problems);
    let asked = asked(&mut section, owner);
    let ca_file = section.text("ca-file", "");
    let trust = if ca_file.is_empty() { Trust::system() } else { Trust::of_file(Path::new(&ca_file)) };
    let trust = trust.map_err(|error| section.refuse("ca-file", &ca_file, error.to_string())).ok();
    let url = section.text("token-url", "");
    let url = match &asked {
        Some(Asked { grant: Grant::ServiceAccount(account), .. }) if url.is_empty() => account.token_url().to_owned(),
        _ => url,
    };
    let endpoint = trust.and_then(|trust| {
        let endpoint = Endpoint::new(&url, trust, LIMIT).map(|endpoint| endpoint.through(owner.proxy.cloned()));
        endpoint.map_err(|error| section.refuse("token-url", &url, error.to_string())).ok()
    });
    section.finish();
    let (Asked { grant, refresh, secrets }, endpoint) = (asked?, endpoint?);
    let kind = format!("{grant:?}");
    let parts = [url.as_str(), owner.user, &kind].into_iter().chain(secrets.iter().map(String::as_str));
    let identity = sha256(&parts.flat_map(|part| [part.as_bytes(), &[0]]).collect::<Vec<&[u8]>>());
    Some(Tokens::new(endpoint, grant, refresh, identity))
}

/// A grant, and everything of the file that it was made from.
struct Asked {
    grant: Grant,
    refresh: Option<RefreshToken>,
    secrets: Vec<String>,
}

fn asked(section: &mut Section<'_>, owner: Owner<'_>) -> Option<Asked> {
    let grant = section.text("grant", "");
    let scope = section.text("scope", "");
    match grant.as_str() {
        "client-credentials" => client_credentials(section, scope),
        "refresh-token" => refresh_token(section, scope, owner),
        "service-account" => service_account(section, scope, owner),
        other => {
            section.refuse("grant", other, "must be \"client-credentials\", \"refresh-token\" or \"service-account\"");
            // The other keys cannot be judged without it.
            for name in ["client-id", "client-secret", "certificate", "private-key", "refresh-token", "service-account-key"] {
                section.raw(name);
            }
            None
        }
    }
}

/// Microsoft 365 for a daemon: the application itself has the right to the mailbox.
fn client_credentials(section: &mut Section<'_>, scope: String) -> Option<Asked> {
    let client = section.required("client-id", "write the application's (client) ID");
    if scope.is_empty() {
        section.refuse("scope", "", "is missing; for Microsoft 365 write \"https://outlook.office365.com/.default\"");
    }
    let certificate = section.text("certificate", "");
    if certificate.is_empty() {
        section.raw("private-key");
        let secret = secret(section, "client-secret", "credential:client-secret")?;
        let secrets = vec![client.clone(), scope.clone(), secret.expose().to_owned()];
        return Some(Asked { grant: Grant::ClientSecret { client, secret, scope }, refresh: None, secrets });
    }
    section.raw("client-secret");
    let key = document(section, "private-key", "credential:private-key");
    let pem = match std::fs::read_to_string(&certificate) {
        Ok(pem) => pem,
        Err(error) => {
            section.refuse("certificate", &certificate, format!("cannot be read ({error}); name the certificate's PEM file"));
            return None;
        }
    };
    let key = key?;
    match Grant::of_certificate(&client, &pem, key.expose(), &scope) {
        Ok(grant) => Some(Asked { grant, refresh: None, secrets: vec![client, scope, pem, key.expose().to_owned()] }),
        Err(error) => {
            section.refuse("certificate", &certificate, error.to_string());
            None
        }
    }
}

/// Google, and whoever grants access to a person once, in a browser elsewhere.
fn refresh_token(section: &mut Section<'_>, scope: String, owner: Owner<'_>) -> Option<Asked> {
    let client = section.required("client-id", "write the application's (client) ID");
    // Public clients have none (RFC 6749, 2.1).
    let secret_of_client = optional_secret(section, "client-secret", "credential:client-secret");
    let configured = secret(section, "refresh-token", "credential:refresh-token");
    let (secret_of_client, configured) = (secret_of_client?, configured?);
    let kept = |secret: &Secret| secret.expose().to_owned();
    let secrets = [client.clone(), scope.clone(), kept(&configured)].into_iter().chain(secret_of_client.iter().map(kept)).collect();
    let refresh = Some(RefreshToken::new(configured, beside(owner)));
    Some(Asked { grant: Grant::RefreshToken { client, secret: secret_of_client, scope }, refresh, secrets })
}

/// Google Workspace: a service account that speaks for the mailbox (domain-wide delegation).
fn service_account(section: &mut Section<'_>, scope: String, owner: Owner<'_>) -> Option<Asked> {
    let scope = if scope.is_empty() { "https://mail.google.com/".to_owned() } else { scope };
    let json = document(section, "service-account-key", "credential:service-account-key")?;
    match ServiceAccount::parse(json.expose(), owner.user, &scope) {
        Ok(account) => {
            Some(Asked { grant: Grant::ServiceAccount(Box::new(account)), refresh: None, secrets: vec![scope, json.expose().to_owned()] })
        }
        Err(error) => {
            let key = section.key("service-account-key");
            section.problems.push(key, None, error.to_string());
            None
        }
    }
}

/// The file for an exchanged refresh token. A name may hold anything; a file's name may not.
fn beside(owner: Owner<'_>) -> PathBuf {
    let letter = |letter: char| if letter.is_alphanumeric() || matches!(letter, '-' | '_') { letter } else { '_' };
    let mut name: String = owner.account.chars().map(letter).collect();
    if name != owner.account {
        // Two names that differ only in what a file's name cannot hold are two accounts all the same.
        name.push('-');
        name.extend(sha256(&[owner.account.as_bytes()]).chars().take(8));
    }
    owner.store.with_file_name(format!("refresh-token-{name}"))
}
