//! The reception desk of a subsidy office.

pub mod courier;
pub mod secret;
pub mod wire;
