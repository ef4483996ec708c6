/// How a store behaves. The defaults are meant for an agent; tests make things smaller.
package struct StoreOptions: Sendable {
    /// Recorded with each migration.
    package var programVersion = "development"
    /// Bounds of the ring of the newest events in memory.
    package var ringEvents = 65_536
    package var ringBytes = 64 << 20
    /// Bounds of what waits for the writer; beyond them proposals are refused with `.overloaded`.
    package var inboxProposals = 4096
    package var inboxBytes = 64 << 20
    /// Bounds of one group commit.
    package var batchEvents = 512
    package var batchBytes = 1 << 20
    /// How long a ride-along proposal waits for company at most.
    package var rideAlongDelay: Duration = .milliseconds(200)
    /// The write-ahead log is written once to this size at start and never shrunk: overwriting makes fsync cheap.
    package var walBytes = 18 << 20
    /// Beyond how many bytes of WAL a checkpoint is made when the writer has nothing to do, and in any case.
    package var idleCheckpointBytes = 4 << 20
    package var checkpointBytes = 16 << 20
    /// A file that is given up when the disk is full, so that deletions can still be written.
    package var ballastBytes = 64 << 20
    /// How much room must be free, besides that of the ballast, before a store that ran out of space takes ordinary
    /// proposals again; on a small disk a sixteenth of it.
    package var resumeFreeBytes = 256 << 20
    /// Objects of these resources keep all their events as long as they live: their state is a fold of them.
    package var wholeHistory: Set<ResourceKey> = []
    /// The name of a SQLite VFS; nil for the default one.
    package var vfs: String?
    /// The wall clock in microseconds since 1970.
    package var clock: @Sendable () -> Int64 = { Clock.wall }

    /// Deliberate defects, to prove that the tests find them. Always off outside of tests.
    var mutations = Mutations()
    /// Called after the store has synced its directory, for the power-loss tests.
    var onDirectorySync: (@Sendable () -> Void)?

    package init() {}

    struct Mutations: Sendable {
        /// PRAGMA synchronous=NORMAL instead of FULL.
        var synchronousNormal = false
        /// Completions run before COMMIT.
        var acknowledgeBeforeCommit = false
        /// The projection is written in a second transaction.
        var projectionApart = false
        /// A new database is not made durable in its directory.
        var skipDirectorySync = false
    }

    var rideAlongMicroseconds: Int64 {
        let (seconds, attoseconds) = rideAlongDelay.components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
