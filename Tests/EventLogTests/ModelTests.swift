import Glibc
import Linux
import Testing

@testable import EventLog

/// T1: random histories against a model. A failing seed repeats with SWIFTLET_SEED.
struct ModelTests {
    /// How many seeds a run takes; more with SWIFTLET_SEEDS.
    static var seeds: [UInt64] {
        if let one = environment("SWIFTLET_SEED").flatMap({ UInt64($0) }) { return [one] }
        let count = environment("SWIFTLET_SEEDS").flatMap { UInt64($0) } ?? 500
        let start = UInt64.random(in: 0..<1 << 32)
        return (0..<count).map { start + $0 }
    }

    @Test("random proposals are answered, stored, listed, watched and remembered exactly as by the model")
    func randomHistories() async throws {
        let seeds = Self.seeds
        print("event log model: seeds \(seeds.first ?? 0)...\(seeds.last ?? 0)")
        for seed in seeds {
            do {
                try await run(seed)
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
        }
    }

    private func run(_ seed: UInt64) async throws {
        try await withMemoryDirectory { path in
            var workload = Workload(seed: seed)
            var model = LogModel()
            var options = smallOptions()
            options.ringEvents = Int.random(in: 4...64, using: &workload.random)
            options.checkpointBytes = 64 << 10
            options.idleCheckpointBytes = 32 << 10
            options.wholeHistory = [leases]
            for _ in 0..<Int.random(in: 1...3, using: &workload.random) {
                try await reopened(path, options) { store in
                    #expect(store.isReadOnly == nil, "seed \(seed)")
                    try check(store, model, &workload.random, seed)
                    for _ in 0..<Int.random(in: 10...40, using: &workload.random) {
                        if workload.random.once(in: 20) {
                            try await giveUpSome(store, &model, &workload.random)
                            try check(store, model, &workload.random, seed)
                        }
                        let (proposal, values) = workload.next(model)
                        let expected = model.answer(proposal, values: values)
                        let answer: Result<Appended, AppendError>
                        do throws(AppendError) {
                            answer = .success(try await store.append(proposal))
                        } catch { answer = .failure(error) }
                        if !same(answer, expected) {
                            throw Difference("\(proposal.expected) on \(proposal.stream): \(answer), not \(expected)")
                        }
                    }
                    try check(store, model, &workload.random, seed)
                    let report = try store.verify(.full)
                    if !report.isSound { throw Difference("verify: \(report.problems)") }
                }
            }
        }
    }

    private func giveUpSome(_ store: EventStore, _ model: inout LogModel, _ random: inout Seeded) async throws {
        guard let target = try await store.dueFloor(keeping(Int64.random(in: 0...30, using: &random))) else { return }
        let proposal = compaction(to: target.seq)
        _ = model.answer(proposal, values: [nil])
        _ = try await store.append(proposal)
        model.giveUp(to: target.seq)
        await store.swept()
    }

    private func same(_ one: Result<Appended, AppendError>, _ other: Result<Appended, AppendError>) -> Bool {
        switch (one, other) {
        case (.success(let one), .success(let other)): one == other
        case (.failure(let one), .failure(let other)): one == other
        default: false
        }
    }

    /// Every way of reading gives what the model says.
    private func check(_ store: EventStore, _ model: LogModel, _ random: inout Seeded, _ seed: UInt64) throws {
        if store.head != model.head { throw Difference("head \(store.head), not \(model.head)") }
        if store.floor != model.floor { throw Difference("floor \(store.floor), not \(model.floor)") }
        if model.floor > 0 {
            #expect(throws: ReadError.expired(floor: model.floor)) {
                try store.events(after: model.floor - 1, limit: 1)
            }
        }
        for (stream, object) in model.living where stream.resource == leases {
            let versions = try store.history(uid: object.uid).map(\.version)
            if versions != Array(1...object.version) { throw Difference("\(stream) has not its whole history") }
        }
        let start = Seq.random(in: model.floor...model.head, using: &random)
        var after = start
        while after < model.head {
            let page = try store.events(after: after, limit: Int.random(in: 1...50, using: &random))
            guard let last = page.last, page.first?.seq == after + 1 else {
                throw Difference("no page after \(after)")
            }
            for event in page where !model.matches(event) { throw Difference("event \(event.seq) differs") }
            after = last.seq
        }
        for seq in [model.head, model.floor, Seq.random(in: model.floor...model.head, using: &random)] {
            let then = model.past[Int(seq)]
            for resource in [pods, leases] {
                for namespace in [nil, "default"] {
                    let expected = then.filter {
                        $0.key.resource == resource && $0.value.imageSeq > 0
                            && (namespace == nil || $0.key.namespace == namespace)
                    }
                    let listed = try store.objects(resource: resource, namespace: namespace, at: seq).items
                    try compare(listed, expected, "list at \(seq)")
                    if seq == model.head {
                        try compare(store.objects(resource: resource, namespace: namespace).items, expected, "list now")
                    }
                }
            }
            for (stream, object) in then {
                let one = try store.object(stream, at: seq)
                guard let one, one.version == object.version, one.lastSeq == object.last, one.uid == object.uid else {
                    throw Difference("\(stream) at \(seq)")
                }
            }
        }
    }

    private func compare(_ listed: [StoredObject], _ expected: [StreamRef: LogModel.Object], _ what: String) throws {
        if listed.count != expected.count { throw Difference("\(what): \(listed.count) not \(expected.count)") }
        var before: (String, String)?
        for object in listed {
            let name = (object.stream.namespace, object.stream.name)
            if let before, before >= name { throw Difference("\(what): order") }
            before = name
            guard let model = expected[object.stream], object.uid == model.uid, object.version == model.version,
                object.resourceVersion == model.imageSeq, object.createdSeq == model.created,
                object.bytes == served(model.value ?? "", model.imageSeq)
            else { throw Difference("\(what): \(object.stream)") }
        }
    }
}

/// What differs between the store and what it should be.
struct Difference: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A variable of the environment.
func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
}

/// Runs `body` with a directory in memory, where fsync costs nothing, and removes it whatever happens.
func withMemoryDirectory(_ body: (String) async throws -> Void) async throws {
    let base = Files.exists("/dev/shm") ? "/dev/shm" : "/tmp"
    let path = "\(base)/swiftlet-test-\(getpid())-\(UInt64.random(in: 0..<UInt64.max))"
    try Files.makeDirectories(path)
    do {
        try await body(path)
    } catch {
        try Files.removeTree(path)
        throw error
    }
    try Files.removeTree(path)
}
