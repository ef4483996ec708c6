-- The event log and its projections. Forward only: never edit this file, add the next one.
-- page_size 4096 and auto_vacuum INCREMENTAL are set by the opener, before the first table exists.

PRAGMA application_id = 0x53574C54;      -- 'SWLT'

CREATE TABLE store_meta (                -- one row
  one INTEGER PRIMARY KEY CHECK (one = 1),
  store_id BLOB NOT NULL,
  epoch INTEGER NOT NULL,                -- bumped by every restore
  created_us INTEGER NOT NULL,
  floor INTEGER NOT NULL DEFAULT 0,      -- every event with seq > floor is present
  floor_chain BLOB NOT NULL              -- chain value at floor
) STRICT;

CREATE TABLE schema_migration (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  sha256 BLOB NOT NULL,
  applied_us INTEGER NOT NULL,
  app_version TEXT NOT NULL
) STRICT;

CREATE TABLE actor (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;       -- 'user:alice', 'system:reconciler'
CREATE TABLE event_type (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;  -- 'ContainerStarted'
CREATE TABLE resource (
  id INTEGER PRIMARY KEY,
  api_group TEXT NOT NULL,
  version TEXT NOT NULL,
  plural TEXT NOT NULL,
  UNIQUE (api_group, version, plural)
) STRICT;

CREATE TABLE event (
  seq INTEGER PRIMARY KEY,               -- resourceVersion; assigned by the writer, never AUTOINCREMENT
  obj INTEGER NOT NULL,                  -- object.obj
  version INTEGER NOT NULL,              -- per object, 1..
  prev_seq INTEGER NOT NULL,             -- previous event of this object, 0 = first: history without an index
  change INTEGER NOT NULL,               -- 0 object unchanged, 1 added, 2 modified, 3 deleted
  type INTEGER NOT NULL,                 -- event_type.id
  schema_v INTEGER NOT NULL,
  ts_us INTEGER NOT NULL,                -- wall clock, never decreasing within the log (clamped)
  actor INTEGER NOT NULL,                -- actor.id
  corr INTEGER NOT NULL,                 -- event that began this story; own seq if none
  cause INTEGER NOT NULL,                -- event that directly caused this one, 0 = external
  request BLOB,                          -- id of the API request, up to 64 characters; NULL = internal
  data TEXT NOT NULL,                    -- the fact, small JSON, canonical key order
  after BLOB,                            -- full object JSON as served; NULL = object unchanged
  rv_off INTEGER,                        -- where in `after` the resourceVersion digits are spliced in
  hash BLOB NOT NULL                     -- SHA-256 chain
) STRICT;

CREATE TABLE object (                    -- projection: pointers into the log, not copies
  obj INTEGER PRIMARY KEY,
  resource INTEGER NOT NULL,
  ns TEXT NOT NULL,
  name TEXT NOT NULL,
  uid BLOB NOT NULL,
  version INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,             -- last event of any kind
  after_seq INTEGER NOT NULL,            -- last event with an after-image == metadata.resourceVersion; 0 = none yet
  created_seq INTEGER NOT NULL,
  deleted_seq INTEGER                    -- tombstone until the floor passes it
) STRICT;
CREATE UNIQUE INDEX object_live ON object(resource, ns, name) WHERE deleted_seq IS NULL;
CREATE UNIQUE INDEX object_uid ON object(uid);
CREATE INDEX object_dead ON object(deleted_seq) WHERE deleted_seq IS NOT NULL;

CREATE TABLE batch (                     -- one row per group commit
  last_seq INTEGER PRIMARY KEY,
  first_seq INTEGER NOT NULL,
  ts_us INTEGER NOT NULL,
  boot_id BLOB NOT NULL,                 -- this start of the process
  chain BLOB NOT NULL                    -- == hash of last_seq
) STRICT;

CREATE TABLE idempotency (
  key BLOB PRIMARY KEY,
  request_sha BLOB NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  version INTEGER NOT NULL,              -- the object's version after the proposal
  expires_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE consumer (name TEXT PRIMARY KEY, seq INTEGER NOT NULL, updated_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE segment (                   -- archived history, files archive/<first>-<last>.evs.gz
  last_seq INTEGER PRIMARY KEY,
  first_seq INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  chain BLOB NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;

CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'event rows are immutable'); END;
