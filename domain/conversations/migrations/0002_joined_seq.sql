-- The newest message when somebody joined: later ones were sent to them, earlier ones were not, even
-- where they may read those. Members of before this column count as having been there all the time.
ALTER TABLE members ADD COLUMN joined_seq BIGINT NOT NULL DEFAULT 0;
