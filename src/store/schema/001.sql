-- Times are RFC 3339 in UTC, to the second. Words have one spelling each (see docs/schema.md).

CREATE TABLE submissions (
    id            INTEGER PRIMARY KEY,
    receipt       TEXT UNIQUE,                          -- the number that the applicant is told
    account       TEXT NOT NULL,
    folder        TEXT NOT NULL,                        -- where the mail lies, as last seen
    uidvalidity   INTEGER NOT NULL,
    uid           INTEGER NOT NULL,
    sha256        TEXT NOT NULL,                        -- of the bytes as received
    size          INTEGER NOT NULL,
    content       TEXT NOT NULL CHECK (content IN ('whole', 'headers')),
    sighting      TEXT NOT NULL CHECK (sighting IN ('live', 'first_sync', 'rescan')),
    received_at   TEXT NOT NULL,                        -- INTERNALDATE, or else when it was stored
    stored_at     TEXT NOT NULL,
    attempts      INTEGER NOT NULL DEFAULT 0,           -- judgements begun
    verdict       TEXT CHECK (verdict IN ('accepted', 'missing', 'wrong_type', 'review', 'ignored')),
    judged_at     TEXT,
    rules_version TEXT,
    message_id    TEXT,
    thread        TEXT,                                 -- Message-ID that the conversation began with
    sender        TEXT,                                 -- address, lower case
    sender_name   TEXT,
    subject       TEXT,
    reply         TEXT CHECK (reply IN ('none', 'missing', 'wrong_type', 'accepted', 'reminder')),
    reply_gate    TEXT,                                 -- why no letter was written
    applicant     INTEGER REFERENCES applicants (id) ON DELETE SET NULL,
    reviewed_by   TEXT,
    reviewed_at   TEXT,
    CHECK ((verdict IS NULL) = (judged_at IS NULL))
) STRICT;
CREATE INDEX submissions_waiting ON submissions (id) WHERE verdict IS NULL;
CREATE INDEX submissions_content ON submissions (account, sha256);
CREATE INDEX submissions_sender ON submissions (sender, verdict);
CREATE INDEX submissions_thread ON submissions (thread);
CREATE INDEX submissions_received ON submissions (received_at);

CREATE TABLE raw_mails (                                -- the bytes as received, in pieces, so that no statement holds a large mail
    submission INTEGER NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    piece      INTEGER NOT NULL,                        -- 0, 1, 2 …: in this order they are the mail
    zstd       BLOB NOT NULL,                           -- up to 256 KiB of it, compressed
    PRIMARY KEY (submission, piece)
) STRICT;

