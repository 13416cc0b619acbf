-- Apps (tenants). `app` is the small number that stands on every row of every other table.
CREATE TABLE apps (
    app BIGINT NOT NULL PRIMARY KEY,
    id {{bytes}} NOT NULL,
    name TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX apps_by_id ON apps (id);
CREATE UNIQUE INDEX apps_by_name ON apps (name);

-- Server keys, and under app 0 the administration keys. Of the secret only its SHA-256.
CREATE TABLE keys (
    app BIGINT NOT NULL,
    id {{bytes}} NOT NULL,
    secret_hash {{bytes}} NOT NULL,
    label TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    expires_at_us BIGINT,
    revoked_at_us BIGINT,
    PRIMARY KEY (app, id)
);
CREATE UNIQUE INDEX keys_by_secret ON keys (secret_hash);

-- Replies to POSTs by Idempotency-Key. No status: the request is being worked on by `claim`.
CREATE TABLE replies (
    app BIGINT NOT NULL,
    caller TEXT NOT NULL,
    idempotency_key {{bytes}} NOT NULL,
    request_hash {{bytes}} NOT NULL,
    claim {{bytes}} NOT NULL,
    status BIGINT,
    body {{bytes}},
    at_us BIGINT NOT NULL,
    PRIMARY KEY (app, caller, idempotency_key)
);
CREATE INDEX replies_by_age ON replies (at_us);
