-- Users. `uid` is ours and never used again; `id` is the app's, and free again after a deletion.
-- The keys are what users are found, ordered and searched by: bytes, so that no database's idea of
-- an alphabet comes in. `id_key` is the id in lower case, a zero, and the id: as unique as the id.
CREATE TABLE users (
    app BIGINT NOT NULL,
    uid BIGINT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL,
    id_key {{bytes}} NOT NULL,
    name TEXT NOT NULL,
    name_key {{bytes}} NOT NULL,
    avatar_url TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL,
    deleted_at_us BIGINT
);
CREATE UNIQUE INDEX users_by_id ON users (app, id_key) WHERE deleted_at_us IS NULL;
CREATE INDEX users_by_name ON users (app, name_key) WHERE deleted_at_us IS NULL;

-- Sessions: one token each, of which only the SHA-256 is kept.
CREATE TABLE sessions (
    app BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    id {{bytes}} NOT NULL,
    token_hash {{bytes}} NOT NULL,
    device_id TEXT,
    device_platform TEXT,
    device_name TEXT,
    device_app_version TEXT,
    created_at_us BIGINT NOT NULL,
    last_seen_at_us BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    revoked_at_us BIGINT,
    PRIMARY KEY (app, uid, id)
);
CREATE UNIQUE INDEX sessions_by_token ON sessions (token_hash);
CREATE INDEX sessions_by_expiry ON sessions (expires_at_us);
