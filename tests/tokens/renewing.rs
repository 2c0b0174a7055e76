//! When another token is asked for, and which refresh token asks.

use std::sync::Arc;
use std::time::Duration;

use testbed::oauth::Answer;
use tokio::task::JoinSet;
use uketsuke::token::{Age, Token};

use crate::bench::{client, endpoint, fields, refreshing, secret, texts, tokens};

#[tokio::test]
async fn a_token_is_used_for_four_fifths_of_its_life() {
    let endpoint = endpoint(vec![Answer::token("t1", 1_000), Answer::token("t2", 1_000)]);
    let tokens = tokens(&endpoint, client());
    let first = tokens.token().await.unwrap();
    tokens.accepted(&first).await;
    // The clock stands while nothing is awaited but the lock; the endpoint is asked in real time.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(799)).await;
    let second = tokens.token().await.unwrap();
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
    let third = tokens.token().await.unwrap();
    assert_eq!([first.age, second.age, third.age], [Age::Fresh, Age::Proven, Age::Fresh]);
    assert_eq!(texts(&[first, second, third]), ["t1", "t1", "t2"]);
}

#[tokio::test]
async fn many_who_come_at_once_ask_once() {
    let endpoint = endpoint(vec![Answer::token("t1", 3_600)]);
    let tokens = Arc::new(tokens(&endpoint, client()));
    let mut coming = JoinSet::new();
    for _ in 0..20 {
        let tokens = Arc::clone(&tokens);
        coming.spawn(async move { tokens.token().await.unwrap().secret });
    }
    while let Some(token) = coming.join_next().await {
        assert_eq!(token.unwrap(), secret("t1"));
    }
    assert_eq!(endpoint.forms().len(), 1);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_a_fresh_one_is_not() {
    let endpoint = endpoint(vec![Answer::token("t1", 3_600), Answer::token("t2", 3_600), Answer::token("t3", 3_600)]);
    let tokens = tokens(&endpoint, client());
    let first = tokens.token().await.unwrap();
    tokens.accepted(&first).await;
    let kept = tokens.token().await.unwrap();
    let another = tokens.instead_of(&kept).await.unwrap().expect("another");
    assert_eq!(texts(std::slice::from_ref(&another)), ["t2"]);
    // Who was refused with the old one a moment later gets the new one and asks nobody.
    let late: Token = tokens.instead_of(&kept).await.unwrap().expect("the same");
    assert_eq!((texts(&[late]), endpoint.forms().len()), (vec!["t2"], 2));
    assert_eq!(tokens.instead_of(&another).await.unwrap(), None);
    assert_eq!(texts(&[tokens.token().await.unwrap()]), ["t3"], "a refused token is not handed out again");
}

#[tokio::test]
async fn an_exchanged_refresh_token_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = endpoint(vec![Answer::exchanged("t1", "r2"), Answer::exchanged("t2", "r3"), Answer::token("t3", 0)]);
    let tokens = refreshing(&endpoint, folder.path());
    tokens.token().await.unwrap();
    tokens.token().await.unwrap();
    refreshing(&endpoint, folder.path()).token().await.unwrap();
    assert_eq!(fields(&endpoint.forms(), "refresh_token"), ["r1", "r2", "r3"]);
}

#[tokio::test]
async fn when_the_exchanged_token_is_refused_the_configured_one_gets_its_chance() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = endpoint(vec![
        Answer::exchanged("t1", "r2"),
        Answer::refused("invalid_grant"),
        Answer::token("t3", 0),
        Answer::refused("invalid_grant"),
    ]);
    let tokens = refreshing(&endpoint, folder.path());
    tokens.token().await.unwrap();
    assert_eq!(tokens.token().await.unwrap().secret, secret("t3"));
    assert_eq!(fields(&endpoint.forms(), "refresh_token"), ["r1", "r2", "r1"]);
    tokens.token().await.unwrap_err();
    assert_eq!(endpoint.forms().len(), 4, "the configured one alone is tried once");
}

#[tokio::test]
async fn only_a_refusal_of_the_refresh_token_itself_questions_it() {
    let folder = tempfile::tempdir().unwrap();
    let answers = vec![
        Answer::exchanged("t1", "r2"),
        Answer::refused("invalid_client"),
        Answer::json(503, &serde_json::json!({})),
        Answer::token("t2", 0),
    ];
    let endpoint = endpoint(answers);
    let tokens = refreshing(&endpoint, folder.path());
    tokens.token().await.unwrap();
    tokens.token().await.unwrap_err();
    tokens.token().await.unwrap_err();
    tokens.token().await.unwrap();
    assert_eq!(fields(&endpoint.forms(), "refresh_token"), ["r1", "r2", "r2", "r2"]);
}

#[tokio::test]
async fn nobody_is_asked_while_an_exchange_could_not_be_kept() {
    let endpoint = endpoint(vec![Answer::exchanged("t1", "r2")]);
    let error = refreshing(&endpoint, std::path::Path::new("/nonexistent")).token().await.unwrap_err();
    assert!(error.to_string().contains("cannot be kept"), "{error}");
    assert_eq!(endpoint.forms().len(), 0);
}
