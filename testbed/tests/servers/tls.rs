//! Certificates: the good one is accepted, each bad one is refused for its own reason.

use rustls::CertificateError;
use testbed::imap::{Options, Server};
use testbed::tls::{Authority, Certificate, Security};

use crate::client::Client;

fn server(authority: &Authority, certificate: Certificate) -> Server {
    Server::start(Options { security: Security::Tls(authority.server_config(certificate)), ..Options::default() })
}

async fn refusal(trusted: &Authority, signer: &Authority, certificate: Certificate) -> CertificateError {
    let server = server(signer, certificate);
    let error = Client::tls(server.port(), trusted).await.err().expect("the handshake fails");
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(reason)) => reason.clone(),
        other => panic!("another failure: {other:?} {error}"),
    }
}

#[tokio::test]
async fn valid_certificate_is_good_for_name_and_address() {
    let authority = Authority::new();
    let server = server(&authority, Certificate::Valid);
    for name in ["localhost", "127.0.0.1"] {
        let mut client = Client::plain(server.port()).await.upgraded(&authority, name).await.unwrap();
        assert!(client.line().await.starts_with("* OK [CAPABILITY IMAP4rev1"));
    }
}

#[tokio::test]
async fn bad_certificates_are_refused_for_their_own_reasons() {
    let authority = Authority::new();
    assert!(matches!(refusal(&authority, &authority, Certificate::Expired).await, CertificateError::ExpiredContext { .. }));
    assert!(matches!(refusal(&authority, &authority, Certificate::NotYetValid).await, CertificateError::NotValidYetContext { .. }));
    assert!(matches!(refusal(&authority, &authority, Certificate::WrongName).await, CertificateError::NotValidForNameContext { .. }));
    assert_eq!(refusal(&authority, &Authority::new(), Certificate::Valid).await, CertificateError::UnknownIssuer);
}

#[tokio::test]
async fn files_for_other_servers_hold_chain_and_key() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = authority.write_server_files(folder.path()).unwrap();
    let chain = std::fs::read_to_string(certificate).unwrap();
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2);
    assert!(chain.ends_with(authority.pem()));
    assert!(std::fs::read_to_string(key).unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
    let path = folder.path().join("authority.pem");
    authority.write_pem(&path).unwrap();
    assert_eq!(std::fs::read_to_string(path).unwrap(), authority.pem());
}
