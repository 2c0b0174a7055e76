//! The command line.

pub mod judgement;
