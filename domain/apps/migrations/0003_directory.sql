-- Whether users find each other by searching: 'open' or 'closed'. NULL: never set, which is open.
ALTER TABLE apps ADD COLUMN directory TEXT;
