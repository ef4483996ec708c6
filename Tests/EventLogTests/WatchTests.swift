import Testing

@testable import EventLog

/// T9: what a watch promises, each with its own check, named as etcd's robustness tests name them.
struct WatchTests {
    @Test("a cursor delivers what was appended before and after it was made, in order and once")
    func basics() async throws {
        try await withStore { store, _ in
            _ = try await store.append(create("a", "1"))
            let cursor = try await store.watch(after: 0, resource: pods, namespace: "default")
            #expect(try await cursor.next(max: 10).map(\.seq) == [1])
            async let waiting = cursor.next(max: 10)
            _ = try await store.append(change("a", "2"))
            let delivered = try await waiting
            #expect(delivered.map(\.seq) == [2])
            #expect(delivered.first?.after == served("2", 2))
            #expect(cursor.position == 2)
        }
    }

    @Test("a cursor brings big events in small parts, from memory and from the disk", arguments: [false, true])
    func bigEvents(fromDisk: Bool) async throws {
        var options = smallOptions()
        if fromDisk { options.ringBytes = 1 }
        try await withStore(options) { store, _ in
            _ = try await store.append(create("a"))
            let big = String(repeating: "x", count: 100_000)
            for number in 1...10 { _ = try await store.append(change("a", "\(number)" + big)) }
            _ = try await store.append(create("b"))
            let cursor = try await store.watch(after: 1, resource: pods)
            var delivered: [Seq] = []
            while delivered.count < 11 {
                let part = try await cursor.next(max: 500)
                #expect(part.dropLast().reduce(0) { $0 + $1.weight } < WatchCursor.byteLimit)
                delivered += part.map(\.seq)
            }
            #expect(delivered == Array(2...12))
            #expect((store.statistics.diskPages > 0) == fromDisk)
        }
    }

    @Test("a waiting cursor is not woken by what its filter does not want, and its place moves on nevertheless")
    func filteredWake() async throws {
        try await withStore { store, _ in
            let cursor = try await store.watch(after: 0, resource: leases, namespace: nil)
            async let waiting = cursor.next(max: 10)
            for number in 0..<5 { _ = try await store.append(create("p\(number)")) }
            let lease = StreamRef(resource: leases, namespace: "kube-node-lease", name: "n1")
            _ = try await store.append(proposal(lease, .absent, [fact("LeaseCreated", "x")], uid: .random()))
            #expect(try await waiting.map(\.seq) == [6])
            #expect(cursor.position == 6)
        }
    }

    @Test("cancelling a waiting watch ends it with nothing; so does closing the store")
    func ending() async throws {
        try await withStore { store, _ in
            let cursor = try await store.watch(after: 0)
            let ended = await withTaskGroup(of: Int.self) { group in
                group.addTask {
                    // Ends without events and without an error when it is cancelled.
                    ((try? await cursor.next(max: 1)) ?? []).count
                }
                while store.statistics.sleepingCursors == 0 { await Task.yield() }
                group.cancelAll()
                return await group.next()
            }
            #expect(ended == 0)
            #expect(store.statistics.sleepingCursors == 0)
            let other = try await store.watch(after: 0)
            async let waiting = other.next(max: 1)
            while store.statistics.sleepingCursors == 0 { await Task.yield() }
            await store.close()
            #expect(try await waiting.isEmpty)
        }
    }

    @Test("ahead of the head a watch waits for it; if it does not come, it is too large")
    func aheadOfHead() async throws {
        try await withStore { store, _ in
            async let early = store.watch(after: 2)
            _ = try await store.append(create("a"))
            _ = try await store.append(change("a", "b"))
            let cursor = try await early
            _ = try await store.append(change("a", "c"))
            #expect(try await cursor.next(max: 10).map(\.seq) == [3])
            await #expect(throws: WatchError.tooLarge(head: 3)) { try await store.watch(after: 99) }
        }
    }

    @Test("a watcher that is far behind pages from the disk and misses nothing")
    func slowWatcher() async throws {
        var options = smallOptions()
        options.ringEvents = 8
        try await withStore(options) { store, _ in
            _ = try await store.append(create("a", "0"))
            for number in 1..<1500 { store.submit(change("a", "\(number)")) }
            _ = try await store.append(change("a", "last"))
            let cursor = try await store.watch(after: 0, resource: pods)
            var seen: [Seq] = []
            while seen.last != 1501 { seen += try await cursor.next(max: 64).map(\.seq) }
            #expect(seen == Array(1...1501))
            #expect(store.statistics.diskPages >= 3)
        }
    }

