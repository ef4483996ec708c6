-- Compaction keeps single events below the floor: those that living objects are made of. The hash of each is proved by
-- the hash before it, which is in the log if that event was kept as well, and here if it was removed.
CREATE TABLE anchor (
  seq INTEGER PRIMARY KEY,               -- an event that stays although the one before it was removed
  before BLOB NOT NULL                   -- the chain's value before it
) STRICT;
