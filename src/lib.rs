//! The reception desk of a subsidy office.

pub mod mailbox;
pub mod secret;
pub mod wire;
