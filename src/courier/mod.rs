//! Carries finished letters to the SMTP server and brings back what the server said about each.
//!
//! Knows neither the store nor the configuration nor the daemon: the rows come through [`Outbox`], everything else through [`Settings`].
//!
//! Promises:
//! - A letter is claimed (and its attempt counted) before the socket is touched, and its phase `data` is committed before its first byte leaves.
//! - No letter is sent again by itself once its last line left us without an answer, unless the operator chose [`OnUnknown::Resend`].
//! - Nothing waits without a deadline, and TLS is never a matter of luck: what was configured is what happens, or nothing does.
//! - Trouble of the account or of the server pauses all letters and spends none of their attempts.
//!
//! Rejected: lettre's ready-made `AsyncSmtpConnection`. It cannot take our TLS configuration for STARTTLS and hides DSN from us; and it
//! takes a bare `250` or a reply that is not UTF-8 for a broken one, which after the final dot would turn a delivered letter into an unknown one.
//! So the dialogue is ours (five commands), and lettre supplies the SASL answers.

mod backoff;
mod classify;
mod failure;
mod letter;
mod link;
mod outbox;
mod pace;
mod probe;
mod reply;
mod run;
mod session;
mod settings;

pub use failure::{Failure, Phase};
pub use letter::LetterError;
pub use outbox::{Claimed, Event, LetterId, Outbox, OutboxError, Outcome, TroubleKind};
pub use probe::{DeliveryReports, ProbeReport, SendError, probe, send};
pub use reply::Reply;
pub use run::{Clock, CourierError, Heartbeat, Surroundings, run};
pub use settings::{Deadlines, Hello, HelloName, HelloNameError, Login, OnUnknown, Rhythm, Settings};
