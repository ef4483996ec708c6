/// Numbers about one open store, since it was opened. For metrics and for `swiftlet doctor`.
package struct StoreStatistics: Hashable, Sendable {
    package var head: Seq = 0
    package var floor: Seq = 0
    /// Living objects.
    package var objects = 0
    package var events: Int64 = 0
    package var commits: Int64 = 0
    /// Proposals that were accepted, refused with a reason, and answered from an earlier result.
    package var accepted: Int64 = 0
    package var refused: Int64 = 0
    package var replayed: Int64 = 0
    package var largestBatch = 0
    /// Microseconds spent in COMMIT, which is the fsync.
    package var commitMicroseconds: Int64 = 0
    package var longestCommitMicroseconds: Int64 = 0
    /// Bytes written to the write-ahead log for commits, frame headers included.
    package var walBytesWritten: Int64 = 0
    /// Bytes of the write-ahead log that are in use now.
    package var walBytes: Int64 = 0
    package var checkpoints: Int64 = 0
    package var longestCheckpointMicroseconds: Int64 = 0
    /// Proposals waiting for the writer.
    package var waiting = 0
    package var ringEvents = 0
    package var ringBytes = 0
    /// Cursors asleep until something is published.
    package var sleepingCursors = 0
    /// Pages of events that a watch read from disk because they had left the ring.
    package var diskPages: Int64 = 0
    /// Times the wall clock was found behind the last event's time.
    package var clockSteps: Int64 = 0
    /// Times that removing what lies below the floor was broken off.
    package var sweepsGivenUp: Int64 = 0
    /// Times the database was opened again after an I/O failure.
    package var reopened: Int64 = 0

    package init() {}
}
