#pragma once
// A SQLite VFS for tests that records every write, truncation, sync and deletion of a database, its write-ahead log and
// its journal. From the record it builds the files as a power cut at any moment could leave them. It can also make the
// n-th call fail. One recording at a time in a process; calls may come from any thread.

#include <stdint.h>

// Registers the VFS under the name "powerloss" (once is enough; more often does no harm). Returns a SQLite code.
int swl_powerloss_register(void);

// Forgets what was recorded and the faults, and begins to record.
void swl_powerloss_start(void);

// Ends the recording.
void swl_powerloss_stop(void);

// Notes that everything up to `seq` was acknowledged at this moment.
void swl_powerloss_acknowledge(int64_t seq);

// Notes that the directory was synced: the database's name is durable from here on.
void swl_powerloss_directory_synced(void);

// How many calls were recorded: each is a moment at which the power may fail.
int64_t swl_powerloss_points(void);

struct swl_powerloss_state {
    int64_t point;         // calls that were made before the power failed
    int64_t acknowledged;  // the newest seq that had been acknowledged by then
    int32_t variant;       // which of the unsynced writes survived: 0 none, 1 all, 2 all but half of the last, 3.. random
    int32_t has_database;  // the name of the database survived
};

// Begins to walk over all states: `variants` of them at each `stride`-th point.
void swl_powerloss_walk(int32_t variants, int32_t stride, uint64_t seed);

// Writes the next state as events.db, events.db-wal and events.db-journal into `directory` (which must be empty but for
// those of the last call) and describes it. Returns 1; 0 when there are no more; -errno if a file cannot be written.
int swl_powerloss_next(const char *_Nonnull directory, struct swl_powerloss_state *_Nonnull state);

enum swl_powerloss_call {
    SWL_CALL_READ = 1,
    SWL_CALL_WRITE = 2,
    SWL_CALL_SYNC = 4,
    SWL_CALL_TRUNCATE = 8,
    SWL_CALL_OPEN = 16,
};

// Makes the n-th call from now (counted from 1) of the given kinds return `code`, and with `lasting` every one after it.
// A failing write still writes its first half. n = 0 ends the faults.
void swl_powerloss_fail(int64_t n, int kinds, int code, int lasting);

// How many calls have failed since `swl_powerloss_fail`.
int64_t swl_powerloss_failed(void);
