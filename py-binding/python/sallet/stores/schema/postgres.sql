-- Sallet's keys in PostgreSQL, format 1. Sallet runs this at the first write. To give the role that writes no right to
-- create tables, run it yourself: psql -1 -f postgres.sql
--
-- What workers need, if they have a role of their own:
--   GRANT SELECT ON sallet_store, sallet_history, sallet_keys TO web;
--   GRANT SELECT, INSERT, UPDATE, DELETE ON sallet_used, sallet_workers TO web;

CREATE TABLE IF NOT EXISTS sallet_keys (
    id text COLLATE "C" PRIMARY KEY,
    principal text NOT NULL,
    -- Separated by single spaces.
    scopes text NOT NULL,
    -- SHA-256 of the token. Unique among revoked keys too, which stay for that.
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    -- Times are seconds since 1970; both ends of the window are in it.
    not_before bigint,
    not_after bigint,
    created bigint,
    revoked bigint,
    -- That of sallet_store when this row was last changed.
    version bigint NOT NULL
);

CREATE INDEX IF NOT EXISTS sallet_keys_version ON sallet_keys (version);

-- When a key was last used: apart, so that no such write can touch a key.
CREATE TABLE IF NOT EXISTS sallet_used (
    id text COLLATE "C" PRIMARY KEY,
    at bigint NOT NULL
);

-- Which version each worker has taken.
CREATE TABLE IF NOT EXISTS sallet_workers (
    worker text PRIMARY KEY,
    version bigint NOT NULL,
    max_stale double precision NOT NULL,
    seen double precision NOT NULL
);

-- The stamp that the writer of each version drew: two histories never agree on one, as after a failover that lost writes.
CREATE TABLE IF NOT EXISTS sallet_history (
    version bigint PRIMARY KEY,
    stamp text NOT NULL
);

-- One row. Every write locks it, so that versions become visible in their order.
CREATE TABLE IF NOT EXISTS sallet_store (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    format integer NOT NULL,
    version bigint NOT NULL
);

INSERT INTO sallet_store (format, version) VALUES (1, 0) ON CONFLICT DO NOTHING;
