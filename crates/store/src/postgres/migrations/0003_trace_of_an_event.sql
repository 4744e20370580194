-- The number of the request that an event came from: 16 bytes, what the caller was told. Older events
-- have none, nor have those of a node of the previous release. No row is rewritten.
ALTER TABLE audit ADD COLUMN trace bytea;
