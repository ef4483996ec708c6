import GRDBSQLite
import Glibc
import Linux
import Synchronization

/// The only thing that changes the log: one thread, one connection, group commit without a timer.
///
/// While one fsync runs, proposals gather in the inbox; the next transaction takes all of them. The order after a
/// commit is: publish (heads, ring, watches), then complete the proposals.
final class Writer: @unchecked Sendable {
    // SAFETY: after `start` everything mutable here is used by the writer's thread only.
    let directory: String
    let options: StoreOptions
    let inbox: Inbox
    let published: Published
    let readers: ReaderPool
    let ballast: Ballast
    let sweeper: Sweeper
    /// Identifies this start of the process in the table of batches.
    private let bootID = UID.random()

    var statements: WriterStatements?
    var names: NameTable
    var head: Seq
    var chain: [UInt8]
    var lastTime: Int64
    var nextRow: Int64
    private var lastCleaning: Int64 = 0
    var readOnly: ReadOnlyReason?

    init(
        directory: String,
        options: StoreOptions,
        loaded: LoadedStore,
        inbox: Inbox,
        published: Published,
        readers: ReaderPool,
        sweeper: Sweeper
    ) throws(SQLiteFailure) {
        self.directory = directory
        self.options = options
        self.inbox = inbox
        self.published = published
        self.readers = readers
        self.sweeper = sweeper
        ballast = Ballast(directory: directory, bytes: options.ballastBytes)
        statements = try loaded.writer.map { connection throws(SQLiteFailure) in try WriterStatements(connection) }
        names = loaded.names
        head = loaded.head
        chain = loaded.chain
        lastTime = loaded.lastTime
        nextRow = loaded.nextRow
        readOnly = loaded.readOnly
    }

    /// Starts the thread. `finished` runs on it after the inbox was closed and emptied and the database closed.
    func start(finished: @escaping @Sendable () -> Void) {
        Thread.start("eventlog-writer") {
            self.run()
            finished()
        }
    }

    private func run() {
        if readOnly == nil { ballast.keep() }
        while true {
            let wakeAt = readOnly == .noSpace ? Clock.monotonic + 1_000_000 : nil
            let turn = inbox.take(events: options.batchEvents, bytes: options.batchBytes, wakeAt: wakeAt)
            resumeIfThereIsRoom()
            switch turn {
            case .closed:
                close()
                return
            case .tick: continue
            case .work(let batch): process(batch)
            }
            checkpointIfDue()
        }
    }

    private func close() {
        readers.close()
        if let statements {
            // The next start would do it as well; a failure here loses nothing.
            _ = try? statements.connection.checkpoint(SQLITE_CHECKPOINT_PASSIVE)
            statements.connection.close()
        }
        statements = nil
    }

    // MARK: One batch

    private enum Reply {
        case append(Inbox.Completion?, Planner.Verdict)
        case done(@Sendable (AppendError?) -> Void, AppendError?)

        /// Tells the waiting one; `failure` replaces every result that depended on the commit.
        func send(failure: AppendError?) {
            switch self {
            case .append(let completion, .accepted(let appended)), .append(let completion, .replayed(let appended)):
                completion?(failure.map { .failure($0) } ?? .success(appended))
            case .append(let completion, .refused(let error)): completion?(.failure(error))
            case .done(let completion, let error): completion(error ?? failure)
            }
        }
    }

    private func process(_ batch: [Inbox.Work]) {
        if let reason = readOnly, reason != .noSpace {
            for work in batch { refuse(work, .readOnly(reason)) }
            return
        }
        guard let statements else {
            for work in batch { refuse(work, .closed) }
            return
        }
        let now = options.clock()
        if now < lastTime { published.with { $0.statistics.clockSteps += 1 } }
        var planner = Planner(
            head: head,
            chain: chain,
            nextRow: nextRow,
            time: max(now, lastTime),
            lookup: lookup(statements)
        )
        var replies: [Reply] = []
        do {
            for work in batch {
                switch work {
                case .append(let proposal, let completion):
                    if readOnly == .noSpace, !Self.mayUseLastRoom(proposal) {
                        replies.append(.append(completion, .refused(.readOnly(.noSpace))))
                    } else {
                        replies.append(.append(completion, try planner.admit(proposal)))
                    }
                case .move(let position, let completion): replies.append(.done(completion, planner.move(position)))
                case .sweep(let step, let completion):
                    planner.sweep(step)
                    replies.append(.done(completion, nil))
                }
            }
            if options.mutations.acknowledgeBeforeCommit { for reply in replies { reply.send(failure: nil) } }
            if !planner.isEmpty { try commit(planner, statements) }
        } catch {
            recover(from: error, batch, replies)
            return
        }
        count(replies)
        if options.mutations.acknowledgeBeforeCommit { return }
        for reply in replies { reply.send(failure: nil) }
    }

