//! What the endpoint is asked, by every grant; and every answer that is no token.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;
use testbed::oauth::{Answer, TokenEndpoint};
use testbed::tls::{Authority, Certificate, Security};
use testbed::tunnel::{Manner, Tunnel};
use uketsuke::token::{Endpoint, Grant, ServiceAccount, TokenTrouble, Tokens};
use uketsuke::wire::Trust;

use crate::bench::{LIMIT, client, endpoint, field, tokens};

const KEY: &str = include_str!("key.pem");
const CERTIFICATE: &str = include_str!("certificate.pem");

/// The claims of an assertion whose signature holds.
fn claims(assertion: &str, algorithm: Algorithm, audience: &str) -> Value {
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[audience]);
    let key = DecodingKey::from_rsa_pem(include_bytes!("public.pem")).unwrap();
    decode::<Value>(assertion, &key, &validation).unwrap().claims
}

/// An endpoint with TLS, and trust in its authority.
fn protected(answers: Vec<Answer>) -> (TokenEndpoint, Trust) {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    authority.write_pem(&file).unwrap();
    let endpoint = TokenEndpoint::start(Security::Tls(authority.server_config(Certificate::Valid)), answers);
    (endpoint, Trust::of_file(&file).unwrap())
}

#[tokio::test]
async fn a_client_with_a_secret_is_asked_for_through_tls() {
    let (endpoint, trust) = protected(vec![Answer::token("t1", 3_600)]);
    let asked = |trust: Trust| Tokens::new(Endpoint::new(&endpoint.url(), trust, LIMIT).unwrap(), client(), None, String::new());
    let strangers = asked(Trust::nobody()).token().await.unwrap_err();
    assert!(strangers.to_string().contains("issued by an unknown authority"), "{strangers}");
    assert!(endpoint.forms().is_empty(), "no secret goes to a stranger");
    let token = asked(trust).token().await.unwrap();
    assert_eq!(token.secret.expose(), "t1");
    let form: Vec<String> = endpoint.forms()[0].iter().map(|(name, value)| format!("{name}={value}")).collect();
    let expected =
        ["grant_type=client_credentials", "client_id=desk", "client_secret=kaki-no-tane", "scope=https://mail.example.jp/.default"];
    assert_eq!(form, expected);
}

#[tokio::test]
async fn the_endpoint_is_reached_through_the_proxy() {
    let (endpoint, trust) = protected(vec![Answer::token("t1", 3_600)]);
    let tunnel = Tunnel::start(Manner::Opens);
    let proxy = format!("http://127.0.0.1:{}", tunnel.port()).parse().ok();
    let at = Endpoint::new(&endpoint.url(), trust, LIMIT).unwrap().through(proxy);
    let token = Tokens::new(at, client(), None, String::new()).token().await.unwrap();
    assert_eq!(token.secret.expose(), "t1");
    assert_eq!((tunnel.asked().len(), endpoint.forms().len()), (1, 1));
}

