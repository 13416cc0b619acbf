-- How many of a member's own rows of `uncounted` lie behind their read mark, kept beside the mark: a
-- member who writes a great deal and reads nothing would otherwise pay for all of it at every look.
ALTER TABLE marks ADD COLUMN uncounted_count BIGINT NOT NULL DEFAULT 0;

-- What was read past is forgotten with the mark, so every row of a member is behind it.
INSERT INTO marks (conversation, uid, app, delivered_seq, read_seq, receipt_seq, unread_from,
        uncounted_count)
    SELECT conversation, uid, app, 0, 0, 0, NULL, COUNT(*) FROM uncounted
        WHERE uid <> 0 GROUP BY conversation, uid, app
    ON CONFLICT (conversation, uid) DO UPDATE SET uncounted_count = excluded.uncounted_count;
