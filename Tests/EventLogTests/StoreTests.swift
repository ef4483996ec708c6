import Testing

@testable import EventLog

/// Appending, expectations and reading back.
struct StoreTests {
    @Test("an event's seq is the object's resourceVersion, dense from 1, and survives closing")
    func appendAndReopen() async throws {
        try await withStore { store, path in
            let uid = UID.random()
            let first = try await store.append(create("a", "one", uid: uid))
            #expect(first == Appended(first: 1, last: 1, version: 1, replayed: false))
            let two = [fact("ImagePulled"), fact("ContainerStarted", "two")]
            let second = try await store.append(proposal(pod("a"), .exact(1), two))
            #expect(second == Appended(first: 2, last: 3, version: 3, replayed: false))
            #expect(store.head == 3)
            #expect(store.object(pod("a"))?.bytes == served("two", 3))
            await store.close()
            try await reopened(path) { again in
                #expect(again.isReadOnly == nil)
                #expect(again.head == 3)
                let object = try #require(again.object(pod("a")))
                #expect(object.uid == uid)
                #expect(object.version == 3)
                #expect(object.resourceVersion == 3)
                #expect(object.bytes == served("two", 3))
                #expect(object.createdSeq == 1)
                let events = try again.events(after: 0, limit: 10)
                #expect(events.map(\.seq) == [1, 2, 3])
                #expect(events.map(\.change) == [.added, .none, .modified])
                #expect(events.map(\.previousSeq) == [0, 1, 2])
                #expect(events.map(\.type) == ["PodCreated", "ImagePulled", "ContainerStarted"])
                let third = try await again.append(change("a", "three"))
                #expect(third.first == 4)
            }
        }
    }

