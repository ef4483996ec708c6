/// How much history a log keeps.
///
/// History is what lies between the floor and the head: every event, to be watched and read as of any moment. Below the
/// floor only what living objects are made of stays.
package struct Retention: Hashable, Sendable {
    /// Events younger than this stay, whatever else is said; microseconds.
    package var minimumAge: Int64 = 15 * 60 * 1_000_000
    /// So many of the newest events stay, whatever else is said.
    package var minimumEvents: Int64 = 100_000
    /// Events older than this go; microseconds.
    package var maximumAge: Int64 = 24 * 3600 * 1_000_000
    /// When the database is larger than this, the oldest events go.
    package var maximumBytes: Int64 = 1 << 30

    package init() {}

    /// So many events must be due before any of them goes: giving up history is an event itself.
    package var step: Int64 { max(1, minimumEvents / 16) }

    /// What decides about the floor.
    struct Situation {
        var floor: Seq
        var head: Seq
        /// Bytes of the database that are in use.
        var bytes: Int64
        /// The newest event that is older than `maximumAge`, and than `minimumAge`; the floor if there is none.
        var tooOld: Seq
        var oldEnough: Seq
        /// The position of the consumer that is farthest behind; nil without consumers.
        var slowestConsumer: Seq?
    }

    /// Where the floor should be; nil if it may stay where it is.
    func floor(in log: Situation) -> Seq? {
        var target = log.tooOld
        if log.bytes > maximumBytes {
            let surplus = Double(log.bytes - maximumBytes) / Double(log.bytes)
            target = max(target, log.floor + Seq((Double(log.head - log.floor) * surplus).rounded(.up)))
        }
        target = min(target, log.oldEnough, log.head - minimumEvents, log.head, log.slowestConsumer ?? log.head)
        return target - log.floor >= step ? target : nil
    }
}

/// A place up to which history can be given up: the end of a commit.
package struct FloorCandidate: Hashable, Sendable {
    package let seq: Seq
    /// The chain's value there: an anchor for what is to be removed.
    package let chain: [UInt8]
}

extension EventStore {
    /// Where retention wants the floor now; nil if it may stay where it is.
    ///
    /// The floor moves with a proposal that carries it (`Proposal.floor`), so that the log tells who gave up what.
    package func dueFloor(_ retention: Retention) async throws(ReadError) -> FloorCandidate? {
        try await pager.run { () throws(ReadError) in
            let now = self.options.clock()
            let tooOld = try self.seqOrFloor(at: now - retention.maximumAge)
            let oldEnough = try self.seqOrFloor(at: now - retention.minimumAge)
            let (floor, head, slowest) = self.published.with { ($0.floor, $0.head, $0.consumers.values.min()) }
            return try self.readers.read { reader throws(ReadError) in
                let situation = Retention.Situation(
                    floor: floor,
                    head: head,
                    bytes: try reader.usedBytes(),
                    tooOld: tooOld,
                    oldEnough: oldEnough,
                    slowestConsumer: slowest
                )
                guard let target = retention.floor(in: situation),
                    let candidate = try reader.lastCommit(upTo: target), candidate.seq > floor
                else { return nil }
                return candidate
            }
        }
    }

    private func seqOrFloor(at time: Int64) throws(ReadError) -> Seq {
        do { return try seq(atOrBefore: time) } catch .expired(let floor) { return floor }
    }

    /// Waits until what lies below the floor has been removed, as far as it is going to be, and its room given back.
    package func swept() async { await sweeper.finished() }
}
