-- Large mails are files beside the store, named by their SHA-256; raw_mails holds the others.

ALTER TABLE submissions ADD COLUMN kept TEXT NOT NULL DEFAULT 'rows' CHECK (kept IN ('rows', 'file'));

CREATE TABLE erased_files (                             -- whose submissions were deleted; the daemon removes them when it starts
    sha256 TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
-- Older rows, too: their mail may have been fetched once more since, and recognised.
CREATE TRIGGER submissions_erased AFTER DELETE ON submissions WHEN old.size > 65536 BEGIN
    INSERT OR IGNORE INTO erased_files (sha256) VALUES (old.sha256);
END;
