-- Work that is to be done later and survives a restart.
--
-- due_at_us is when a runner may take the job: its time at first, then the next try, and while
-- somebody works on it the end of that lease. holder is a random number, fresh with each claim, or
-- 0 when nobody has it. key and every_ms are there for recurring jobs only; of one (app, kind, key)
-- there is one row, which is never deleted by finishing. A dead job waits for a person.
CREATE TABLE jobs (
    id {{bytes}} NOT NULL PRIMARY KEY,
    app BIGINT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT,
    every_ms BIGINT,
    body {{bytes}} NOT NULL,
    run_at_us BIGINT NOT NULL,
    due_at_us BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    holder BIGINT NOT NULL,
    last_error TEXT,
    dead_at_us BIGINT
);
CREATE INDEX jobs_by_due ON jobs (kind, due_at_us) WHERE dead_at_us IS NULL;
CREATE UNIQUE INDEX jobs_by_key ON jobs (app, kind, key) WHERE key IS NOT NULL;
CREATE INDEX jobs_dead_by_app ON jobs (app, id) WHERE dead_at_us IS NOT NULL;
CREATE INDEX jobs_dead_by_time ON jobs (dead_at_us) WHERE dead_at_us IS NOT NULL;
