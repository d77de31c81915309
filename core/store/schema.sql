-- faultlab run store, schema version 1 (PRAGMA user_version = 1).
--
-- One file a run. Every table is STRICT; later versions add tables and never change columns.
-- Times (t_…) are nanoseconds since the start of the run on the controller's monotonic clock. They
-- draw and measure. Order is given by the indexes (idx, inv_index, ret_index), which all come from
-- one counter: operation a ended before b began if and only if a.ret_index < b.inv_index.
--
-- Keys and values are of type ANY: NULL absent, INTEGER a 64-bit integer, TEXT a text, byte for
-- byte; booleans, lists and transactions are a BLOB that holds their JSON.
-- Columns named params, undo, fields, details and statistics hold JSON objects.
-- In all this JSON, {"txn": [[f, key, value], …]} is a transaction, which a list of lists is not,
-- and {"bytes": "ff00"} is a text that is not UTF-8, in hexadecimal.

-- Facts about the run: run_id, plan_seed, lab_version, kernel, system_version, started_utc,
-- ended ('complete', 'interrupted', 'error: …'; no row: the lab was killed), dropped (operations
-- never invoked because the workers fell behind), …
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value ANY
) STRICT, WITHOUT ROWID;

-- The plan that was run, in its canonical text (faultlab.plan/1). One row.
CREATE TABLE plan (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    json TEXT NOT NULL
) STRICT;

-- Replicas ('replica') and client hosts ('client'). A client host's `talks_to` is the
-- replica that its clients begin with.
CREATE TABLE node (
    kind     TEXT NOT NULL CHECK (kind IN ('replica', 'client')),
    node     INTEGER NOT NULL,
    name     TEXT NOT NULL,
    address  TEXT NOT NULL,
    talks_to INTEGER,
    PRIMARY KEY (kind, node)
) STRICT, WITHOUT ROWID;

-- Each life of a replica's process, from 0.
CREATE TABLE incarnation (
    node        INTEGER NOT NULL,
    incarnation INTEGER NOT NULL,
    t_started   INTEGER NOT NULL,
    t_ended     INTEGER,             -- NULL: alive at the end of the record
    ended_by    TEXT,                -- 'killed by the lab', 'exited 1', …
    PRIMARY KEY (node, incarnation)
) STRICT, WITHOUT ROWID;

-- Appended while the run goes on: one row an invocation, one row a return. What is committed is
-- always a prefix of the index order over both tables.
CREATE TABLE op_invoke (
    idx     INTEGER PRIMARY KEY,
    process INTEGER NOT NULL,
    client  INTEGER NOT NULL,        -- the worker
    node    INTEGER NOT NULL,        -- that its client begins with
    f       TEXT NOT NULL,
    key     ANY,
    arg     ANY,
    t_due   INTEGER NOT NULL,        -- intended start: latency counts from here
    t_inv   INTEGER NOT NULL
) STRICT;

CREATE TABLE op_return (
    idx       INTEGER PRIMARY KEY,
    inv_index INTEGER NOT NULL,      -- the op_invoke that it ends
    status    TEXT NOT NULL CHECK (status IN ('ok', 'fail', 'info')),
    ret       ANY,
    error     TEXT NOT NULL,
    t_ret     INTEGER NOT NULL
) STRICT;

-- Of operations that came back from another replica than they began with: the one that was asked
-- last, and so the one that answered if any did. Files from before this table was added lack it.
CREATE TABLE op_asked (
    inv_index INTEGER PRIMARY KEY,
    node      INTEGER NOT NULL
) STRICT;

-- Folded from the three above when the run ends (they are then empty). ret_index is NULL for info
-- and open: such an operation may take effect at any time after its invocation, or never.
CREATE TABLE operation (
    inv_index INTEGER PRIMARY KEY,
    ret_index INTEGER,
    process   INTEGER NOT NULL,
    client    INTEGER NOT NULL,
    node      INTEGER NOT NULL,      -- asked last; of an open one: that its client begins with
    f         TEXT NOT NULL,
    key       ANY,
    arg       ANY,
    ret       ANY,
    status    TEXT NOT NULL CHECK (status IN ('open', 'ok', 'fail', 'info')),
    error     TEXT NOT NULL,
    t_due     INTEGER NOT NULL,
    t_inv     INTEGER NOT NULL,
    t_ret     INTEGER                -- when an ok, fail or info was recorded
) STRICT;

-- Every operation, of folded and of unfolded files alike, in order of invocation.
CREATE VIEW op AS
    SELECT * FROM operation
    UNION ALL
    SELECT i.idx, CASE WHEN r.status IN ('ok', 'fail') THEN r.idx END, i.process, i.client,
           coalesce(a.node, i.node), i.f, i.key, i.arg, r.ret, coalesce(r.status, 'open'), coalesce(r.error, ''),
           i.t_due, i.t_inv, r.t_ret
    FROM op_invoke i LEFT JOIN op_return r ON r.inv_index = i.idx
                     LEFT JOIN op_asked a ON a.inv_index = i.idx
    ORDER BY 1;

