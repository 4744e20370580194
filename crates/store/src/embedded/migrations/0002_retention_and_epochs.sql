-- What is no longer in the audit log: of each day (of the events, in days since 1970-01-01) the
-- first and last number that was destroyed after its retention, and how many.
CREATE TABLE audit_gone (
    day   INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,
    last  INTEGER NOT NULL,
    count INTEGER NOT NULL
) STRICT;

-- One row for each time that a backup was restored. began, backup_taken: seconds since 1970.
-- last_before: the highest audit number in the backup; first: the first one of the epoch.
CREATE TABLE epoch (
    number       INTEGER PRIMARY KEY,
    began        INTEGER NOT NULL,
    backup_taken INTEGER NOT NULL,
    last_before  INTEGER NOT NULL,
    first        INTEGER NOT NULL
) STRICT;

-- Table fact of a backup, and of no other database, has a row backup_taken.