CREATE TABLE sightings (                                -- every UID that was ever handed over
    account     TEXT NOT NULL,
    folder      TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid         INTEGER NOT NULL,
    submission  INTEGER NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    PRIMARY KEY (account, folder, uidvalidity, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX sightings_submission ON sightings (submission);

CREATE TABLE cursors (
    account          TEXT NOT NULL,
    folder           TEXT NOT NULL,
    uidvalidity      INTEGER NOT NULL,
    next_uid         INTEGER NOT NULL,                  -- every UID below it is resolved
    backlog_until    INTEGER,
    backlog_sighting TEXT CHECK (backlog_sighting IN ('live', 'first_sync', 'rescan')),
    moved_at         TEXT NOT NULL,
    PRIMARY KEY (account, folder)
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (                               -- mails that the server could not hand out
    account     TEXT NOT NULL,
    folder      TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid         INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    attempts    INTEGER NOT NULL,
    first_at    TEXT NOT NULL,
    next_at     TEXT NOT NULL,
    PRIMARY KEY (account, folder, uidvalidity, uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE findings (
    id         INTEGER PRIMARY KEY,
    submission INTEGER NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    code       TEXT NOT NULL,
    class      TEXT NOT NULL CHECK (class IN ('defect', 'doubt', 'note')),
    text       TEXT NOT NULL,
    line       TEXT                                     -- the line of the mail that it rests on
) STRICT;
CREATE INDEX findings_submission ON findings (submission);

CREATE TABLE notices (
    id                  INTEGER PRIMARY KEY,
    submission          INTEGER NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    kind                TEXT NOT NULL,
    stars               INTEGER CHECK (stars IN (1, 2)),
    declaration_id      TEXT,
    user_number         TEXT,                           -- masked: a login credential is not kept
    company             TEXT,
    person              TEXT,
    evidence            TEXT NOT NULL CHECK (evidence IN ('authentic', 'attached', 'quoted', 'printed', 'pictured')),
    original_from       TEXT,
    original_date       TEXT,                           -- RFC 3339 with the zone as written
    original_subject    TEXT,
    original_message_id TEXT,
    carried             TEXT NOT NULL CHECK (carried IN ('inline', 'attached', 'file', 'print', 'direct')),
    depth               INTEGER NOT NULL
) STRICT;
CREATE INDEX notices_submission ON notices (submission);
CREATE INDEX notices_declaration_id ON notices (declaration_id);
CREATE INDEX notices_original ON notices (original_message_id);

CREATE TABLE replies (
    id              INTEGER PRIMARY KEY,
    submission      INTEGER NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    kind            TEXT NOT NULL CHECK (kind IN ('missing', 'wrong_type', 'accepted', 'reminder')),
    state           TEXT NOT NULL CHECK (state IN ('held', 'queued', 'sending', 'data', 'sent', 'refused', 'unknown', 'cancelled')),
    message_id      TEXT NOT NULL UNIQUE,
    envelope_from   TEXT,                               -- NULL is the null path
    recipient       TEXT NOT NULL,                      -- lower case
    subject         TEXT NOT NULL,
    bytes           BLOB NOT NULL,                      -- the letter as it is sent
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TEXT,
    server_words    TEXT,
    created_at      TEXT NOT NULL,
    changed_at      TEXT NOT NULL,
    UNIQUE (submission, kind)
) STRICT;
CREATE INDEX replies_due ON replies (next_attempt_at) WHERE state = 'queued';
CREATE INDEX replies_recipient ON replies (recipient, created_at);
CREATE INDEX replies_created ON replies (created_at);

CREATE TABLE bounces (                                  -- addresses that a server called unknown
    address TEXT NOT NULL,
    at      TEXT NOT NULL,
    words   TEXT NOT NULL
) STRICT;
CREATE INDEX bounces_address ON bounces (address, at);

CREATE TABLE filings (
    submission INTEGER PRIMARY KEY REFERENCES submissions (id) ON DELETE CASCADE,
    action     TEXT NOT NULL CHECK (action IN ('keyword', 'move')),
    target     TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'refused')),
    sentence   TEXT,
    changed_at TEXT NOT NULL
) STRICT;
CREATE INDEX filings_waiting ON filings (submission) WHERE state = 'waiting';

CREATE TABLE applicants (
    id                 INTEGER PRIMARY KEY,
    application_number TEXT NOT NULL UNIQUE,
    corporation        TEXT,                            -- 法人
    office             TEXT,                            -- 事業所
    deadline           TEXT
) STRICT;

CREATE TABLE applicant_addresses (
    address   TEXT NOT NULL,                            -- lower case
    applicant INTEGER NOT NULL REFERENCES applicants (id) ON DELETE CASCADE,
    PRIMARY KEY (address, applicant)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id     INTEGER PRIMARY KEY,
    at     TEXT NOT NULL,
    actor  TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT
) STRICT;

CREATE TABLE health (                                   -- one row a part: `account:NAME`, `courier` or `daemon`
    part            TEXT PRIMARY KEY,
    state           TEXT NOT NULL,
    sentence        TEXT,
    changed_at      TEXT NOT NULL,
    last_success_at TEXT,
    retry_at        TEXT,
    mails           INTEGER,                            -- in the folder at the last look
    next_uid        INTEGER
) STRICT, WITHOUT ROWID;
