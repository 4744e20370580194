-- The same rule about who did it, without a list: for one of three values or more SQLite makes a table in memory each
-- time it looks, which cost more than the row itself.
--
-- This changes no row, so it is done in place, the way that SQLite's documentation gives for such changes (ALTER TABLE,
-- "Making Other Kinds Of Table Schema Changes"). It leaves out to raise `schema_version`: a connection that is open
-- elsewhere keeps the rule as it read it, which says the same.
PRAGMA writable_schema = ON;

UPDATE sqlite_schema SET sql = replace(
    sql,
    'CHECK (who IN (''person'', ''party'', ''unknown''))',
    'CHECK (who = ''person'' OR who = ''party'' OR who = ''unknown'')'
) WHERE type = 'table' AND name = 'audit';

PRAGMA writable_schema = RESET;
