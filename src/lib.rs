//! The reception desk of a subsidy office.

pub mod desk;
pub mod secret;
pub mod wire;
