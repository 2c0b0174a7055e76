//! The reception desk of a subsidy office.

pub mod cli;
pub mod clock;
pub mod config;
pub mod courier;
pub mod daemon;
pub mod desk;
pub mod judges;
pub mod mailbox;
pub mod secret;
pub mod store;
pub mod wire;
