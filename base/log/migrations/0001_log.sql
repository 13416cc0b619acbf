-- The log: who stands where (heads), what was said (messages), what changed (changes), who may read
-- what (spans), and what keeps both exact (keys, marks, uncounted, moves).

-- Facts about the whole database: its epoch, the secret of direct conversations' ids.
CREATE TABLE log_meta (
    key TEXT NOT NULL PRIMARY KEY,
    value {{bytes}} NOT NULL
);

-- One narrow row per conversation: the two counters, and the rev of the last change of members.
CREATE TABLE heads (
    conversation {{bytes}} NOT NULL PRIMARY KEY,
    app BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    members_rev BIGINT NOT NULL,
    floor_seq BIGINT NOT NULL,
    at_us BIGINT NOT NULL
) {{clustered}};

-- Append-ordered heap; a row is the message as it is now.
CREATE TABLE messages (
    conversation {{bytes}} NOT NULL,
    app BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    sender BIGINT NOT NULL,
    state BIGINT NOT NULL,
    kind TEXT NOT NULL,
    client_id {{bytes}} NOT NULL,
    at_us BIGINT NOT NULL,
    expires_at_us BIGINT,
    body {{bytes}} NOT NULL
);
CREATE UNIQUE INDEX messages_by_seq ON messages (conversation, seq);

-- Append-ordered heap of changes.
CREATE TABLE changes (
    conversation {{bytes}} NOT NULL,
    app BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    at_seq BIGINT NOT NULL,
    members_rev BIGINT NOT NULL,
    kind TEXT NOT NULL,
    target_seq BIGINT,
    actor BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    data {{bytes}} NOT NULL
);
CREATE UNIQUE INDEX changes_by_rev ON changes (conversation, rev);
CREATE INDEX changes_by_target ON changes (conversation, target_seq);

-- Idempotency: time-ordered client ids land beside each other, so the id comes first.
CREATE TABLE client_keys (
    client_id {{bytes}} NOT NULL,
    conversation {{bytes}} NOT NULL,
    sender BIGINT NOT NULL,
    app BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    hash {{bytes}} NOT NULL,
    PRIMARY KEY (client_id, conversation, sender)
) {{clustered}};

-- Who may read what: seqs from from_seq to to_seq, open while to_seq is NULL. gate_us: since when
-- the member may write (0: always; the largest number: not at all).
CREATE TABLE spans (
    conversation {{bytes}} NOT NULL,
    uid BIGINT NOT NULL,
    from_seq BIGINT NOT NULL,
    app BIGINT NOT NULL,
    to_seq BIGINT,
    gate_us BIGINT NOT NULL,
    PRIMARY KEY (conversation, uid, from_seq)
) {{clustered}};

-- High-water marks of a member.
CREATE TABLE marks (
    conversation {{bytes}} NOT NULL,
    uid BIGINT NOT NULL,
    app BIGINT NOT NULL,
    delivered_seq BIGINT NOT NULL,
    read_seq BIGINT NOT NULL,
    receipt_seq BIGINT NOT NULL,
    unread_from BIGINT,
    PRIMARY KEY (conversation, uid)
) {{clustered}};

-- Messages in an unread range that do not count: for one user, or for all (uid 0).
CREATE TABLE uncounted (
    conversation {{bytes}} NOT NULL,
    uid BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    app BIGINT NOT NULL,
    PRIMARY KEY (conversation, uid, seq)
) {{clustered}};

-- What each append transaction moved, gapless and in commit order per lane.
CREATE TABLE lanes (
    lane BIGINT NOT NULL PRIMARY KEY,
    n BIGINT NOT NULL,
    opened_at_us BIGINT NOT NULL,
    seen_at_us BIGINT NOT NULL
);
CREATE TABLE moves (
    lane BIGINT NOT NULL,
    n BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    body {{bytes}} NOT NULL,
    PRIMARY KEY (lane, n)
) {{clustered}};

-- Consumers: their lease, how far they have followed each lane, and where they are per conversation.
CREATE TABLE consumers (
    consumer TEXT NOT NULL PRIMARY KEY,
    holder BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    until_us BIGINT NOT NULL
);
CREATE TABLE consumer_lanes (
    consumer TEXT NOT NULL,
    lane BIGINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (consumer, lane)
);
CREATE TABLE consumer_cursors (
    consumer TEXT NOT NULL,
    conversation {{bytes}} NOT NULL,
    seq BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    PRIMARY KEY (consumer, conversation)
) {{clustered}};

-- The user state log: the latest value of each key, removals as tombstones.
CREATE TABLE user_heads (
    uid BIGINT NOT NULL PRIMARY KEY,
    app BIGINT NOT NULL,
    rev BIGINT NOT NULL
);
CREATE TABLE user_state (
    uid BIGINT NOT NULL,
    kind TEXT NOT NULL,
    key {{bytes}} NOT NULL,
    app BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    removed BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    body {{bytes}} NOT NULL,
    PRIMARY KEY (uid, kind, key)
) {{clustered}};
CREATE INDEX user_state_by_rev ON user_state (uid, rev);
