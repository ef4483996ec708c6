import GRDBSQLite
import Linux
import Testing

@testable import EventLog

/// T12: one test for each bug of etcd and kine that this design could also have. Those that a power cut shows
/// (etcd 14370, 13766, 6368) are the mutants of `PowerLossTests`.
struct RegressionTests {
    /// A store whose history up to seq 5 is gone, as compaction leaves it: the newest event of living objects is kept.
    private func compacted(_ body: (EventStore) async throws -> Void) async throws {
        try await withMemoryDirectory { path in
            try await reopened(path) { store in
                _ = try await store.append(create("a", "1"))  // 1
                _ = try await store.append(create("b", "1"))  // 2
                _ = try await store.append(change("a", "2"))  // 3
                _ = try await store.append(remove("b"))  // 4
                _ = try await store.append(create("c", "1"))  // 5, the floor
                _ = try await store.append(remove("c"))  // 6
                _ = try await store.append(change("a", "3"))  // 7
                _ = try await store.append(compaction(to: 5))  // 8
                await store.swept()
            }
            try await reopened(path) { try await body($0) }
        }
    }

    @Test("etcd 18089, 19179: watching from just below, at and just above the floor: 410, everything, the rest")
    func floorOfWatch() async throws {
        try await compacted { store in
            #expect(store.isReadOnly == nil)
            #expect(store.floor == 5)
            await #expect(throws: WatchError.expired(floor: 5)) { try await store.watch(after: 4) }
            let atFloor = try await store.watch(after: 5, resource: pods)
            let delivered = try await atFloor.next(max: 10)
            #expect(delivered.map(\.seq) == [6, 7])
            #expect(delivered.map(\.change) == [.deleted, .modified])
            let above = try await store.watch(after: 6, resource: pods)
            #expect(try await above.next(max: 10).map(\.seq) == [7])
        }
    }

    @Test("reads of the past: below the floor is expired, at the floor exact, ahead of the head the future")
    func floorOfReads() async throws {
        try await compacted { store in
            #expect(throws: ReadError.expired(floor: 5)) { try store.objects(resource: pods, at: 4) }
            #expect(throws: ReadError.expired(floor: 5)) { try store.events(after: 4, limit: 1) }
            #expect(throws: ReadError.future(head: 8)) { try store.object(pod("a"), at: 9) }
            let then = try store.objects(resource: pods, at: 5).items
            #expect(then.map(\.stream.name) == ["a", "c"])
            #expect(then.map(\.bytes) == [served("2", 3), served("1", 5)])
            let later = try store.objects(resource: pods, at: 6).items
            #expect(later.map(\.stream.name) == ["a"])
            let report = try store.verify(.full)
            #expect(report.isSound, "\(report.problems)")
        }
    }

    @Test("etcd 17780: the head does not go down when compaction removes the newest events")
    func headAfterCompaction() async throws {
        try await withMemoryDirectory { path in
            try await reopened(path) { store in
                _ = try await store.append(create("a", "1"))
                _ = try await store.append(remove("a"))
            }
            let connection = try Connection(path: path + "/events.db", flags: SQLITE_OPEN_READWRITE)
            try connection.execute(
                """
                UPDATE store_meta SET floor = 2, floor_chain = (SELECT hash FROM event WHERE seq = 2);
                DELETE FROM event; DELETE FROM object
                """
            )
            connection.close()
            try await reopened(path) { store in
                #expect(store.isReadOnly == nil)
                #expect(store.head == 2)
                let next = try await store.append(create("b", "1"))
                #expect(next.first == 3)
                #expect(try store.verify(.full).isSound)
            }
        }
    }

    @Test("etcd 20221: a watch ahead of the head delivers only what comes after its own point")
    func futureWatch() async throws {
        try await withStore { store, _ in
            async let cursor = store.watch(after: 3)
            for name in ["a", "b", "c", "d"] { _ = try await store.append(create(name)) }
            #expect(try await cursor.next(max: 10).map(\.seq) == [4])
        }
    }

