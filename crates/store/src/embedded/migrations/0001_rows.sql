-- Three kinds of rows with the same columns; which kind a row is follows from its key.
--
-- until, moment: seconds since 1970-01-01T00:00:00Z. day: the same in whole days; expiry is indexed
-- by day, so that a rotation seldom moves an index entry. last: the commit that wrote the row.
-- lookups: its secondary keys as JSON, [["name","text","value"],["name","person","hex"]].
-- open: JSON; private: ciphertext. An empty part is NULL.

CREATE TABLE once (
    space   TEXT    NOT NULL,
    id      BLOB    NOT NULL,
    version INTEGER NOT NULL,
    until   INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    last    BLOB    NOT NULL,
    lookups TEXT,
    open    TEXT,
    private BLOB,
    PRIMARY KEY (space, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE grants (
    space   TEXT    NOT NULL,
    id      BLOB    NOT NULL,
    version INTEGER NOT NULL,
    until   INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    last    BLOB    NOT NULL,
    lookups TEXT,
    open    TEXT,
    private BLOB,
    PRIMARY KEY (space, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE records (
    space   TEXT    NOT NULL,
    id      BLOB    NOT NULL,
    version INTEGER NOT NULL,
    until   INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    last    BLOB    NOT NULL,
    lookups TEXT,
    open    TEXT,
    private BLOB,
    PRIMARY KEY (space, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX once_day ON once (day);
CREATE INDEX grants_day ON grants (day);
CREATE INDEX records_day ON records (day);

-- Secondary keys. value: text as it is, a person as 36 bytes (key id, keyed hash).
-- kind: 1 once, 2 grants, 3 records.
CREATE TABLE lookup (
    space TEXT    NOT NULL,
    name  TEXT    NOT NULL,
    value ANY     NOT NULL,
    kind  INTEGER NOT NULL,
    id    BLOB    NOT NULL,
    PRIMARY KEY (space, name, value, kind, id)
) STRICT, WITHOUT ROWID;

-- Append-only. Whoever destroys old rows keeps the newest one, so that no number is given twice.
CREATE TABLE audit (
    seq         INTEGER PRIMARY KEY,
    day         INTEGER NOT NULL,
    moment      INTEGER NOT NULL,
    requirement TEXT    NOT NULL,
    what        TEXT    NOT NULL,
    outcome     TEXT    NOT NULL CHECK (outcome IN ('granted', 'refused')),
    who         TEXT    NOT NULL CHECK (who IN ('person', 'party', 'unknown')),
    party       TEXT             CHECK ((party IS NOT NULL) = (who = 'party')),
    whose       BLOB,
    commit_id   BLOB    NOT NULL
) STRICT;

CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit rows are never changed');
END;

-- Facts about the whole store.
CREATE TABLE fact (
    name  TEXT    PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The latest until of any once row that was swept: see Group::loaded.
INSERT INTO fact (name, value) VALUES ('once_floor', -9223372036854775808);
