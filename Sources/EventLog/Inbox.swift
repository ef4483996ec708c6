/// What waits for the writer. Bounded, with a lane for facts of the runtime; each lane is first in, first out.
final class Inbox: Sendable {
    typealias Completion = @Sendable (Result<Appended, AppendError>) -> Void

    enum Work: Sendable {
        case append(Proposal, Completion?)
        case move(ConsumerPosition, @Sendable (AppendError?) -> Void)
        case sweep(SweepStep, @Sendable (AppendError?) -> Void)

        var isPatient: Bool {
            switch self {
            case .append(let proposal, _): proposal.durability == .ridealong
            case .move: true
            case .sweep: false
            }
        }

        var weight: Int {
            switch self {
            case .append(let proposal, _): proposal.weight
            case .move, .sweep: 128
            }
        }

        var events: Int {
            switch self {
            case .append(let proposal, _): proposal.facts.count
            case .move, .sweep: 0
            }
        }
    }

    enum Turn {
        case work([Work])
        /// Nothing came until the time the writer asked to be woken at.
        case tick
        case closed
    }

    private struct Lanes: Sendable {
        var runtime: [Work] = []
        var normal: [Work] = []
        var bytes = 0
        /// How many of the waiting ones need a commit at once.
        var urgent = 0
        /// When the longest waiting patient one came; monotonic microseconds.
        var patientSince: Int64 = 0
        var isClosed = false

        var count: Int { runtime.count + normal.count }
    }

    private let lanes = Mailbox(Lanes())
    private let proposalLimit: Int
    private let byteLimit: Int
    private let patience: Int64

    /// - Parameter patience: How long work that may ride along waits for company, in microseconds.
    init(proposalLimit: Int, byteLimit: Int, patience: Int64) {
        self.proposalLimit = proposalLimit
        self.byteLimit = byteLimit
        self.patience = patience
    }

    /// Puts work in, or says why not; then the work's completion is not called.
    func put(_ work: Work) -> AppendError? {
        let weight = work.weight
        return lanes.change { lanes in
            if lanes.isClosed { return (.closed, false) }
            if lanes.count >= proposalLimit || lanes.bytes + weight > byteLimit, lanes.count > 0 {
                return (.overloaded(retryAfter: .milliseconds(500)), false)
            }
            let wasEmpty = lanes.count == 0
            lanes.bytes += weight
            if work.isPatient {
                if lanes.count == lanes.urgent { lanes.patientSince = Clock.monotonic }
            } else {
                lanes.urgent += 1
            }
            if case .append(let proposal, _) = work, proposal.priority == .runtime {
                lanes.runtime.append(work)
            } else {
                lanes.normal.append(work)
            }
            return (nil, wasEmpty || lanes.urgent == 1)
        }
    }

    /// Waits for the next batch: up to `events` events or `bytes` bytes, but at least one piece of work.
    ///
    /// - Parameter wakeAt: When to return `.tick` if nothing came; monotonic microseconds.
    func take(events: Int, bytes: Int, wakeAt: Int64?) -> Turn {
        lanes.wait { lanes in
            if lanes.count == 0 {
                if lanes.isClosed { return .found(.closed) }
                guard let wakeAt else { return .wait }
                return Clock.monotonic >= wakeAt ? .found(.tick) : .waitUntil(wakeAt)
            }
            if lanes.urgent == 0, !lanes.isClosed {
                let due = lanes.patientSince + patience
                if Clock.monotonic < due { return .waitUntil(due) }
            }
            var batch: [Work] = []
            var room = (events: events, bytes: bytes)
            Self.move(from: &lanes.runtime, to: &batch, &room)
            Self.move(from: &lanes.normal, to: &batch, &room)
            for work in batch {
                lanes.bytes -= work.weight
                if !work.isPatient { lanes.urgent -= 1 }
            }
            if lanes.count > lanes.urgent { lanes.patientSince = Clock.monotonic }
            return .found(.work(batch))
        }
    }

    private static func move(from lane: inout [Work], to batch: inout [Work], _ room: inout (events: Int, bytes: Int)) {
        var taken = 0
        for work in lane {
            if !batch.isEmpty, work.events > room.events || work.weight > room.bytes {
                room = (0, 0)
                break
            }
            room.events -= work.events
            room.bytes -= work.weight
            batch.append(work)
            taken += 1
        }
        lane.removeFirst(taken)
    }

    /// Nothing more is let in; what is inside is still taken.
    func close() {
        lanes.change { lanes in
            lanes.isClosed = true
            return ((), true)
        }
    }

    var waiting: Int { lanes.change { ($0.count, false) } }
}
