-- Letters go by the server of their account, are held for a reason, and may come back; sending can be halted as a whole.

ALTER TABLE replies ADD COLUMN relay TEXT NOT NULL DEFAULT '';              -- the account whose own server takes it; '' is [smtp]
ALTER TABLE replies ADD COLUMN hold_reason TEXT CHECK (hold_reason IN ('mode', 'breaker'));
ALTER TABLE replies ADD COLUMN copy TEXT CHECK (copy IN ('wanted', 'done', 'refused'));    -- in the folder for sent mail; NULL: none wanted
CREATE INDEX replies_copies ON replies (id) WHERE copy = 'wanted';
UPDATE replies SET hold_reason = 'mode' WHERE state = 'held';

ALTER TABLE bounces ADD COLUMN reply INTEGER REFERENCES replies (id) ON DELETE SET NULL;            -- the letter that came back
ALTER TABLE bounces ADD COLUMN submission INTEGER REFERENCES submissions (id) ON DELETE SET NULL;   -- the mail that says so; NULL: said in SMTP
ALTER TABLE bounces ADD COLUMN status TEXT;                                                         -- 5.1.1 and the like (RFC 3463)
ALTER TABLE bounces ADD COLUMN suspends INTEGER NOT NULL DEFAULT 1 CHECK (suspends IN (0, 1));      -- whether the address is left alone
ALTER TABLE bounces ADD COLUMN proven INTEGER NOT NULL DEFAULT 1 CHECK (proven IN (0, 1));         -- 0: only the address was named
CREATE INDEX bounces_reply ON bounces (reply);

CREATE INDEX submissions_applicant ON submissions (applicant, verdict) WHERE applicant IS NOT NULL;

CREATE TABLE sent_letters (                             -- letters of ours that stand in a folder for sent mail, and that no reply knows
    message_id  TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,                          -- the start of the submission's sha256
    learnt_at   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sent_letters_fingerprint ON sent_letters (fingerprint);

CREATE TABLE breaker (                                  -- when all sending was halted, and resumed
    id         INTEGER PRIMARY KEY,
    tripped_at TEXT NOT NULL,
    letters    INTEGER NOT NULL,                        -- in the hour before
    resumed_at TEXT,                                    -- NULL: letters are being held
    resumed_by TEXT
) STRICT;
