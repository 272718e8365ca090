-- Sallet's keys in SQLite, format 1. Sallet runs this at the first write.

CREATE TABLE IF NOT EXISTS sallet_keys (
    id TEXT NOT NULL PRIMARY KEY CHECK (typeof(id) = 'text'),
    principal TEXT NOT NULL CHECK (typeof(principal) = 'text'),
    -- Separated by single spaces.
    scopes TEXT NOT NULL CHECK (typeof(scopes) = 'text'),
    -- SHA-256 of the token. Unique among revoked keys too, which stay for that.
    digest BLOB NOT NULL UNIQUE CHECK (typeof(digest) = 'blob' AND length(digest) = 32),
    -- Times are seconds since 1970; both ends of the window are in it.
    not_before INTEGER CHECK (typeof(not_before) IN ('null', 'integer')),
    not_after INTEGER CHECK (typeof(not_after) IN ('null', 'integer')),
    created INTEGER,
    revoked INTEGER,
    -- That of sallet_store when this row was last changed.
    version INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS sallet_keys_version ON sallet_keys (version);

-- When a key was last used: apart, so that no such write can touch a key.
CREATE TABLE IF NOT EXISTS sallet_used (
    id TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL
);

-- Which version each worker has taken.
CREATE TABLE IF NOT EXISTS sallet_workers (
    worker TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    max_stale REAL NOT NULL,
    seen REAL NOT NULL
);

-- The stamp that the writer of each version drew: two histories never agree on one, as after an old copy of the file was put back.
CREATE TABLE IF NOT EXISTS sallet_history (
    version INTEGER PRIMARY KEY,
    stamp TEXT NOT NULL
);

-- One row.
CREATE TABLE IF NOT EXISTS sallet_store (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    format INTEGER NOT NULL,
    version INTEGER NOT NULL
);

INSERT INTO sallet_store (one, format, version) VALUES (1, 1, 0) ON CONFLICT DO NOTHING;