#[tokio::test]
async fn a_certificate_signs_who_asks() {
    let endpoint = endpoint(vec![Answer::token("t1", 0)]);
    let tokens = tokens(&endpoint, Grant::of_certificate("desk", CERTIFICATE, KEY, "mail").unwrap());
    tokens.token().await.unwrap();
    tokens.token().await.unwrap();
    let forms = endpoint.forms();
    let assertion = field(&forms[0], "client_assertion");
    // openssl x509 -in certificate.pem -outform DER | openssl dgst -sha256 -binary | base64
    let header = decode_header(&assertion).unwrap();
    assert_eq!((header.alg, header.x5t_s256.as_deref()), (Algorithm::PS256, Some("31-5u9GyzPjMMdrM0sDtj9AKfLeNFtoNTL74_MqKw2A")));
    let claims = claims(&assertion, Algorithm::PS256, &endpoint.url());
    assert_eq!((&claims["iss"], &claims["sub"]), (&Value::from("desk"), &Value::from("desk")));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
    assert_eq!(field(&forms[0], "client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    assert_ne!(assertion, field(&forms[1], "client_assertion"), "every assertion has a number of its own");
}

#[tokio::test]
async fn a_service_account_speaks_for_the_mailbox() {
    let endpoint = endpoint(vec![Answer::token("t1", 3_600)]);
    let json = serde_json::json!({
        "type": "service_account", "client_email": "desk@project.example.jp", "private_key_id": "k1", "private_key": KEY, "token_uri": endpoint.url(),
    });
    let account = ServiceAccount::parse(&json.to_string(), "uketsuke@office.example.jp", "https://mail.example.jp/").unwrap();
    assert_eq!(account.token_url(), endpoint.url());
    tokens(&endpoint, Grant::ServiceAccount(Box::new(account))).token().await.unwrap();
    let form = &endpoint.forms()[0];
    assert_eq!(field(form, "grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let assertion = field(form, "assertion");
    assert_eq!(decode_header(&assertion).unwrap().kid.as_deref(), Some("k1"));
    let claims = claims(&assertion, Algorithm::RS256, &endpoint.url());
    let told = ["iss", "sub", "scope"].map(|name| claims[name].as_str().unwrap().to_owned());
    assert_eq!(told, ["desk@project.example.jp", "uketsuke@office.example.jp", "https://mail.example.jp/"]);
}

#[tokio::test]
async fn every_answer_that_is_no_token_has_its_sentence() {
    let http = |status, headers: &[&str], body: &str| {
        Answer::Http(status, headers.iter().map(|header| (*header).to_owned()).collect(), body.to_owned())
    };
    let refused = TokenTrouble::Refused;
    for (answer, trouble, words) in [
        (Answer::refused("invalid_client"), refused, "localhost refuses a token: invalid_client: as the test wishes; check `client-id`"),
        (Answer::refused("invalid_grant"), refused, "grant access again"),
        (Answer::refused("unauthorized_client"), refused, "let an administrator grant the application access"),
        (Answer::refused("invalid_scope"), refused, "check `scope`"),
        (Answer::refused("something_new"), refused, "check the keys of [accounts.oauth2]"),
        (Answer::refused("temporarily_unavailable"), TokenTrouble::Network, "is out of order for a while"),
        (http(429, &["Retry-After: 120"], "{}"), TokenTrouble::Throttled(Some(Duration::from_secs(120))), "come less often"),
        (http(429, &[], ""), TokenTrouble::Throttled(None), "come less often"),
        (http(503, &[], "busy"), TokenTrouble::Network, "status 503"),
        (http(302, &["Location: https://elsewhere.example.jp/"], ""), refused, "sends the request for a token elsewhere (status 302)"),
        (http(200, &[], "<html>"), refused, "cannot be read; check `token-url`"),
        (http(404, &[], "not here"), refused, "cannot be read; check `token-url`"),
        (Answer::token("two words", 60), refused, "cannot be read"),
        (Answer::token("line\r\nend", 60), refused, "cannot be read"),
        (Answer::token("", 60), refused, "cannot be read"),
        (http(200, &[], &"x".repeat(100_000)), TokenTrouble::Network, "broke off while a token was asked for"),
        (Answer::Close, TokenTrouble::Network, "broke off while a token was asked for"),
    ] {
        let endpoint = endpoint(vec![answer.clone()]);
        let error = tokens(&endpoint, client()).token().await.unwrap_err();
        assert_eq!(error.trouble(), trouble, "{answer:?}: {error}");
        assert!(error.to_string().contains(words), "{answer:?}: {error}");
        assert!(!error.to_string().contains("kaki-no-tane"), "{error}");
        assert_eq!(endpoint.forms().len(), 1, "{answer:?}: it is asked once");
    }
}

#[tokio::test]
async fn an_endpoint_that_keeps_silent_is_left() {
    let endpoint = endpoint(vec![Answer::Silence]);
    let short = Endpoint::new(&endpoint.url(), Trust::nobody(), Duration::from_millis(300)).unwrap();
    let error = Tokens::new(short, client(), None, String::new()).token().await.unwrap_err();
    assert_eq!(error.trouble(), TokenTrouble::Network);
    assert!(error.to_string().contains("gave no answer to the request for a token"), "{error}");
}
