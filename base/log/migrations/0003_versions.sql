-- Earlier bodies of a message, by the rev of the change that replaced them; gone when it is redacted
-- or trimmed. messages.state: 0 as it is, 1 redacted, 2 something hangs on it (see replace.rs).
CREATE TABLE versions (
    conversation {{bytes}} NOT NULL,
    seq BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    app BIGINT NOT NULL,
    body {{bytes}} NOT NULL
);
CREATE UNIQUE INDEX versions_by_rev ON versions (conversation, seq, rev);

-- Messages that one user does not want to see any more: holes in what their spans let them read.
CREATE TABLE hidden (
    conversation {{bytes}} NOT NULL,
    uid BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    app BIGINT NOT NULL,
    PRIMARY KEY (conversation, uid, seq)
) {{clustered}};
