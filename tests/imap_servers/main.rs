//! One suite for the IMAP station, the same against every server at hand.
//!
//! The scripted server, Dovecot (in the clear, through TLS and STARTTLS, by password and by token), pymap and, with `make test-servers`,
//! Courier and Cyrus share no line of code: what passes here rests on none's habits.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    reason = "a test states facts; one that does not hold may panic"
)]

#[path = "../mailbox/bench.rs"]
#[allow(dead_code, reason = "the scripted server's tests ask it for more")]
mod bench;
mod client;
#[path = "../mailbox/ledger.rs"]
#[allow(dead_code, reason = "the scripted server's tests ask it for more")]
mod ledger;
mod scenarios;
mod servers;

/// Every scenario against one server.
macro_rules! suite {
    ($name:ident, $start:expr) => {
        mod $name {
            use crate::{scenarios, servers};

            suite!(@each $start,
                mails_come_whole_and_in_order,
                odd_mails_come_as_they_are,
                a_large_mail_comes_in_pieces,
                live_mail_is_taken_and_removed_mail_is_no_loss,
                a_second_run_takes_nothing_twice,
                keywords_are_set_or_refused_with_a_sentence,
                mails_are_moved_into_a_folder_that_is_made,
                a_folder_that_only_holds_others_is_made_to_hold_mails,
                a_folder_below_inbox_is_another_one,
                a_folder_is_found_by_the_name_that_people_write,
                letters_are_copied_and_known_again,
                a_probe_tells_what_the_server_offers_and_a_wrong_password_is_refused
            );
        }
    };
    (@each $start:expr, $($scenario:ident),+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                scenarios::$scenario(&$start).await;
            }
        )+
    };
}

suite!(scripted, servers::scripted());
suite!(dovecot, servers::dovecot());
suite!(dovecot_tls, servers::dovecot_tls());
suite!(dovecot_starttls, servers::dovecot_starttls());
suite!(dovecot_token, servers::dovecot_token());
suite!(pymap, servers::pymap());
#[cfg(feature = "test-servers")]
suite!(courier, servers::courier());
#[cfg(feature = "test-servers")]
suite!(cyrus, servers::cyrus());
