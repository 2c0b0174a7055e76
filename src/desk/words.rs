//! The desk's vocabulary: each word is an enum here, one spelling in JSON, SQL, logs and the command line.
//!
//! Promises: `word()` of a value never changes between releases; scripts of operators compare it.

/// Declares an enum whose variants have one fixed spelling, readable back.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every value, in the order of the declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The fixed spelling.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// Reads the fixed spelling back.
            #[must_use]
            pub fn of_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.word() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.word())
            }
        }
    };
}

pub(super) use words;

words! {
    /// What the desk decided about a submission.
    Verdict {
        /// A notice of an accepted kind, and nothing that a person must look at.
        Accepted = "accepted",
        /// No SECURITY ACTION mail in it.
        Missing = "missing",
        /// A SECURITY ACTION mail, but not of an accepted kind or star level.
        WrongType = "wrong_type",
        /// A person must decide.
        Review = "review",
        /// Not an applicant's submission; never answered.
        Ignored = "ignored",
    }
}

words! {
    /// Who must act on a finding.
    Class {
        /// The applicant can mend it.
        Defect = "defect",
        /// A person of the office must look.
        Doubt = "doubt",
        /// Nobody; it explains.
        Note = "note",
    }
}

words! {
    /// How strong a proof is.
    Evidence {
        /// The whole original mail came along, headers and all; its signature was not verified.
        Attached = "attached",
        /// Text inside a forward, which anybody can edit.
        Quoted = "quoted",
        /// Text of a print-out: a person must look.
        Printed = "printed",
    }
}

words! {
    /// How an original came inside a submission.
    Carried {
        /// As text in the body.
        Inline = "inline",
        /// As a message/rfc822 part.
        Attached = "attached",
        /// As a file that holds a mail: .eml under any content type, .msg, in winmail.dat or in a zip.
        File = "file",
        /// The submission itself is the original: redirected, resent or forwarded by a rule.
        Direct = "direct",
        /// As the text of a PDF.
        Print = "print",
    }
}

words! {
    /// A letter to the applicant.
    ReplyKind {
        Missing = "missing",
        WrongType = "wrong_type",
        Accepted = "accepted",
    }
}

