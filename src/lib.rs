//! The reception desk of a subsidy office.

pub mod secret;
pub mod wire;