    private func refuse(_ work: Inbox.Work, _ error: AppendError) {
        switch work {
        case .append(_, let completion): completion?(.failure(error))
        case .move(_, let completion), .sweep(_, let completion): completion(error)
        }
    }

    /// Whether a proposal may use the room that giving up the ballast made.
    private static func mayUseLastRoom(_ proposal: Proposal) -> Bool {
        proposal.priority == .runtime || proposal.floor != nil || proposal.facts.contains { $0.deletesObject }
    }

    private func lookup(_ statements: WriterStatements) -> Planner.Lookup {
        let (floor, consumers) = published.with { ($0.floor, $0.consumers) }
        return Planner.Lookup(
            object: { [published] stream in published.with { $0[stream] } },
            isUIDUsed: { uid throws(SQLiteFailure) in try statements.isUIDUsed(uid) },
            idempotent: { key throws(SQLiteFailure) in try statements.remembered(key) },
            correlation: { [published] seq throws(SQLiteFailure) in
                if let event = published.with({ $0.ring[seq] }) { return event.correlation }
                return try statements.correlation(of: seq)
            },
            endOfCommit: { seq throws(SQLiteFailure) in try statements.endOfCommit(seq) },
            floor: floor,
            consumers: consumers
        )
    }

    /// Writes the plan in one transaction and publishes it.
    private func commit(_ plan: Planner, _ statements: WriterStatements) throws(CommitFailure) {
        let framesBefore = statements.connection.walFrames
        var nextNames = names
        let started: Int64
        do {
            try statements.begin()
            try statements.write(plan, names: &nextNames, boot: bootID, apart: options.mutations.projectionApart)
            try cleanIfDue(statements, now: plan.time)
            started = Clock.monotonic
        } catch { throw CommitFailure(cause: error, isOutcomeKnown: true) }
        do {
            try statements.commit()
        } catch {
            // Full or locked: SQLite has not written the commit record. Anything else may have reached the disk.
            let isKnown = error.primary == SQLITE_FULL || error.primary == SQLITE_BUSY
            throw CommitFailure(cause: error, isOutcomeKnown: isKnown)
        }
        let took = Clock.monotonic - started
        names = nextNames
        head = plan.head
        chain = plan.chain
        nextRow = plan.nextRow
        if !plan.events.isEmpty { lastTime = plan.time }
        published.publish(
            events: plan.events.map(\.record),
            objects: plan.touched,
            consumers: plan.consumers,
            chain: plan.chain,
            floor: plan.floor?.seq
        )
        if plan.floor != nil { sweeper.start() }
        let frames = statements.connection.walFrames
        published.with { state in
            state.statistics.events += Int64(plan.events.count)
            state.statistics.commits += 1
            state.statistics.largestBatch = max(state.statistics.largestBatch, plan.events.count)
            state.statistics.commitMicroseconds += took
            state.statistics.longestCommitMicroseconds = max(state.statistics.longestCommitMicroseconds, took)
            state.statistics.walBytesWritten += Int64((frames > framesBefore ? frames - framesBefore : frames) * 4120)
            state.statistics.walBytes = Int64(frames * 4120)
        }
    }

    private func count(_ replies: [Reply]) {
        published.with { state in
            for case .append(_, let verdict) in replies {
                switch verdict {
                case .accepted: state.statistics.accepted += 1
                case .replayed: state.statistics.replayed += 1
                case .refused: state.statistics.refused += 1
                }
            }
        }
    }

    /// Forgets idempotency keys that have run out, once an hour, in a transaction that is made anyway.
    private func cleanIfDue(_ statements: WriterStatements, now: Int64) throws(SQLiteFailure) {
        if now - lastCleaning < 3_600_000_000 { return }
        lastCleaning = now
        try statements.forgetExpired(now)
    }

    // MARK: Failures

    /// A transaction that failed, and whether it is certain that nothing of it reached the disk.
    struct CommitFailure: Error {
        let cause: SQLiteFailure
        let isOutcomeKnown: Bool
    }

    private func recover(from error: any Error, _ batch: [Inbox.Work], _ replies: [Reply]) {
        let failure: CommitFailure
        switch error {
        case let error as CommitFailure: failure = error
        case let error as SQLiteFailure: failure = CommitFailure(cause: error, isOutcomeKnown: true)
        default:
            failure = CommitFailure(
                cause: SQLiteFailure(code: SQLITE_INTERNAL, message: "\(error)", subject: "batch"),
                isOutcomeKnown: false
            )
        }
        guard failure.isOutcomeKnown else {
            for reply in replies { reply.send(failure: .outcomeUnknown(failure.cause.description)) }
            reopen(after: failure.cause)
            return
        }
        // Nothing of it is in the log. If rolling back fails as well, the handle is no longer to be trusted.
        let isRolledBack = statements?.rollback() ?? false
        let primary = failure.cause.primary
        if primary == SQLITE_FULL {
            enterReadOnly(.noSpace)
        } else if primary == SQLITE_BUSY {
            enterReadOnly(.foreignProcess(failure.cause.description))
        } else if primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB {
            enterReadOnly(.damaged(failure.cause.description))
        } else if primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || !isRolledBack {
            let answer = AppendError.readOnly(.inputOutput(failure.cause.description))
            for work in batch { refuse(work, answer) }
            reopen(after: failure.cause)
            return
        }
        if batch.count == 1 || readOnly != nil && readOnly != .noSpace {
            let answer: AppendError
            if let readOnly {
                answer = .readOnly(readOnly)
            } else if primary == SQLITE_NOMEM {
                answer = .overloaded(retryAfter: .seconds(1))
            } else {
                answer = .invalid(failure.cause.description)
            }
            for work in batch { refuse(work, answer) }
            return
        }
        // Each on its own, so that only the guilty one fails.
        for work in batch { process([work]) }
    }

