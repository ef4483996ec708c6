import EventLog
import Facts
import Logging

/// Gives up old history, so that the log does not grow for ever.
extension Agent {
    /// Compacts whenever the log has grown enough for that to be worth an event. Never ends by itself.
    func keepHistoryShort() async {
        let retention = Retention(configuration)
        while !Task.isCancelled {
            do {
                try await compactIfDue(retention)
            } catch {
                logger.error("history is not given up, the log goes on growing", metadata: ["error": "\(error)"])
            }
            // Without new events nothing becomes due that is worth a wake-up.
            let next = store.head + max(retention.step, 1000)
            while !Task.isCancelled, await !store.reaches(next, within: .seconds(3600)) {}
        }
    }

    func compactIfDue(_ retention: Retention) async throws {
        if journal == nil, store.consumerPosition(LogJournal.consumer) > 0 {
            // The journal was turned off: nobody waits for what is from before.
            try await store.saveConsumerPosition(LogJournal.consumer, store.head)
        }
        let before = store.floor
        guard let target = try await store.dueFloor(retention) else { return }
        let fact = try FactCoding.encode(
            .node(.historyCompacted(HistoryCompacted(from: before, to: target, at: clock())))
        )
        _ = try await store.append(
            Proposal(
                stream: StreamRef(resource: Self.nodeResource, namespace: "", name: nodeName),
                expected: .exists,
                facts: [NewFact(type: fact.typeName, schema: fact.schemaVersion, data: fact.data)],
                actor: systemActor,
                floor: target.seq
            )
        )
        logger.info("history was given up", metadata: ["floor": "\(target.seq)", "before": "\(before)"])
    }
}

extension HistoryCompacted {
    init(from before: Seq, to target: FloorCandidate, at time: Microseconds) {
        self.init(
            floorBefore: before,
            floor: target.seq,
            chain: DatabaseCheck.hexadecimal(target.chain),
            compactedAt: time
        )
    }
}

extension Retention {
    init(_ configuration: Configuration) {
        self.init()
        minimumAge = configuration.historyMinimumAge.saturatingMicroseconds
        minimumEvents = configuration.historyMinimumEvents
        maximumAge = configuration.historyMaximumAge.saturatingMicroseconds
        maximumBytes = configuration.historyMaximumBytes
    }
}

extension Int64 {
    /// So many seconds in microseconds, at most a hundred thousand years.
    fileprivate var saturatingMicroseconds: Int64 { Swift.min(self, 3_000_000_000_000) * 1_000_000 }
}