words! {
    /// One named fact about a submission. The class is fixed but for `star_level_unstated`, which depends on the programme.
    FindingCode {
        /// Defect: there is no SECURITY ACTION mail.
        NoNotice = "no_notice",
        /// Defect: the notice is not of an accepted kind.
        WrongKind = "wrong_kind",
        /// Defect: two stars are asked for, one is stated.
        OneStarStated = "one_star_stated",
        /// Defect: a password-protected archive (PPAP) that the desk cannot open.
        EncryptedAttachment = "encrypted_attachment",
        /// Doubt: a kind that states an ID does so unreadably.
        DeclarationIdUnreadable = "declaration_id_unreadable",
        /// Doubt: there is an ID, but it has not the shape of one.
        DeclarationIdMalformed = "declaration_id_malformed",
        /// Doubt: 自己宣言ID and 利用者番号 are the same number.
        DeclarationIdIsUserNumber = "declaration_id_is_user_number",
        /// Doubt: the numbers or names of the manual's sample page.
        SampleValues = "sample_values",
        /// Doubt: the original's sender is not IPA.
        SenderOutsideDomain = "sender_outside_domain",
        /// Doubt: subject of a kind, without the text that belongs to it.
        BodyCut = "body_cut",
        /// Doubt: the subject is of one kind, the text of another.
        KindConflict = "kind_conflict",
        /// Doubt: the notice's text without the lines that say whose mail it was.
        PastedWithoutHeaders = "pasted_without_headers",
        /// Doubt: a picture that may show the proof.
        PictureAttached = "picture_attached",
        /// Doubt: a PDF that may hold the proof, or does.
        PdfAttached = "pdf_attached",
        /// Doubt: an attachment that the desk cannot open and that may hold the proof.
        UnreadAttachment = "unread_attachment",
        /// Doubt: text whose character set cannot be made out.
        Illegible = "illegible",
        /// Doubt: larger than the limit; only its headers were read.
        Oversize = "oversize",
        /// Doubt: more parts, nesting or fields than the limits allow; only its headers were read.
        TooComplex = "too_complex",
        /// Doubt: judging it failed, twice or by a panic; nobody has read it.
        Unjudgeable = "unjudgeable",
        /// Doubt: an attached original with two From, Subject, Date or Message-ID fields.
        HeadersConflict = "headers_conflict",
        /// Doubt: a notice in text that a reader of the mail cannot see.
        HiddenText = "hidden_text",
        /// Doubt: a word of a notice mixes Latin letters with Greek or Cyrillic ones that look like them.
        MixedScripts = "mixed_scripts",
        /// Doubt: the text part and the HTML part hold different notices.
        PartsDisagree = "parts_disagree",
        /// Doubt: dated outside the programme's window.
        DateOutsideWindow = "date_outside_window",
        /// Doubt: dated in the future.
        DateInFuture = "date_in_future",
        /// Doubt: the same 自己宣言ID came from another applicant before.
        IdHeldByOther = "id_held_by_other",
        /// Doubt: the same original mail came from another applicant before.
        OriginalHeldByOther = "original_held_by_other",
        /// Doubt: the name in the notice is not the roster's.
        NameMismatch = "name_mismatch",
        /// Doubt: a mail of an unknown kind that states a 自己宣言ID.
        UnknownNoticeWithId = "unknown_notice_with_id",
        /// Doubt: an answer to our own letter, without a notice.
        AnswersOurLetter = "answers_our_letter",
        /// Note: the forwarded text does not give the sender's address.
        SenderUnstated = "sender_unstated",
        /// Note: the forwarded text does not give the subject.
        SubjectUnstated = "subject_unstated",
        /// Note: it came after the programme's deadline.
        ReceivedAfterDeadline = "received_after_deadline",
        /// Note: beside the accepted notice there is one of another kind.
        OtherNoticeToo = "other_notice_too",
        /// Note: more than one notice.
        SeveralNotices = "several_notices",
        /// Note, or doubt where two stars are asked for: the notice names no level.
        StarLevelUnstated = "star_level_unstated",
    }
}

impl FindingCode {
    /// Who must act, where the programme does not say otherwise.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::NoNotice | Self::WrongKind | Self::OneStarStated | Self::EncryptedAttachment => Class::Defect,
            Self::SenderUnstated
            | Self::SubjectUnstated
            | Self::ReceivedAfterDeadline
            | Self::OtherNoticeToo
            | Self::SeveralNotices
            | Self::StarLevelUnstated => Class::Note,
            Self::DeclarationIdUnreadable
            | Self::DeclarationIdMalformed
            | Self::DeclarationIdIsUserNumber
            | Self::SampleValues
            | Self::SenderOutsideDomain
            | Self::BodyCut
            | Self::KindConflict
            | Self::PastedWithoutHeaders
            | Self::PictureAttached
            | Self::PdfAttached
            | Self::UnreadAttachment
            | Self::Illegible
            | Self::Oversize
            | Self::TooComplex
            | Self::Unjudgeable
            | Self::HeadersConflict
            | Self::HiddenText
            | Self::MixedScripts
            | Self::PartsDisagree
            | Self::DateOutsideWindow
            | Self::DateInFuture
            | Self::IdHeldByOther
            | Self::OriginalHeldByOther
            | Self::NameMismatch
            | Self::UnknownNoticeWithId
            | Self::AnswersOurLetter => Class::Doubt,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::of_word(verdict.word()), Some(*verdict));
        }
        for code in FindingCode::ALL {
            assert_eq!(FindingCode::of_word(code.word()), Some(*code));
        }
    }
}