    /// One recorded watch: everything it was told, and its place after each answer.
    private struct Recording: Sendable {
        let filter: Published.Filter
        var events: [EventRecord] = []
        var bookmarks: [(position: Seq, delivered: Int)] = []
    }

    @Test(
        "ordered, unique, reliable, resumable, bookmarkable, filtered, with previous images and creations told apart",
        arguments: [UInt64.random(in: 0..<1 << 32), 7, 11]
    )
    func validators(seed: UInt64) async throws {
        print("watch validators: seed \(seed)")
        var options = smallOptions()
        options.ringEvents = 16
        try await withStore(options) { store, _ in
            var workload = Workload(seed: seed)
            var model = LogModel()
            let plan = (0..<150).map { _ in  // decided beforehand, so that nothing depends on who is faster
                let next = workload.next(model)
                _ = model.answer(next.proposal, values: next.values)
                return next.proposal
            }
            let filters = [
                Published.Filter(resource: nil, namespace: nil),
                Published.Filter(resource: pods, namespace: nil),
                Published.Filter(resource: pods, namespace: "default"),
                Published.Filter(resource: leases, namespace: "kube-system"),
                Published.Filter(resource: nil, namespace: "kube-system"),
            ]
            let recordings = try await withThrowingTaskGroup(of: Recording.self) { group in
                for (index, filter) in (filters + filters).enumerated() {
                    let isResuming = index >= filters.count
                    group.addTask { try await Self.record(store, filter, isResuming, seed + UInt64(index)) }
                }
                for proposal in plan {
                    // Refusals are part of the plan.
                    _ = try? await store.append(proposal)
                }
                for resource in [pods, leases] {
                    for namespace in ["default", "kube-system"] {
                        let stream = StreamRef(resource: resource, namespace: namespace, name: "last")
                        let last = proposal(stream, .absent, [fact("LastRound", "end")], uid: .random())
                        _ = model.answer(last, values: ["end"])
                        _ = try await store.append(last)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(store.head == model.head)
            for recording in recordings { try validate(recording, model, store) }
        }
    }

    /// Watches until the last round's events come; a resuming one begins anew at its place now and then.
    private static func record(
        _ store: EventStore,
        _ filter: Published.Filter,
        _ isResuming: Bool,
        _ seed: UInt64
    ) async throws -> Recording {
        var random = Seeded(seed)
        var recording = Recording(filter: filter)
        var cursor = try await store.watch(after: 0, resource: filter.resource, namespace: filter.namespace)
        while recording.events.last?.type != "LastRound" {
            recording.events += try await cursor.next(max: Int.random(in: 1...7, using: &random))
            recording.bookmarks.append((cursor.position, recording.events.count))
            if isResuming, random.once(in: 3) {
                cursor = try await store.watch(
                    after: cursor.position,
                    resource: filter.resource,
                    namespace: filter.namespace
                )
            }
        }
        return recording
    }

    private func validate(_ recording: Recording, _ model: LogModel, _ store: EventStore) throws {
        let seqs = recording.events.map(\.seq)
        #expect(zip(seqs, seqs.dropFirst()).allSatisfy { $0 < $1 }, "Ordered and Unique")
        let end = recording.bookmarks.last?.position ?? 0
        let wanted = (1...end).filter { recording.filter.matches(model.log[Int($0) - 1].stream) }
        #expect(seqs == wanted, "Reliable, Resumable and Filter")
        for bookmark in recording.bookmarks {
            let before = wanted.filter { $0 <= bookmark.position }.count
            #expect(before == bookmark.delivered, "Bookmarkable: everything up to the bookmark was delivered")
        }
        for event in recording.events {
            #expect(model.matches(event))
            var walk = event.previousSeq
            while walk > 0, model.log[Int(walk) - 1].change == .none { walk = model.log[Int(walk) - 1].previous }
            let previous = walk == 0 ? nil : model.log[Int(walk) - 1].value.map { served($0, walk) }
            let told = try store.previousImage(of: event)
            #expect(told == previous, "PrevImage")
            #expect((event.change == .added) == (event.after != nil && previous == nil && event.change != .deleted))
        }
    }
}
