import CPowerLoss
import GRDBSQLite
import Linux
import Synchronization
import Testing

@testable import EventLog

/// T2 to T4: every write, truncation and sync of a scripted life of a store is a moment at which the power may fail or
/// the call may. One at a time, because the recording VFS records for the whole process.
@Suite(.serialized)
struct PowerLossTests {
    init() throws {
        try #require(swl_powerloss_register() == SQLITE_OK)
    }

    /// What the script has done, and what was told to its callers.
    struct Life {
        var model = LogModel()
        var acknowledged: Seq = 0
        /// Proposals that were answered "outcome unknown": they may be in the log.
        var unknown = 0
    }

    static func options(_ mutations: StoreOptions.Mutations = .init()) -> StoreOptions {
        var options = smallOptions()
        options.vfs = "powerloss"
        options.checkpointBytes = 160 << 10
        options.idleCheckpointBytes = 90 << 10
        options.mutations = mutations
        options.onDirectorySync = { swl_powerloss_directory_synced() }
        return options
    }

    /// Creates a store, fills it, closes it and fills it again, with several proposals to a commit.
    static func live(_ path: String, seed: UInt64, rounds: Int, _ options: StoreOptions) async throws -> LogModel {
        var workload = Workload(seed: seed)
        var model = LogModel()
        for session in 0..<2 {
            var options = options
            // The second session also grows the WAL, as a first one in production does.
            if session == 1 { options.walBytes = 256 << 10 }
            let store = try EventStore.open(directory: path, options: options)
            for _ in 0..<rounds {
                for _ in 0..<Int.random(in: 0...3, using: &workload.random) {
                    let next = Self.plain(workload.next(model), &model)
                    store.submit(next) { Self.note($0) }
                }
                let last = Self.plain(workload.next(model), &model)
                await withCheckedContinuation { continuation in
                    store.submit(last) {
                        Self.note($0)
                        continuation.resume()
                    }
                }
                if workload.random.once(in: 8), let target = try await store.dueFloor(keeping(4)) {
                    let proposal = Self.plain((compaction(to: target.seq), [nil]), &model)
                    await withCheckedContinuation { continuation in
                        store.submit(proposal) {
                            Self.note($0)
                            continuation.resume()
                        }
                    }
                }
                if workload.random.once(in: 4), model.head > 0 {
                    try await store.saveConsumerPosition("journal", store.head)
                }
            }
            await store.close()
        }
        return model
    }

    /// All in one lane, so that the order of the log is the order of the script.
    ///
    /// No uid of the dead is used again: whether the store still knows it depends on how far the sweeper has come.
    private static func plain(
        _ next: (proposal: Proposal, values: [String?]),
        _ model: inout LogModel
    ) -> Proposal {
        var proposal = next.proposal
        proposal.priority = .normal
        proposal.cause = nil
        if let uid = proposal.uid, model.usedUIDs.contains(uid), !model.living.values.contains(where: { $0.uid == uid })
        {
            proposal.uid = nil
        }
        _ = model.answer(proposal, values: next.values)
        return proposal
    }

    private static func note(_ answer: Result<Appended, AppendError>) {
        if case .success(let appended) = answer, !appended.replayed { swl_powerloss_acknowledge(appended.last) }
    }

    /// What is wrong with a store that was found after a crash; nil if nothing is.
    static func fault(in path: String, acknowledged: Seq, _ model: LogModel) async throws -> String? {
        let store: EventStore
        do {
            store = try EventStore.open(directory: path, options: smallOptions())
        } catch { return "does not open: \(error)" }
        var fault: String?
        let head = store.head
        do {
            if let reason = store.isReadOnly { fault = "read-only: \(reason)" }
            if head < acknowledged { fault = "lost: acknowledged \(acknowledged), found \(head)" }
            if head > model.head { fault = "phantom: \(head) of \(model.head)" }
            if fault == nil, head > 0 {
                let events = try store.events(after: store.floor, limit: 1000)
                let strange = events.first { !model.matches($0) }
                let changed = model.past[Int(head)].first { store.object($0)?.version != $1.version }
                let report = try store.verify(.full)
                fault =
                    strange.map { "event \($0.seq) is not the one that was appended" }
                    ?? changed.map { "\($0.key) is not as it was at \(head)" }
                    ?? report.problems.first
            }
        } catch { fault = "reading: \(error)" }
        await store.close()
        return fault
    }

    /// Lives one life and examines the states that a power cut may have left of it.
    ///
    /// - Returns: How many states were examined and what was wrong with the first few bad ones.
    static func cut(
        seed: UInt64,
        rounds: Int,
        variants: Int32,
        stride: Int32,
        stopAtFault: Bool = false,
        _ options: StoreOptions
    ) async throws -> (states: Int, faults: [String]) {
        var states = 0
        var faults: [String] = []
        try await withMemoryDirectory { path in
            swl_powerloss_start()
            let model = try await live(path, seed: seed, rounds: rounds, options)
            swl_powerloss_stop()
            #expect(model.head > 10)
            try await withMemoryDirectory { crashed in
                swl_powerloss_walk(variants, stride, seed)
                var state = swl_powerloss_state()
                while unsafe swl_powerloss_next(crashed, &state) == 1 {
                    states += 1
                    if let fault = try await fault(in: crashed, acknowledged: state.acknowledged, model) {
                        faults.append("point \(state.point) variant \(state.variant): \(fault)")
                        if stopAtFault || faults.count > 5 { return }
                    }
                    try Files.removeTree(crashed + "/events.lock")
                    try Files.removeTree(crashed + "/events.db-wal.damaged")
                }
            }
        }
        return (states, faults)
    }

