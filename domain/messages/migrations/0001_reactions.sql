-- Who reacted with what. rev is that of the change that told it: the order in which people reacted.
CREATE TABLE reactions (
    conversation {{bytes}} NOT NULL,
    uid BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    emoji TEXT NOT NULL,
    app BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    PRIMARY KEY (conversation, uid, seq, emoji)
) {{clustered}};
CREATE UNIQUE INDEX reactions_by_rev ON reactions (conversation, seq, rev);

-- How many reacted with each emoji, so that a page of messages counts nobody. first_rev orders the
-- emoji of a message.
CREATE TABLE reaction_counts (
    conversation {{bytes}} NOT NULL,
    seq BIGINT NOT NULL,
    emoji TEXT NOT NULL,
    app BIGINT NOT NULL,
    count BIGINT NOT NULL,
    first_rev BIGINT NOT NULL,
    PRIMARY KEY (conversation, seq, emoji)
) {{clustered}};
