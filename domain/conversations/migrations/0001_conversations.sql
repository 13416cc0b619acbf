-- What a conversation is called and how it is set up. Where it stands is the log's business.
CREATE TABLE conversations (
    conversation {{bytes}} NOT NULL PRIMARY KEY,
    app BIGINT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT,
    avatar_url TEXT,
    metadata TEXT NOT NULL,
    history TEXT NOT NULL,
    created_by BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL,
    -- How many members there are now, and how many there have ever been: the next one's ordinal.
    member_count BIGINT NOT NULL,
    join_count BIGINT NOT NULL
) {{clustered}};

-- Who is a member now, with which role. What they may read is in the log's spans.
CREATE TABLE members (
    conversation {{bytes}} NOT NULL,
    uid BIGINT NOT NULL,
    app BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    role TEXT NOT NULL,
    joined_at_us BIGINT NOT NULL,
    invited_by BIGINT,
    PRIMARY KEY (conversation, uid)
) {{clustered}};

-- Pages of members in the order of joining.
CREATE UNIQUE INDEX members_by_ordinal ON members (conversation, ordinal);
