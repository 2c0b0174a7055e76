//! Loopback servers and mail generators for uketsuke's tests, benchmarks and demo. Never part of the binary.

pub mod imap;
pub mod mail;
pub mod oauth;
pub mod proxy;
pub mod real;
pub mod smtp;
pub mod tls;
pub mod tunnel;
