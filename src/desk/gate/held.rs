//! The gates by name. A stored word never changes.

use crate::desk::verdict::Origin;
use crate::desk::words::words;

words! {
    /// Why no letter is written: the first gate that holds.
    Gate {
        /// The verdict asks for no letter, or its letter is switched off.
        Verdict = "verdict",
        /// Replies are off, or the mail is old or came in a first sync or a re-scan.
        Off = "off",
        /// Our own letter came back, or the mail went round in circles.
        Loop = "loop",
        /// `Return-Path: <>`, as bounces have it (RFC 5321 section 4.5.5).
        NullPath = "null-path",
        /// A delivery, disposition or abuse report (RFC 3464, RFC 8098, RFC 5965).
        Report = "report",
        /// `Auto-Submitted` is not `no` (RFC 3834 section 5).
        Auto = "auto",
        /// A mailing list (RFC 2919, RFC 2369).
        List = "list",
        /// `Precedence: bulk` and its like.
        Precedence = "precedence",
        /// `X-Auto-Response-Suppress` (MS-OXCMAIL).
        Suppress = "suppress",
        /// A vendor's own mark of an automatic mail.
        Vendor = "vendor",
        /// Nobody should be written to at this address.
        Address = "address",
        /// Marked as spam, or a trusted check says that the sender is forged.
        Spam = "spam",
        /// None of our addresses stands in it.
        NotForUs = "not-for-us",
        /// Doubled singleton fields, or a Reply-To of somebody else.
        Headers = "headers",
        /// The sender is not authenticated as the configuration asks.
        Unauthenticated = "unauthenticated",
        /// The subject of a responder that sets no headers.
        LooksAuto = "looks-auto",
        /// The sender already has an accepted submission, or answers our letter.
        Settled = "settled",
        /// A letter about this very mail was sent before the store was restored.
        Answered = "answered",
        /// Too many letters: to this sender, in this thread, to this domain, or in all.
        Rate = "rate",
        /// An earlier letter to this address bounced.
        Bounced = "bounced",
    }
}

words! {
    /// Why a letter waits for a person.
    HoldReason {
        /// `[reply] mode` is `hold`.
        Mode = "mode",
        /// More letters than `total-an-hour` would have gone out.
        Breaker = "breaker",
    }
}

/// What becomes of a letter that passed every gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    AtOnce,
    Held(HoldReason),
}

impl Gate {
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
            | Self::Answered
            | Self::Rate
            | Self::Bounced => Origin::Applicant,
        }
    }
}
