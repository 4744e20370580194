-- What is no longer in the audit log: of each day (of the events, in days since 1970-01-01) the
-- first and last number that was destroyed after its retention, and how many.
CREATE TABLE audit_gone (
    day   bigint PRIMARY KEY,
    first bigint NOT NULL,
    last  bigint NOT NULL,
    count bigint NOT NULL
);

-- One row for each time that a backup was restored. began, backup_taken: seconds since 1970.
-- last_before: the highest audit number in the backup; first: the first one of the epoch.
CREATE TABLE epoch (
    number       bigint PRIMARY KEY,
    began        bigint NOT NULL,
    backup_taken bigint NOT NULL,
    last_before  bigint NOT NULL,
    first        bigint NOT NULL
);

-- Days that have no partition are destroyed row by row.
CREATE INDEX audit_other_day ON audit_other (day);

-- Whoever destroys holds this row: one node at a time. The first day that is kept.
INSERT INTO fact (name, value) VALUES ('audit_kept_from', -9223372036854775808);
