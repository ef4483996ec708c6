import GRDBSQLite
import Glibc
import Linux
import TestSupport
import Testing

@testable import EventLog

/// Giving up history: who may, what stays, and that nothing else changes.
struct CompactionTests {
    /// A store with two pods, one of which has died, and 20 changes of the other.
    private func filled(_ store: EventStore) async throws {
        _ = try await store.append(create("dead"))  // 1
        _ = try await store.append(create("a", "0"))  // 2
        for number in 1...20 { _ = try await store.append(change("a", "\(number)")) }  // 3 to 22
        _ = try await store.append(remove("dead"))  // 23
    }

    private func rows(_ path: String, _ sql: String) throws -> Int64? {
        let connection = try Schema.openReader(path + "/events.db", vfs: nil)
        defer { connection.close() }
        return try connection.integer(sql)
    }

    @Test("what lies below the floor goes, but for the events that living objects are made of; verify proves those")
    func whatStays() async throws {
        try await withStore { store, path in
            try await filled(store)
            let uid = try #require(store.object(pod("a"))?.uid)
            let before = store.objects(resource: pods).items.map(\.bytes)
            _ = try await store.append(compaction(to: 15))
            await store.swept()
            #expect(store.floor == 15)
            #expect(try store.history(uid: uid).map(\.seq) == Array(15...22))
            #expect(try rows(path, "SELECT count(*) FROM event") == 11)  // 1, which is dead only later, 15 to 24
            #expect(try rows(path, "SELECT count(*) FROM anchor") == 1)
            #expect(store.objects(resource: pods).items.map(\.bytes) == before)
            #expect(try store.object(pod("dead"), at: 15)?.bytes == served("a", 1))
            #expect(try store.verify(.full).problems == [])
            _ = try await store.append(compaction(to: 23))
            await store.swept()
            #expect(try rows(path, "SELECT count(*) FROM event WHERE seq <= 23") == 1)
            #expect(try rows(path, "SELECT count(*) FROM object WHERE deleted_seq IS NOT NULL") == 0)
            #expect(try rows(path, "SELECT count(*) FROM batch WHERE last_seq <= 23") == 0)
            #expect(store.objects(resource: pods).items.map(\.bytes) == before)
            #expect(try store.verify(.full).problems == [])
        }
    }