    @Test("a power cut at any moment loses no acknowledged event, invents none and leaves a sound store")
    func everyMoment() async throws {
        let seed = environment("SWIFTLET_SEED").flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1 << 32)
        let stride = environment("SWIFTLET_STRIDE").flatMap { Int32($0) } ?? 2
        let (states, faults) = try await Self.cut(seed: seed, rounds: 14, variants: 6, stride: stride, Self.options())
        print("event log power loss: seed \(seed), \(swl_powerloss_points()) moments, \(states) states")
        #expect(faults.isEmpty)
        #expect(states > 500)
    }

    @Test(
        "each deliberate defect is found by the power-loss test",
        arguments: ["synchronous NORMAL", "acknowledged before COMMIT", "projection apart", "no directory sync"]
    )
    func mutants(defect: String) async throws {
        var mutations = StoreOptions.Mutations()
        switch defect {
        case "synchronous NORMAL": mutations.synchronousNormal = true
        case "acknowledged before COMMIT": mutations.acknowledgeBeforeCommit = true
        case "projection apart": mutations.projectionApart = true
        default: mutations.skipDirectorySync = true
        }
        let (states, faults) = try await Self.cut(
            seed: 5,
            rounds: 5,
            variants: 4,
            stride: 2,
            stopAtFault: true,
            Self.options(mutations)
        )
        print("event log mutant '\(defect)': found after \(states) states: \(faults.first ?? "never")")
        #expect(!faults.isEmpty)
    }

    @Test(
        "when the n-th call fails, for every n, nothing acknowledged is lost and nothing refused is kept",
        arguments: [
            ("I/O error while writing", Int32(SWL_CALL_WRITE.rawValue), SQLITE_IOERR | 3 << 8),
            ("disk full", Int32(SWL_CALL_WRITE.rawValue), SQLITE_FULL),
            ("fsync fails", Int32(SWL_CALL_SYNC.rawValue), SQLITE_IOERR | 4 << 8),
            ("I/O error while reading", Int32(SWL_CALL_READ.rawValue), SQLITE_IOERR | 1 << 8),
            ("out of memory", Int32(SWL_CALL_WRITE.rawValue | SWL_CALL_READ.rawValue), SQLITE_NOMEM),
        ]
    )
    func nthCallFails(what: String, kinds: Int32, code: Int32) async throws {
        // All calls in the long run: every run of the test takes another third of them.
        let stride = environment("SWIFTLET_STRIDE").flatMap { Int64($0) } ?? 3
        var calls = Int64.random(in: 1 - stride...0)
        var hasFailed = true
        var unknown = 0
        while hasFailed, calls < 1000 {
            calls += stride
            let lasting: Int32 = calls % 5 == 0 ? 1 : 0
            try await withMemoryDirectory { path in
                swl_powerloss_start()
                swl_powerloss_stop()
                swl_powerloss_fail(calls, kinds, code, lasting)
                let told = await Self.liveWithFaults(path)
                hasFailed = swl_powerloss_failed() > 0
                swl_powerloss_fail(0, 0, 0, 0)
                unknown += told.unknown.count
                try await reopened(path) { store in
                    #expect(store.isReadOnly == nil, "\(what), call \(calls)")
                    var found: Set<String> = []
                    for event in try store.events(after: 0, limit: 1000) { found.insert(event.stream.name) }
                    let lost = told.accepted.subtracting(found)
                    let phantom = found.subtracting(told.accepted).subtracting(told.unknown)
                    #expect(lost.isEmpty, "\(what), call \(calls): acknowledged and lost")
                    #expect(phantom.isEmpty, "\(what), call \(calls): refused and kept")
                    let report = try store.verify(.full)
                    #expect(report.isSound, "\(what), call \(calls): \(report.problems)")
                }
            }
        }
        print("event log, \(what): \(calls) calls, \(unknown) unknown outcomes")
        #expect(!hasFailed, "the script has more calls than were tried")
        #expect(calls > 10)
    }

    /// What callers were told.
    private struct Told: Sendable {
        var accepted: Set<String> = []
        var unknown: Set<String> = []
    }

    /// Creates objects while calls fail; each name is used once.
    private static func liveWithFaults(_ path: String) async -> Told {
        let told = Mutex(Told())
        var options = options()
        options.checkpointBytes = 60 << 10
        options.idleCheckpointBytes = 30 << 10
        for session in 0..<2 {
            // A store that cannot be opened tells nobody anything; the next session tries again.
            guard let store = try? EventStore.open(directory: path, options: options) else { continue }
            for number in 0..<6 {
                await withCheckedContinuation { continuation in
                    for part in 0..<3 {
                        let name = "o\(session)-\(number)-\(part)"
                        store.submit(create(name)) { answer in
                            told.withLock { told in
                                switch answer {
                                case .success: told.accepted.insert(name)
                                case .failure(.outcomeUnknown): told.unknown.insert(name)
                                case .failure: break
                                }
                            }
                            if part == 2 { continuation.resume() }
                        }
                    }
                }
                // Reads may fail, too; they must only say so.
                _ = try? store.events(after: 0, limit: 5)
                _ = try? store.objects(resource: pods, at: store.head)
            }
            await store.close()
        }
        return told.withLock { $0 }
    }
}
