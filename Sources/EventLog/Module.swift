// EventLog: the append-only log that is the node's database. It knows bytes and streams, and no domain.
//
// Owns:   `events.db` with its write-ahead log, `events.lock` and `ballast` in one directory; the thread
//         "eventlog-writer", which alone writes and checkpoints; the ring of the newest events; the objects in memory.
// Reads:  proposals from any thread (`append`, `submit`); its own file, on read-only connections.
// Emits:  events in the order of their seq, to readers and to cursors, after they are durable and never before.
// Never:  looks into `data` or `after`; writes on a second connection; retries an fsync; answers "failed" when the
//         outcome of a commit is unknown; polls.
//
// The way of a proposal: `Inbox` -> `Planner` (pure: is it accepted, what does it write) -> `Writer` (one transaction
// for all that waited) -> `Published` (what every reader sees) -> completions and sleeping cursors, in this order.
//
// SQLite is used through its C API (`SQLite.swift`, the only file that imports it beside those that name its
// constants). GRDB itself is not linked: the writer needs prepared statements on a thread of its own, and a reader
// here is one connection with three statements.
