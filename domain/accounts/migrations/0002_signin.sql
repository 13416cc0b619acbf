-- Who signs in with a password. `login_key` is the login name in lower case, as bytes; `used_at_us`
-- is written by every sign-in, so that a sign-in and a change of the password wait for each other.
CREATE TABLE logins (
    app BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    login TEXT NOT NULL,
    login_key {{bytes}} NOT NULL,
    password_hash TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    changed_at_us BIGINT NOT NULL,
    used_at_us BIGINT NOT NULL,
    PRIMARY KEY (app, uid)
);
CREATE UNIQUE INDEX logins_by_key ON logins (app, login_key);

-- Sessions that are refreshed. The family is what all refresh tokens of a session begin with: who
-- shows it and does not show the newest token has an old one. The nonce makes the newest out of the
-- one before, so that a lost reply can be given again without keeping a token.
ALTER TABLE sessions ADD COLUMN token_expires_at_us BIGINT;
ALTER TABLE sessions ADD COLUMN ends_at_us BIGINT;
ALTER TABLE sessions ADD COLUMN family_hash {{bytes}};
ALTER TABLE sessions ADD COLUMN refresh_hash {{bytes}};
ALTER TABLE sessions ADD COLUMN previous_hash {{bytes}};
ALTER TABLE sessions ADD COLUMN refresh_nonce {{bytes}};
ALTER TABLE sessions ADD COLUMN attempt_hash {{bytes}};
CREATE UNIQUE INDEX sessions_by_family ON sessions (family_hash) WHERE family_hash IS NOT NULL;
