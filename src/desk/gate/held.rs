//! The gates by name. A stored word never changes.

use serde::{Deserialize, Serialize};

use crate::desk::verdict::Origin;

/// The gates in the order in which they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// The verdict asks for no letter, or its letter is switched off.
    Verdict,
    /// Replies are off, or the mail is old or came in a first sync or a re-scan.
    Off,
    /// Our own letter came back, or the mail went round in circles.
    Loop,
    /// `Return-Path: <>`, as bounces have it (RFC 5321 section 4.5.5).
    NullPath,
    /// A delivery, disposition or abuse report (RFC 3464, RFC 8098, RFC 5965).
    Report,
    /// `Auto-Submitted` is not `no` (RFC 3834 section 5).
    Auto,
    /// A mailing list (RFC 2919, RFC 2369).
    List,
    /// `Precedence: bulk` and its like.
    Precedence,
    /// `X-Auto-Response-Suppress` (MS-OXCMAIL).
    Suppress,
    /// A vendor's own mark of an automatic mail.
    Vendor,
    /// Nobody should be written to at this address.
    Address,
    /// Marked as spam, or a trusted check says that the sender is forged.
    Spam,
    /// None of our addresses stands in it.
    NotForUs,
    /// Doubled singleton fields, or a Reply-To of somebody else.
    Headers,
    /// The sender is not authenticated as the configuration asks.
    Unauthenticated,
    /// The subject of a responder that sets no headers.
    LooksAuto,
    /// The sender already has an accepted submission, or answers our letter.
    Settled,
    /// Too many letters: to this sender, in this thread, to this domain, or in all.
    Rate,
    /// An earlier letter to this address bounced.
    Bounced,
}

impl Gate {
    /// The fixed spelling, as stored and shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Verdict => "verdict",
            Self::Off => "off",
            Self::Loop => "loop",
            Self::NullPath => "null-path",
            Self::Report => "report",
            Self::Auto => "auto",
            Self::List => "list",
            Self::Precedence => "precedence",
            Self::Suppress => "suppress",
            Self::Vendor => "vendor",
            Self::Address => "address",
            Self::Spam => "spam",
            Self::NotForUs => "not-for-us",
            Self::Headers => "headers",
            Self::Unauthenticated => "unauthenticated",
            Self::LooksAuto => "looks-auto",
            Self::Settled => "settled",
            Self::Rate => "rate",
            Self::Bounced => "bounced",
        }
    }

    /// Who wrote a mail behind this gate.
    #[must_use]
    pub const fn origin(self) -> Origin {
        match self {
            Self::Report => Origin::Echo,
            // A stranger's loop mark or a null path says which program passed the mail on, not that nobody wrote it.
            Self::Loop | Self::NullPath | Self::Auto | Self::List | Self::Precedence | Self::Vendor => Origin::Automatic,
            Self::Verdict
            | Self::Off
            | Self::Suppress
            | Self::Address
            | Self::Spam
            | Self::NotForUs
            | Self::Headers
            | Self::Unauthenticated
            | Self::LooksAuto
            | Self::Settled
            | Self::Rate
            | Self::Bounced => Origin::Applicant,
        }
    }
}