    @Test("kine 759, etcd 17529: under a high rate of writes no watcher falls silent or misses an event")
    func highRate() async throws {
        var options = smallOptions()
        options.ringEvents = 64
        try await withStore(options) { store, _ in
            _ = try await store.append(create("a", "0"))
            let total: Seq = 1201
            let seen = try await withThrowingTaskGroup(of: [Seq].self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        var seqs: [Seq] = []
                        let cursor = try await store.watch(after: 0, resource: pods, namespace: "default")
                        while (seqs.last ?? 0) < total { seqs += try await cursor.next(max: 17).map(\.seq) }
                        return seqs
                    }
                }
                for writer in 0..<4 {
                    group.addTask {
                        for number in 0..<300 { _ = try await store.append(change("a", "\(writer)-\(number)")) }
                        return []
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for seqs in seen where !seqs.isEmpty { #expect(seqs == Array(1...total)) }
        }
    }

    @Test("kine: a read of the log that comes up short is an error, never the end of the log")
    func shortRead() async throws {
        try await withMemoryDirectory { path in
            var options = smallOptions()
            options.ringEvents = 2
            try await reopened(path, options) { store in
                for name in ["a", "b", "c", "d", "e", "f"] { _ = try await store.append(create(name)) }
                let connection = try Connection(path: path + "/events.db", flags: SQLITE_OPEN_READWRITE)
                try connection.execute("DELETE FROM event WHERE seq = 3")
                connection.close()
                #expect(throws: ReadError.self) { try store.events(after: 0, limit: 10) }
                let cursor = try await store.watch(after: 0)
                await #expect(throws: WatchError.self) { try await cursor.next(max: 10) }
            }
        }
    }

    @Test("etcd 15271: whoever lost the store cannot write to it")
    func staleWriter() async throws {
        try await withMemoryDirectory { path in
            try await reopened(path) { store in
                _ = try await store.append(create("a"))
                // A second program that ignores the lock file writes behind our back.
                let connection = try Connection(path: path + "/events.db", flags: SQLITE_OPEN_READWRITE)
                try connection.execute("BEGIN IMMEDIATE")
                await #expect(throws: AppendError.self) { try await store.append(change("a", "b")) }
                guard case .foreignProcess = store.isReadOnly else {
                    Issue.record("\(String(describing: store.isReadOnly))")
                    return
                }
                #expect(store.object(pod("a")) != nil)
                try connection.execute("ROLLBACK")
                connection.close()
            }
        }
    }

    @Test("a clock that goes back does not make time in the log go back")
    func clockStepsBack() async throws {
        try await withMemoryDirectory { path in
            let times: [Int64] = [1000, 2000, 500, 600, 3000]
            for (index, time) in times.enumerated() {
                var options = smallOptions()
                options.clock = { time }
                try await reopened(path, options) { store in
                    _ = try await store.append(create("p\(index)"))
                    #expect(store.statistics.clockSteps == (time < 1000 ? 1 : 0))
                }
            }
            try await reopened(path) { store in
                #expect(try store.events(after: 0, limit: 10).map(\.time) == [1000, 2000, 2000, 2000, 3000])
                let found = try [0, 1000, 1999, 2000, 2999, 3000, 9999].map { try store.seq(atOrBefore: $0) }
                #expect(found == [0, 1, 1, 4, 4, 5, 5])
            }
        }
    }

    @Test("ride-along proposals share the next commit")
    func rideAlong() async throws {
        var options = smallOptions()
        options.rideAlongDelay = .seconds(600)
        try await withStore(options) { store, _ in
            _ = try await store.append(create("a", "0"))
            let before = store.statistics.commits
            for number in 0..<20 {
                var report = change("a", "\(number)")
                report.durability = .ridealong
                store.submit(report)
            }
            _ = try await store.append(change("a", "urgent"))
            #expect(store.statistics.commits == before + 1)
            #expect(store.head == 22)
        }
    }

    @Test("a ride-along proposal is not forgotten when no other comes")
    func rideAlone() async throws {
        try await withStore { store, _ in
            var late = create("a", "late")
            late.durability = .ridealong
            let appended = try await store.append(late)
            #expect(appended.first == 1)
        }
    }

    @Test("an inbox that is full refuses with a delay to retry after, and what it took is written")
    func overload() async throws {
        var options = smallOptions()
        options.inboxProposals = 8
        options.rideAlongDelay = .seconds(60)
        try await withStore(options) { store, _ in
            _ = try await store.append(create("a", "0"))
            for number in 0..<8 {
                var report = change("a", "\(number)")
                report.durability = .ridealong
                store.submit(report)
            }
            await #expect(throws: AppendError.overloaded(retryAfter: .milliseconds(500))) {
                try await store.append(change("a", "too much"))
            }
            await store.close()
            #expect(store.head == 9)
        }
    }
}
