-- Namespaces: `description` is a DescribeNamespaceResponse.
CREATE TABLE namespaces (
    name TEXT PRIMARY KEY NOT NULL,
    id TEXT NOT NULL UNIQUE,
    description BLOB NOT NULL
) STRICT;

-- One row for each run: who it is, and what lists show of it. Written at its start and close, and
-- when its memo or search attributes change. Numbers grow, so the latest run of a workflow id is
-- the one with the highest number.
CREATE TABLE executions (
    id INTEGER PRIMARY KEY NOT NULL,
    namespace TEXT NOT NULL,
    workflow_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    workflow_type TEXT NOT NULL,
    task_queue TEXT NOT NULL,
    -- The protocol's number of the status.
    status INTEGER NOT NULL,
    -- Times are nanoseconds since the Unix epoch.
    start_time INTEGER NOT NULL,
    execution_time INTEGER NOT NULL,
    close_time INTEGER,
    -- Orders lists: the close time, or the end of time for an open run.
    close_order INTEGER NOT NULL,
    -- As of the close.
    history_length INTEGER,
    history_bytes INTEGER,
    state_transitions INTEGER,
    parent_workflow_id TEXT,
    parent_run_id TEXT,
    root_workflow_id TEXT NOT NULL,
    root_run_id TEXT NOT NULL,
    -- Memo and SearchAttributes messages.
    memo BLOB,
    search_attributes BLOB
) STRICT;
CREATE INDEX executions_by_workflow ON executions (namespace, workflow_id);
CREATE INDEX executions_by_run ON executions (run_id);
CREATE INDEX executions_by_close ON executions (namespace, close_order, start_time);

-- What each commit rewrites of a run. The history says the rest.
CREATE TABLE states (
    id INTEGER PRIMARY KEY NOT NULL,
    overlay BLOB NOT NULL,
    transitions INTEGER NOT NULL,
    -- When the run next wants a tick; null if never.
    deadline INTEGER,
    -- Whether tasks or messages wait to be handed on.
    owing INTEGER NOT NULL
) STRICT;
CREATE INDEX states_by_deadline ON states (deadline) WHERE deadline IS NOT NULL;
CREATE INDEX states_owing ON states (id) WHERE owing = 1;

-- One row for each commit that added events: a HistoryBatch. The key is the run's number times
-- 2^24, plus the id of the first event; so a run's events lie together, in order, with no index.
CREATE TABLE history (
    key INTEGER PRIMARY KEY NOT NULL,
    batch BLOB NOT NULL
) STRICT;