-- One row a fault, committed to the disk before the fault is injected: `undo` is all that healing
-- needs, now or at any later time.
CREATE TABLE fault (
    id        INTEGER PRIMARY KEY,
    spec_id   INTEGER NOT NULL,      -- the FaultSpec in the plan
    class     TEXT NOT NULL,         -- the nemesis: 'partition', 'kill', 'pause', …
    summary   TEXT NOT NULL,
    targets   TEXT NOT NULL,         -- JSON list of node numbers
    params    TEXT NOT NULL,
    undo      TEXT NOT NULL,
    t_planned INTEGER NOT NULL,
    t_started INTEGER,               -- injection finished
    t_ended   INTEGER,               -- heal finished
    state     TEXT NOT NULL CHECK (state IN ('injecting', 'active', 'healing', 'healed', 'failed'))
) STRICT;

-- What was measured about a fault. `proves`: it took effect (during), it is gone (after).
CREATE TABLE evidence (
    id     INTEGER PRIMARY KEY,
    fault  INTEGER NOT NULL REFERENCES fault (id),
    phase  TEXT NOT NULL CHECK (phase IN ('before', 'during', 'after')),
    node   INTEGER NOT NULL,
    name   TEXT NOT NULL,
    value  ANY,
    proves INTEGER NOT NULL CHECK (proves IN (0, 1))
) STRICT;

-- Names of metrics: role (0 follower, 1 candidate, 2 leader), term, leader (node, -1 none), commit,
-- applied, head, config, …
CREATE TABLE metric (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE sample (
    id          INTEGER PRIMARY KEY,
    t           INTEGER NOT NULL,
    node        INTEGER NOT NULL,
    incarnation INTEGER NOT NULL,
    metric_id   INTEGER NOT NULL REFERENCES metric (id),
    value       INTEGER NOT NULL
) STRICT;

CREATE TABLE event (
    id          INTEGER PRIMARY KEY,
    t           INTEGER NOT NULL,
    node        INTEGER NOT NULL,    -- -1: the run itself
    incarnation INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    fields      TEXT NOT NULL
) STRICT;

CREATE TABLE log_file (
    node  INTEGER NOT NULL,
    path  TEXT NOT NULL,             -- relative to the run's directory
    bytes INTEGER NOT NULL,
    PRIMARY KEY (node, path)
) STRICT, WITHOUT ROWID;

-- One row each time the record was checked; the newest of a checker counts.
CREATE TABLE check_run (
    id         INTEGER PRIMARY KEY,
    checker    TEXT NOT NULL,
    verdict    TEXT NOT NULL CHECK (verdict IN ('valid', 'unknown', 'invalid')),
    reason     TEXT NOT NULL,
    statistics TEXT NOT NULL,
    version    TEXT NOT NULL,        -- of the lab that checked
    took       INTEGER NOT NULL      -- nanoseconds
) STRICT;

CREATE TABLE finding (
    id             INTEGER PRIMARY KEY,
    check_run      INTEGER NOT NULL REFERENCES check_run (id),
    anomaly        TEXT NOT NULL,
    key            ANY,
    divergence     INTEGER,          -- position of the operation that no order explains
    considered_ops INTEGER NOT NULL,
    explained_ops  INTEGER NOT NULL,
    minimal        INTEGER NOT NULL CHECK (minimal IN (0, 1)),
    faults         TEXT NOT NULL,    -- JSON list of fault ids
    details        TEXT NOT NULL
) STRICT;

-- The counterexample of a finding, in order. `op` is the position in the view op, from 0.
CREATE TABLE finding_op (
    finding  INTEGER NOT NULL REFERENCES finding (id),
    position INTEGER NOT NULL,
    op       INTEGER NOT NULL,
    PRIMARY KEY (finding, position)
) STRICT, WITHOUT ROWID;

-- Messages between nodes, when they were journalled.
CREATE TABLE msg (
    id       INTEGER PRIMARY KEY,
    t_sent   INTEGER NOT NULL,
    t_seen   INTEGER,                -- NULL: never delivered
    sender   INTEGER NOT NULL,
    receiver INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    fields   TEXT NOT NULL
) STRICT;

-- Causes: this fact came about through that one. Facts carry semantic markers, such as
-- 'invoked 17' (client operation), 'view 4 installed', 'nemesis 2'.
CREATE TABLE lineage (
    id     INTEGER PRIMARY KEY,
    fact   TEXT NOT NULL,
    parent INTEGER REFERENCES lineage (id),
    msg    INTEGER REFERENCES msg (id)
) STRICT;
CREATE INDEX lineage_parent ON lineage (parent);
