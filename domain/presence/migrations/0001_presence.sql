-- When the last connection of a user ended: one row per user who was ever there.
CREATE TABLE last_seen (
    uid BIGINT NOT NULL PRIMARY KEY,
    app BIGINT NOT NULL,
    at_us BIGINT NOT NULL
);
