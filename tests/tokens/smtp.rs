//! A token logs in to the SMTP server.

use std::sync::Arc;
use std::time::Duration;

use testbed::oauth::{Answer, TokenEndpoint};
use testbed::smtp::{Account, Options, Phase, Rule, Sink, What};
use uketsuke::courier::{self, Deadlines, Hello, HelloName, Login, OnUnknown, Rhythm, Settings};
use uketsuke::token::Credentials;
use uketsuke::wire::{Security, Trust};

use crate::bench::{client, endpoint, tokens};

const USER: &str = "desk@office.example.jp";
const TOKEN: &str = "ya29.a0-kyou_no";

fn sink(token: Option<&str>, script: Vec<Rule>) -> Sink {
    let account = Account { user: USER.to_owned(), password: "himitsu".to_owned(), token: token.map(str::to_owned) };
    Sink::start(Options { account: Some(account), script, ..Options::default() })
}

fn settings(sink: &Sink, endpoint: &TokenEndpoint) -> Settings {
    let limit = Duration::from_secs(20);
    let credentials = Credentials::Token(Arc::new(tokens(endpoint, client())));
    Settings {
        name: "relay".to_owned(),
        host: "127.0.0.1".to_owned(),
        port: sink.port(),
        security: Security::Plaintext,
        trust: Trust::nobody(),
        proxy: None,
        login: Some(Login { user: USER.to_owned(), credentials }),
        hello: Hello::Named(HelloName::parse("uketsuke.example.jp").unwrap()),
        deadlines: Deadlines { connect: limit, command: limit, final_dot: limit, stopping: limit },
        letters_per_minute: 1_000,
        on_unknown: OnUnknown::Hold,
        rhythm: Rhythm::default(),
    }
}

#[tokio::test]
async fn a_token_logs_in_and_a_withdrawn_one_is_renewed() {
    let sink = sink(Some(TOKEN), vec![]);
    let endpoint = endpoint(vec![Answer::token("yesterdays", 3_600), Answer::token(TOKEN, 3_600)]);
    let settings = settings(&sink, &endpoint);
    let Some(Login { credentials: Credentials::Token(tokens), .. }) = &settings.login else { panic!("tokens") };
    let token = tokens.token().await.unwrap();
    tokens.accepted(&token).await;
    let report = courier::probe(&settings).await.unwrap();
    assert_eq!((report.logged_in.as_deref(), endpoint.forms().len()), (Some(USER), 2));
}

#[tokio::test]
async fn a_refusal_that_is_explained_first_is_heard() {
    let explained = "334 eyJzdGF0dXMiOiI0MDAifQ==";
    let script = vec![Rule::at(Phase::Auth, What::Reply(explained.to_owned()))];
    let sink = sink(Some(TOKEN), script);
    let endpoint = endpoint(vec![Answer::token(TOKEN, 3_600)]);
    let failure = courier::probe(&settings(&sink, &endpoint)).await.unwrap_err();
    assert_eq!(failure.phase(), Some(courier::Phase::Authentication), "{failure}");
}

#[tokio::test]
async fn a_server_without_tokens_is_named() {
    let sink = sink(None, vec![]);
    let endpoint = endpoint(vec![Answer::token(TOKEN, 3_600)]);
    let failure = courier::probe(&settings(&sink, &endpoint)).await.unwrap_err();
    assert!(failure.to_string().contains("offers no AUTH XOAUTH2 or OAUTHBEARER (it offers: PLAIN, LOGIN)"), "{failure}");
    assert_eq!(endpoint.forms().len(), 0);
}