    @Test("the floor moves only forward, to the end of a commit, and never past a consumer")
    func rules() async throws {
        try await withStore { store, _ in
            try await filled(store)
            let both = proposal(pod("b"), .absent, [fact("PodCreated", "1"), fact("PodReplaced", "2")], uid: .random())
            _ = try await store.append(both)  // 24 and 25
            try await store.saveConsumerPosition("journal", 10)
            #expect(try await store.dueFloor(keeping(0))?.seq == 10)
            for (target, why) in [
                (24, "consumer journal is at 10"), (0, "it is at 0"), (-1, "it is at 0"), (99, "consumer journal"),
            ] as [(Seq, String)] {
                let error = await #expect(throws: AppendError.self) {
                    _ = try await store.append(compaction(to: target))
                }
                #expect(error?.description.contains(why) == true, "\(String(describing: error))")
            }
            try await store.saveConsumerPosition("journal", 25)
            let error = await #expect(throws: AppendError.self) { _ = try await store.append(compaction(to: 24)) }
            #expect(error?.description.contains("not the end of a commit") == true)
            #expect(store.head == 25, "a refused proposal writes nothing")
            #expect(store.floor == 0)
            let candidate = try #require(try await store.dueFloor(keeping(1)))
            #expect(candidate.seq == 23)
            _ = try await store.append(compaction(to: candidate.seq))
            #expect(try await store.dueFloor(keeping(3)) == nil)
        }
    }

    @Test("a watch that lags behind the floor is told so, whether it would read from memory or from the disk")
    func laggingWatch() async throws {
        var options = smallOptions()
        options.ringEvents = 4
        try await withStore(options) { store, _ in
            try await filled(store)
            let onDisk = try await store.watch(after: 2)
            let inRing = try await store.watch(after: 21)
            _ = try await store.append(compaction(to: 22))
            await #expect(throws: WatchError.expired(floor: 22)) { _ = try await onDisk.next(max: 1) }
            await #expect(throws: WatchError.expired(floor: 22)) { _ = try await inRing.next(max: 1) }
            await #expect(throws: WatchError.expired(floor: 22)) { _ = try await store.watch(after: 21) }
            let atFloor = try await store.watch(after: 22)
            #expect(try await atFloor.next(max: 9).map(\.seq) == [23, 24])
        }
    }

    @Test("a sweep that was cut short leaves a sound store, and the next start finishes it")
    func cutShort() async throws {
        let directory = try TemporaryDirectory(prefix: "swiftlet-eventlog")
        let path = directory.path
        try await reopened(path) { store in
            try await filled(store)
            store.sweeper.close()
            _ = try await store.append(compaction(to: 20))
            #expect(try store.verify(.full).problems == [])
        }
        #expect(try rows(path, "SELECT count(*) FROM event") == 24)
        // One step of it, as if the agent had been killed then.
        let connection = try Connection(path: path + "/events.db", flags: SQLITE_OPEN_READWRITE)
        let hash = try #require(try connection.text("SELECT lower(hex(hash)) FROM event WHERE seq = 9"))
        try connection.execute("DELETE FROM event WHERE seq BETWEEN 3 AND 9; INSERT INTO anchor VALUES(10, x'\(hash)')")
        connection.close()
        #expect(try EventStore.verify(directory: path).problems == [])
        try await reopened(path) { store in
            await store.swept()
            let (events, anchors) = (
                try rows(path, "SELECT count(*) FROM event"), try rows(path, "SELECT count(*) FROM anchor")
            )
            #expect(events == 6)
            #expect(anchors == 1)
            #expect(store.object(pod("a"))?.bytes == served("20", 22))
            let problems = try store.verify(.full).problems
            #expect(problems == [])
        }
    }

    @Test("a changed event that was kept from below the floor is found")
    func rot() async throws {
        let directory = try TemporaryDirectory(prefix: "swiftlet-eventlog")
        try await reopened(directory.path) { store in
            try await filled(store)
            _ = try await store.append(compaction(to: 15))
            await store.swept()
        }
        let connection = try Connection(path: directory.path + "/events.db", flags: SQLITE_OPEN_READWRITE)
        try connection.execute("DROP TRIGGER event_no_update; UPDATE event SET data = '{}' WHERE seq = 15")
        connection.close()
        let problems = try EventStore.verify(directory: directory.path).problems
        #expect(problems.count == 1)
        #expect(problems.first?.contains("event 15, kept from below the floor, was changed") == true, "\(problems)")
    }

    @Test("the room of what was removed is given back to the file system")
    func room() async throws {
        let directory = try TemporaryDirectory(prefix: "swiftlet-eventlog")
        let path = directory.path
        func size() throws -> Int {
            var status = stat()
            try sys("stat", path) { unsafe stat(path + "/events.db", &status) }
            return Int(status.st_size)
        }
        let text = String(repeating: "x", count: 20_000)
        try await reopened(path) { store in
            _ = try await store.append(create("a", text))
            for _ in 0..<300 { _ = try await store.append(change("a", text)) }
        }
        #expect(try size() > 6_000_000)
        try await reopened(path) { store in
            let target = try #require(try await store.dueFloor(keeping(2)))
            _ = try await store.append(compaction(to: target.seq))
            await store.swept()
            #expect(store.object(pod("a"))?.bytes == served(text, 301))
        }
        #expect(try size() < 1_300_000)
        #expect(try EventStore.verify(directory: path).problems == [])
    }

    @Test("a store of the first schema opens, goes on and can be compacted")
    func upgrade() async throws {
        let directory = try TemporaryDirectory(prefix: "swiftlet-eventlog")
        let own = #filePath.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
        let file = try Files.read(own + "/Fixtures/schema-1.db", limit: 1 << 20)
        try Files.replace(directory.path + "/events.db", with: file)
        #expect(try EventStore.verify(directory: directory.path).problems == [])
        try await reopened(directory.path) { store in
            #expect(store.isReadOnly == nil)
            let found = store.head
            #expect(found > 50)
            #expect(store.objects(resource: pods).items.count == Int(found))
            _ = try await store.append(create("new"))
            let target = try #require(try await store.dueFloor(keeping(10)))
            _ = try await store.append(compaction(to: target.seq))
            await store.swept()
            #expect(store.objects(resource: pods).items.count == Int(found) + 1)
            #expect(try store.verify(.full).problems == [])
        }
        #expect(try rows(directory.path, "SELECT max(version) FROM schema_migration") == Migrations.all.last?.version)
    }
}

/// Where the floor should be, as a pure function.
struct RetentionTests {
    private func situation(_ change: (inout Retention.Situation) -> Void = { _ in }) -> Retention.Situation {
        var situation = Retention.Situation(
            floor: 1000,
            head: 500_000,
            bytes: 1 << 20,
            tooOld: 1000,
            oldEnough: 490_000,
            slowestConsumer: nil
        )
        change(&situation)
        return situation
    }

    @Test("events go by age, and by size, but neither the young ones nor the newest hundred thousand nor unread ones")
    func bounds() {
        let retention = Retention()
        #expect(retention.floor(in: situation()) == nil)
        #expect(retention.floor(in: situation { $0.tooOld = 200_000 }) == 200_000)
        #expect(retention.floor(in: situation { $0.tooOld = 2000 }) == nil, "not worth an event")
        #expect(retention.floor(in: situation { $0.tooOld = 450_000 }) == 400_000)
        #expect(retention.floor(in: situation { ($0.tooOld, $0.oldEnough) = (300_000, 250_000) }) == 250_000)
        #expect(retention.floor(in: situation { ($0.tooOld, $0.slowestConsumer) = (300_000, 90_000) }) == 90_000)
        #expect(retention.floor(in: situation { ($0.tooOld, $0.slowestConsumer) = (300_000, 0) }) == nil)
        #expect(retention.floor(in: situation { $0.bytes = 4 << 30 }) == 375_250)
        #expect(retention.floor(in: situation { ($0.bytes, $0.oldEnough) = (4 << 30, 1000) }) == nil)
        #expect(retention.floor(in: situation { ($0.bytes, $0.head, $0.oldEnough) = (4 << 30, 90_000, 80_000) }) == nil)
    }
}
