import Glibc
import Synchronization

/// Removes what lies below the floor, in small steps that the writer takes between other commits.
///
/// The floor has moved durably before the first step, so a crash at any point leaves a sound store with some rows too many;
/// the next start goes on. The steps are planned on a thread of their own from what no commit changes any more.
final class Sweeper: Sendable {
    private struct State {
        var isRunning = false
        /// The floor has moved again since the run began.
        var isDue = false
        var isClosed = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let readers: ReaderPool
    private let inbox: Inbox
    private let published: Published
    private let wholeHistory: Set<ResourceKey>
    private let state = Mutex(State())

    /// Events looked at, and rows removed, in one step at most.
    private static let stepLength = 512
    /// Free pages that stay in the file, for the next events.
    private static let sparePages = 256

    init(readers: ReaderPool, inbox: Inbox, published: Published, wholeHistory: Set<ResourceKey>) {
        self.readers = readers
        self.inbox = inbox
        self.published = published
        self.wholeHistory = wholeHistory
    }

    /// Starts sweeping up to the published floor, or again after the run that is going on.
    func start() {
        let starts = state.withLock { state in
            if state.isClosed { return false }
            state.isDue = true
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if starts { Thread.start("eventlog-sweep") { self.run() } }
    }

    /// Lets a run end after its current step.
    func close() { state.withLock { $0.isClosed = true } }

    func finished() async {
        await withCheckedContinuation { continuation in
            let isFinished = state.withLock { state in
                if state.isRunning { state.waiting.append(continuation) }
                return !state.isRunning
            }
            if isFinished { continuation.resume() }
        }
    }

    private func run() {
        while true {
            let (isDue, waiting) = state.withLock { state in
                if state.isDue, !state.isClosed {
                    state.isDue = false
                    return (true, [CheckedContinuation<Void, Never>]())
                }
                state.isRunning = false
                defer { state.waiting = [] }
                return (false, state.waiting)
            }
            for continuation in waiting { continuation.resume() }
            if !isDue { return }
            do {
                try sweep(upTo: published.with { $0.floor })
            } catch {
                // Closed, out of room or broken: rows too many do no harm, and the next start or floor goes on.
                published.with { $0.statistics.sweepsGivenUp += 1 }
            }
        }
    }

    private func sweep(upTo floor: Seq) throws {
        let plan = try plan(upTo: floor)
        var after: Seq = 0
        while true {
            let rows = try readers.read { reader throws(ReadError) in
                try reader.hashedRows(after: after, upTo: floor, limit: Self.stepLength)
            }
            guard let last = rows.last else { break }
            after = last.row.seq
            if let step = SweepStep.events(rows, plan) { try perform(step) }
        }
        while try readers.read({ reader throws(ReadError) in try reader.hasDead(upTo: floor) }) {
            try perform(.objects(upTo: floor, limit: Self.stepLength))
        }
        while try readers.read({ reader throws(ReadError) in try reader.hasCommit(upTo: floor) }) {
            try perform(.commits(upTo: floor, limit: 4 * Self.stepLength))
        }
        while try readers.read({ reader throws(ReadError) in try reader.freePages() }) > Self.sparePages {
            try perform(.pages(limit: 256))
        }
    }

    private func plan(upTo floor: Seq) throws(ReadError) -> SweepPlan {
        var plan = try readers.read { reader throws(ReadError) in
            var plan = SweepPlan()
            for (object, resource) in try reader.alive(at: floor) {
                plan.add(object: object, keepsWholeHistory: wholeHistory.contains(try reader.resource(resource)))
            }
            return plan
        }
        var after: Seq = 0
        while true {
            let rows = try readers.read { reader throws(ReadError) in
                try reader.rows(after: after, upTo: floor, limit: 20 * Self.stepLength)
            }
            for row in rows { plan.see(row) }
            guard let last = rows.last else { return plan }
            after = last.seq
        }
    }

    /// Has the writer take a step, and leaves it four times as long to others as the step took.
    private func perform(_ step: SweepStep) throws {
        if state.withLock({ $0.isClosed }) { throw AppendError.closed }
        let answer = Mailbox<AppendError??>(nil)
        let started = Clock.monotonic
        let refused = inbox.put(
            .sweep(step) { error in
                answer.change { state in
                    state = .some(error)
                    return ((), true)
                }
            }
        )
        if let refused { throw refused }
        let failure = answer.wait { state in
            if case .some(let answer) = state { return .found(answer) }
            return .wait
        }
        if let failure { throw failure }
        usleep(UInt32(min(4 * (Clock.monotonic - started), 100_000)))
    }
}
