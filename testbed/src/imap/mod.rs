//! A scriptable IMAP server.