    @Test("a proposal whose expectation does not hold is refused and writes nothing")
    func expectations() async throws {
        try await withStore { store, _ in
            let uid = UID.random()
            _ = try await store.append(create("a", uid: uid))
            _ = try await store.append(proposal(pod("a"), .exists, [fact("ProbeFailed")]))
            await #expect(throws: AppendError.alreadyExists(uid)) { try await store.append(create("a")) }
            await #expect(throws: AppendError.alreadyExists(uid)) { try await store.append(create("b", uid: uid)) }
            await #expect(throws: AppendError.notFound) { try await store.append(change("c", "x")) }
            await #expect(throws: AppendError.conflict(current: 1, version: 2)) {
                try await store.append(change("a", "x", .exact(2)))
            }
            await #expect(throws: AppendError.conflict(current: 1, version: 2)) {
                try await store.append(change("a", "x", .version(1)))
            }
            await #expect(throws: AppendError.uidMismatch(uid)) {
                try await store.append(change("a", "x", .uid(UID.random())))
            }
            #expect(store.head == 2)
            _ = try await store.append(change("a", "x", .exact(1)))
            _ = try await store.append(change("a", "y", .version(3)))
            _ = try await store.append(change("a", "z", .uid(uid)))
            #expect(store.head == 5)
        }
    }

    @Test("a deletion without an image serves the last one with the deletion's resourceVersion")
    func deletion() async throws {
        try await withStore { store, _ in
            let uid = UID.random()
            _ = try await store.append(create("a", "one", uid: uid))
            _ = try await store.append(remove("a"))
            #expect(store.object(pod("a")) == nil)
            let last = try #require(try store.events(after: 1, limit: 1).first)
            #expect(last.change == .deleted)
            #expect(last.after == served("one", 2))
            await #expect(throws: AppendError.notFound) { try await store.append(change("a", "x")) }
            // The name is free again, the uid never is.
            await #expect(throws: AppendError.alreadyExists(uid)) { try await store.append(create("a", uid: uid)) }
            let again = try await store.append(create("a", "again"))
            #expect(again.first == 3)
            let history = try store.history(uid: uid)
            #expect(history.map(\.seq) == [1, 2])
        }
    }

    @Test("the same idempotency key gives the first result again, also after a restart, and never for another request")
    func idempotency() async throws {
        try await withStore { store, path in
            var request = create("a")
            request.idempotencyKey = Array("key-1".utf8)
            request.requestDigest = [1, 2, 3]
            let first = try await store.append(request)
            let again = try await store.append(request)
            #expect(again == Appended(first: first.first, last: first.last, version: first.version, replayed: true))
            var other = request
            other.requestDigest = [9]
            await #expect(throws: AppendError.idempotencyMismatch) { try await store.append(other) }
            #expect(store.head == 1)
            await store.close()
            try await reopened(path) { store in
                let repeated = try await store.append(request)
                #expect(repeated.replayed)
                let remembered = try store.idempotentResult(key: Array("key-1".utf8))
                #expect(remembered?.result.first == 1)
                #expect(store.head == 1)
            }
        }
    }

    @Test("limits: 1.5 MiB for one part, 64 bytes for a request id, at least one fact")
    func limits() async throws {
        try await withStore { store, _ in
            let large = [UInt8](repeating: 0x20, count: Planner.partLimit + 1)
            var request = create("a")
            request.facts[0].data = large
            await #expect(throws: AppendError.tooLarge("data of PodCreated has 1572865 bytes")) {
                try await store.append(request)
            }
            request = create("a")
            request.facts[0].after = AfterImage(bytes: large, resourceVersionOffset: nil)
            await #expect(throws: AppendError.tooLarge("the object after PodCreated has 1572865 bytes")) {
                try await store.append(request)
            }
            request = create("a")
            request.facts = []
            await #expect(throws: AppendError.invalid("it has no facts")) { try await store.append(request) }
            request = create("a")
            request.request = String(repeating: "r", count: 64)
            request.facts[0].data = Array(large.dropLast())
            _ = try await store.append(request)
            let events = try store.events(after: 0, limit: 1)
            #expect(events[0].request == request.request)
        }
    }

    @Test("correlation is inherited from the cause; a cause must be an event of the past")
    func stories() async throws {
        try await withStore { store, _ in
            _ = try await store.append(create("a"))
            var second = change("a", "b")
            second.cause = 1
            _ = try await store.append(second)
            var third = change("a", "c")
            third.cause = 2
            _ = try await store.append(third)
            let events = try store.events(after: 0, limit: 10)
            #expect(events.map(\.correlation) == [1, 1, 1])
            #expect(events.map(\.cause) == [nil, 1, 2])
            third.cause = 4
            await #expect(throws: AppendError.self) { try await store.append(third) }
        }
    }

    @Test("proposals submitted by one caller are appended in that order, many to a commit")
    func groupCommit() async throws {
        try await withStore { store, _ in
            _ = try await store.append(create("a", "0"))
            for number in 1...200 { store.submit(change("a", "\(number)")) }
            _ = try await store.append(change("a", "last"))
            let images = try store.events(after: 0, limit: 500).map { $0.after ?? [] }
            let expected = (0...200).map { served("\($0)", Seq($0 + 1)) } + [served("last", 202)]
            #expect(images == expected)
            #expect(store.statistics.largestBatch > 1)
        }
    }

    @Test("of many writers with one expectation exactly one wins, and the log is dense")
    func compareAndSwap() async throws {
        try await withStore { store, _ in
            _ = try await store.append(create("a", "0"))
            for round in 0..<20 {
                let version = try #require(store.object(pod("a"))?.resourceVersion)
                let winners = await withTaskGroup(of: Bool.self) { group in
                    for writer in 0..<8 {
                        group.addTask {
                            // A conflict is the expected answer for all but one.
                            (try? await store.append(change("a", "\(round)-\(writer)", .exact(version)))) != nil
                        }
                    }
                    return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(winners == 1)
            }
            #expect(store.head == 21)
        }
    }

    @Test("a consumer's position is kept across restarts and never passes the log")
    func consumers() async throws {
        try await withStore { store, path in
            #expect(store.consumerPosition("journal") == 0)
            _ = try await store.append(create("a"))
            try await store.saveConsumerPosition("journal", 1)
            await #expect(throws: AppendError.self) { try await store.saveConsumerPosition("journal", 2) }
            var request = change("a", "b")
            request.consumer = ConsumerPosition(name: "reconciler", seq: 1)
            _ = try await store.append(request)
            await store.close()
            try await reopened(path) { store in
                #expect(store.consumerPosition("journal") == 1)
                #expect(store.consumerPosition("reconciler") == 1)
            }
        }
    }

    @Test("a second opener is told who has the store; after closing it may have it")
    func locking() async throws {
        try await withStore { store, path in
            #expect(throws: StoreError.self) { try EventStore.open(directory: path, options: smallOptions()) }
            await store.close()
            try await reopened(path) { store in #expect(store.head == 0) }
            await #expect(throws: AppendError.closed) { try await store.append(create("a")) }
        }
    }
}
