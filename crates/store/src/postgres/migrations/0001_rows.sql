-- Three kinds of rows with the same columns; which kind a row is follows from its key.
--
-- until, moment: seconds since 1970-01-01T00:00:00Z. day: the same in whole days; expiry is indexed
-- by day, so that a rotation seldom moves an index entry. last: the commit that wrote the row.
-- lookups: its secondary keys as JSON, [["name","text","value"],["name","person","hex"]].
-- open: JSON as text (jsonb cannot hold every string); views say open::json ->> 'v'.
-- private: ciphertext. An empty part is NULL. Room is left on each page, so that a row that changes
-- stays on its page and its index entries stay as they are.

CREATE TABLE once (
    space   text COLLATE "C" NOT NULL,
    id      bytea  NOT NULL,
    version bigint NOT NULL,
    until   bigint NOT NULL,
    day     bigint NOT NULL,
    last    bytea  NOT NULL,
    lookups text,
    open    text,
    private bytea,
    PRIMARY KEY (space, id)
);

CREATE TABLE grants (
    space   text COLLATE "C" NOT NULL,
    id      bytea  NOT NULL,
    version bigint NOT NULL,
    until   bigint NOT NULL,
    day     bigint NOT NULL,
    last    bytea  NOT NULL,
    lookups text,
    open    text,
    private bytea,
    PRIMARY KEY (space, id)
) WITH (fillfactor = 70);

CREATE TABLE records (
    space   text COLLATE "C" NOT NULL,
    id      bytea  NOT NULL,
    version bigint NOT NULL,
    until   bigint NOT NULL,
    day     bigint NOT NULL,
    last    bytea  NOT NULL,
    lookups text,
    open    text,
    private bytea,
    PRIMARY KEY (space, id)
) WITH (fillfactor = 80);

CREATE INDEX once_day ON once (day);
CREATE INDEX grants_day ON grants (day);
CREATE INDEX records_day ON records (day);

-- Secondary keys. value: 't' and the text, or 'p' and a person as 36 bytes (key id, keyed hash).
-- kind: 1 once, 2 grants, 3 records.
CREATE TABLE lookup (
    space text COLLATE "C" NOT NULL,
    name  text COLLATE "C" NOT NULL,
    value bytea    NOT NULL,
    kind  smallint NOT NULL,
    id    bytea    NOT NULL,
    PRIMARY KEY (space, name, value, kind, id)
);

-- What is locked instead of rows, so that a row that is not there can be locked too: a key has the
-- slot that its hash says. Slots are only ever locked, never written.
CREATE TABLE slot (
    n integer PRIMARY KEY
);
INSERT INTO slot (n) SELECT * FROM generate_series(0, 65535);

-- Append-only, numbered in the order in which commits became visible. A day's rows can be dropped
-- at once. Days that nobody made a partition for are kept in audit_other.
CREATE TABLE audit (
    seq         bigint NOT NULL,
    day         bigint NOT NULL,
    moment      bigint NOT NULL,
    requirement text   NOT NULL,
    what        text   NOT NULL,
    outcome     text   NOT NULL CHECK (outcome IN ('granted', 'refused')),
    who         text   NOT NULL CHECK (who IN ('person', 'party', 'unknown')),
    party       text            CHECK ((party IS NOT NULL) = (who = 'party')),
    whose       bytea,
    commit_id   bytea  NOT NULL
) PARTITION BY RANGE (day);

CREATE INDEX audit_seq ON audit (seq);
CREATE TABLE audit_other PARTITION OF audit DEFAULT;

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit rows are never changed';
END
$$;

CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();

-- One row for each connection that writes: how many groups it has committed. Whoever loses the
-- answer to a COMMIT reads here whether it happened. day: the last day it was used.
CREATE TABLE writer (
    id     bigint PRIMARY KEY,
    groups bigint NOT NULL,
    day    bigint NOT NULL
) WITH (fillfactor = 20);

-- Facts about the whole store.
CREATE TABLE fact (
    name  text   PRIMARY KEY,
    value bigint NOT NULL
) WITH (fillfactor = 10);

INSERT INTO fact (name, value) VALUES
    -- The latest until of any once row that was swept: see Group::loaded.
    ('once_floor', -9223372036854775808),
    -- The highest number in the audit log.
    ('audit_seq', 0),
    -- The highest id of a writer.
    ('writer_id', 0);
