-- The number of the request that an event came from: 16 bytes, what the caller was told. Older events
-- have none.
ALTER TABLE audit ADD COLUMN trace BLOB;
