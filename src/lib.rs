//! The reception desk of a subsidy office.

pub mod config;
pub mod courier;
pub mod desk;
pub mod mailbox;
pub mod secret;
pub mod store;
pub mod wire;
pub mod cli;
pub mod judges;
