-- Once rows by the day of their until. Ids are random, so a row that is spent dirties one page wherever it goes;
-- with an index on the day it dirtied two. The day comes first, so that a sweep takes whole pages.
--
-- Rows that were there before stay where they were until they are swept, within a day or two; the release after this
-- one drops that table. One row for each space and id, in both tables together: whoever writes looks first.
ALTER TABLE once RENAME TO once_before;

CREATE TABLE once (
    day     INTEGER NOT NULL,
    space   TEXT    NOT NULL,
    id      BLOB    NOT NULL,
    version INTEGER NOT NULL,
    until   INTEGER NOT NULL,
    last    BLOB    NOT NULL,
    lookups TEXT,
    open    TEXT,
    private BLOB,
    PRIMARY KEY (day, space, id)
) STRICT, WITHOUT ROWID;
