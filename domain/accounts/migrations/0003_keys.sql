-- How names are typed in Latin letters: what users are found by beside id and name. A key is the
-- typed text, a zero, and the user's id: as unique as the id among the living, who alone have keys.
CREATE TABLE user_keys (
    app BIGINT NOT NULL,
    search_key {{bytes}} NOT NULL,
    uid BIGINT NOT NULL,
    PRIMARY KEY (app, search_key)
) {{clustered}};
CREATE INDEX user_keys_by_user ON user_keys (app, uid);

-- How far the keys of users who were there before their making have been written: one row, of app
-- 0. `version` is that of the rules by which keys are made; others begin anew.
CREATE TABLE user_key_fills (
    app BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    after_uid BIGINT NOT NULL,
    is_done BIGINT NOT NULL
);
