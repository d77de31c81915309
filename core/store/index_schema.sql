-- faultlab lab index, schema version 1 (PRAGMA user_version = 1): the runs of one lab directory.
-- A convenience only: every fact in it but the order of the runs is in their run.db too.

CREATE TABLE run (
    position    INTEGER PRIMARY KEY, -- in order of their start
    id          TEXT NOT NULL UNIQUE,
    directory   TEXT NOT NULL,       -- relative to the lab directory, or absolute
    system      TEXT NOT NULL,
    workload    TEXT NOT NULL,
    seed        TEXT NOT NULL,       -- hexadecimal: SQLite's integers are signed
    started_utc TEXT NOT NULL,
    verdict     TEXT CHECK (verdict IN ('valid', 'unknown', 'invalid')), -- NULL: not checked yet
    ended       TEXT NOT NULL        -- as in meta of its run.db; '' while it runs or was killed
) STRICT;