    private func enterReadOnly(_ reason: ReadOnlyReason) {
        if reason == .noSpace { ballast.giveUp() }
        readOnly = reason
        published.with { $0.readOnly = reason }
    }

    private func resumeIfThereIsRoom() {
        guard readOnly == .noSpace, DiskRoom.of(directory).suffices(options) else { return }
        ballast.keep()
        readOnly = nil
        published.with { $0.readOnly = nil }
    }

    /// Throws every handle away and reads the store anew: after a failed fsync the page cache cannot be trusted.
    private func reopen(after failure: SQLiteFailure) {
        let acknowledged = (seq: head, chain: chain)
        enterReadOnly(.inputOutput(failure.description))
        statements?.connection.close()
        statements = nil
        // With one connection left the WAL would not be read anew. Reads are short; only a full check may take longer.
        guard readers.pause(until: Clock.monotonic + 30_000_000) else { return readers.resume() }
        defer { readers.resume() }
        do {
            let loaded = try LoadedStore.open(directory: directory, options: options, sameBoot: true)
            if let reason = loaded.readOnly { return enterReadOnly(reason) }
            guard let connection = loaded.writer else { return }
            let fresh = try WriterStatements(connection)
            guard loaded.head >= acknowledged.seq,
                try acknowledged.seq == loaded.floor || fresh.hash(of: acknowledged.seq) == acknowledged.chain
            else {
                return enterReadOnly(.acknowledgedLost(acknowledged: acknowledged.seq, found: loaded.head))
            }
            try publishUnacknowledged(loaded, connection, after: acknowledged.seq)
            statements = fresh
            names = loaded.names
            head = loaded.head
            chain = loaded.chain
            lastTime = max(lastTime, loaded.lastTime)
            nextRow = loaded.nextRow
            readOnly = nil
            published.with { state in
                state.readOnly = nil
                state.statistics.reopened += 1
            }
        } catch {
            enterReadOnly(.inputOutput("\(failure); opening the store again: \(error)"))
        }
    }

    /// Shows what had reached the disk although its commit reported a failure.
    private func publishUnacknowledged(_ loaded: LoadedStore, _ connection: Connection, after seq: Seq) throws {
        var records: [EventRecord] = []
        try EventReader(connection).scan(after: seq) { row in
            records.append(row.record)
            return true
        }
        var touched: [StreamRef: StoredObject?] = [:]
        for record in records { touched[record.stream] = .some(nil) }
        for object in loaded.objects where touched[object.stream] != nil { touched[object.stream] = object }
        published.publish(
            events: records,
            objects: touched,
            consumers: loaded.consumers,
            chain: loaded.chain,
            floor: loaded.floor
        )
        if loaded.isSweepUnfinished { sweeper.start() }
    }

    // MARK: Checkpoints

    /// Moves the WAL's pages into the database when there is time for it, or when it is high time.
    private func checkpointIfDue() {
        guard let statements else { return }
        let bytes = statements.connection.walFrames * 4120
        let isIdle = inbox.waiting == 0
        guard bytes > options.checkpointBytes || isIdle && bytes > options.idleCheckpointBytes else { return }
        let started = Clock.monotonic
        do {
            let isHuge = bytes > 4 * options.checkpointBytes
            if isHuge { statements.connection.setBusyTimeout(50) }
            defer { statements.connection.setBusyTimeout(0) }
            let (frames, moved) = try statements.connection.checkpoint(
                isHuge ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE
            )
            let took = Clock.monotonic - started
            published.with { state in
                state.statistics.checkpoints += 1
                state.statistics.walBytes = Int64((frames - moved) * 4120)
                state.statistics.longestCheckpointMicroseconds = max(
                    state.statistics.longestCheckpointMicroseconds,
                    took
                )
            }
        } catch {
            // Readers in the way are normal, the next batch tries again. A failed write or fsync is not.
            if error.primary == SQLITE_FULL { enterReadOnly(.noSpace) }
            if error.primary == SQLITE_IOERR { reopen(after: error) }
        }
    }
}
