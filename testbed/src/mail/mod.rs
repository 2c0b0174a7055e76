//! Generated submissions: what applicants send, by whichever client, and what must be said about each.
//!
//! From the outside: [`submission`] for one mail, [`demo_dozen`] for a showcase, [`bulk`] for a flood, [`corpus::cases`] for
//! the golden corpus, [`hostile`] for mails that mean harm. Everything is a function of its seed or its name.
//! Promises: no real person, office, address or number; expectations come from the generator, never from the product.
//! Rejected: a collection of real mails with the names blacked out; blacking out fails silently.

pub mod corpus;
pub mod encode;
pub mod entity;
pub mod expected;
pub mod files;
pub mod hostile;
pub mod html;
pub mod layout;
pub mod letter;
pub mod local_date;
pub mod moment;
pub mod notice;
pub mod outlook;
pub mod pdf;
pub mod people;
mod random;
pub mod seeds;
mod stream;
mod submission;

pub use layout::{Layout, clients};
pub use notice::{Notice, Sort, Stars};
pub use random::Random;
pub use stream::{bulk, demo_dozen, submission};
pub use submission::{DESK, Mail, Scene, Submission, with_date};
