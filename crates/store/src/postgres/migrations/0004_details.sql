-- What else an event was about: a JSON object of texts, or nothing.
ALTER TABLE audit ADD COLUMN details text;
