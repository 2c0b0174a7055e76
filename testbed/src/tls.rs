//! Certificate authorities made for one run, with good and bad server certificates.
//!
//! Promises: nothing is read from or left in the system's trust store, every key dies with the run, and two authorities never share a name
//! (with one name the client would complain about a signature, not about an unknown issuer).
//! Rejected: certificate files in the repository; they expire, and then the tests fail on a day when nobody changed anything.

pub(crate) mod listener;
pub(crate) mod wire;

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};

/// How a testbed server protects its connections.
#[derive(Clone)]
pub enum Security {
    /// TLS from the first byte.
    Tls(Arc<ServerConfig>),
    /// A plaintext greeting; logging in (IMAP) and sending (SMTP) are refused until STARTTLS.
    StartTls(Arc<ServerConfig>),
    /// No encryption.
    Plaintext,
}

/// Which server certificate is made. A certificate of an unknown issuer comes from a second [`Authority`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// For `localhost` and 127.0.0.1, valid for some days around today.
    Valid,
    /// Its last day was ten days ago.
    Expired,
    /// Its first day is ten days ahead.
    NotYetValid,
    /// In order, but for `elsewhere.example.jp`.
    WrongName,
}

/// A certificate authority that lives as long as the test.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
    pem: String,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// Makes a new authority with its own name and key.
    ///
    /// # Panics
    /// When no key can be made.
    #[must_use]
    pub fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(1);
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, format!("Testbed authority {} of {}", MADE.fetch_add(1, Ordering::Relaxed), std::process::id()));
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = name;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (parameters.not_before, parameters.not_after) = days(-100, 100);
        let key = must(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256), "an authority's key");
        let certificate = must(parameters.self_signed(&key), "an authority's certificate");
        let pem = certificate.pem();
        Self { issuer: Issuer::new(parameters, key), certificate, pem }
    }

    /// The authority's certificate, for a client that shall trust it.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Writes [`Authority::pem`] to a file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_pem(&self, path: &Path) -> io::Result<()> {
        std::fs::write(path, &self.pem)
    }

    /// A server's side of TLS with the certificate asked for.
    ///
    /// # Panics
    /// When the certificate cannot be made.
    #[must_use]
    pub fn server_config(&self, certificate: Certificate) -> Arc<ServerConfig> {
        let (signed, key) = self.sign(certificate);
        let chain = vec![signed.der().clone(), self.certificate.der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = must(ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions(), "the TLS versions");
        Arc::new(must(versions.with_no_client_auth().with_single_cert(chain, key), "a server's TLS configuration"))
    }

    /// Writes a valid certificate chain and its key as `cert.pem` and `key.pem`, for servers that are not ours (Dovecot, Postfix).
    ///
    /// # Errors
    /// A file cannot be written.
    ///
    /// # Panics
    /// When the certificate cannot be made.
    pub fn write_server_files(&self, folder: &Path) -> io::Result<(PathBuf, PathBuf)> {
        let (signed, key) = self.sign(Certificate::Valid);
        let (certificate_path, key_path) = (folder.join("cert.pem"), folder.join("key.pem"));
        std::fs::write(&certificate_path, format!("{}{}", signed.pem(), self.pem))?;
        std::fs::write(&key_path, key.serialize_pem())?;
        Ok((certificate_path, key_path))
    }

    fn sign(&self, certificate: Certificate) -> (rcgen::Certificate, KeyPair) {
        let names = match certificate {
            Certificate::Valid | Certificate::Expired | Certificate::NotYetValid => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            Certificate::WrongName => vec!["elsewhere.example.jp".to_owned()],
        };
        let mut parameters = must(CertificateParams::new(names), "a server's names");
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, "Testbed server");
        parameters.use_authority_key_identifier_extension = true;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        (parameters.not_before, parameters.not_after) = match certificate {
            Certificate::Valid | Certificate::WrongName => days(-10, 10),
            Certificate::Expired => days(-20, -10),
            Certificate::NotYetValid => days(10, 20),
        };
        let key = must(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256), "a server's key");
        let signed = must(parameters.signed_by(&key, &self.issuer), "a server's certificate");
        (signed, key)
    }
}

fn days(first: i64, last: i64) -> (OffsetDateTime, OffsetDateTime) {
    let now = OffsetDateTime::now_utc();
    (now + Duration::days(first), now + Duration::days(last))
}

/// The testbed starts or the test fails here, with a sentence; an error value would only be unwrapped in every test.
#[track_caller]
#[expect(clippy::panic, reason = "a testbed that cannot start is a failed test")]
pub(crate) fn must<T, E: Display>(outcome: Result<T, E>, what: &str) -> T {
    match outcome {
        Ok(value) => value,
        Err(error) => panic!("the testbed could not make {what}: {error}"),
    }
}
