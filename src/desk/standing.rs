//! What the store already knows when a submission is concluded. Plain data; the store fills it, the desk reads it.

/// Earlier dealings with this sender, this thread and these notices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// This sender (or the applicant behind it) already has an accepted submission.
    pub settled: bool,
    /// The submission answers one of our letters (its In-Reply-To or References name it).
    pub answers_our_letter: bool,
    /// A letter about this very mail stands in the folder for sent mail; the store has lost its row.
    pub answered_before: bool,
    /// It is a bounce of one of our letters, and proves it.
    pub reports_our_letter: bool,
    /// Letters queued or sent to this sender, the newest first: kind's word and UTC seconds.
    pub letters_to_sender: Vec<(String, i64)>,
    /// Letters in this thread.
    pub letters_in_thread: u32,
    /// Letters in the last hour to the sender's domain, and to everybody.
    pub letters_to_domain_last_hour: u32,
    pub letters_last_hour: u32,
    /// Whether all letters are being held.
    pub breaker: Breaker,
    /// UTC seconds of the last bounce of a letter to this address.
    pub bounced_at: Option<i64>,
    /// 自己宣言ID that another sender submitted before.
    pub ids_held_by_others: Vec<String>,
    /// Message-IDs of originals that another sender submitted before.
    pub originals_held_by_others: Vec<String>,
    /// The roster's names for this sender, where it is known.
    pub roster_names: Vec<String>,
    /// How the mail reached us.
    pub arrival: Arrival,
    /// The account that it came to answers nobody.
    pub is_silent: bool,
}

/// The circuit breaker of the outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Breaker {
    #[default]
    Closed,
    /// Until a person resumes sending, every letter is held.
    Tripped,
}

/// Whether a mail came while we watched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Arrival {
    /// Came while the mailbox was watched (or while the daemon was down, after its first look).
    #[default]
    Live,
    /// Lay in the mailbox at the first look, and the operator asked for silence about those.
    FirstSync,
    /// Found again after the mailbox changed its UIDVALIDITY, and not recognised.
    Rescan,
}
