import Glibc
import Linux
import TestSupport
import Testing

@testable import EventLog

/// T5: a real process with a store, killed with SIGKILL at random moments, again and again on the same store.
struct KillTests {
    @Test("after kill -9 at random moments every acknowledged write is there once, and a watch resumes without a hole")
    func killAgain() async throws {
        let program = try #require(Self.program)
        let rounds = environment("SWIFTLET_KILLS").flatMap { Int($0) } ?? 25
        let seed = UInt64.random(in: 0..<1 << 32)
        print("event log kill -9: \(rounds) rounds, seed \(seed)")
        var random = Seeded(seed)
        var acknowledged: [Seq: String] = [:]
        var seen: [Seq] = []
        let directory = try TemporaryDirectory(prefix: "swiftlet-eventlog-kill")
        let path = directory.path + "/store"
        for round in 0..<rounds {
            let life = UInt32.random(in: 20_000...400_000, using: &random)
            let arguments = [path, "\(round)", "\(seen.last ?? 0)"]
            let lines = try await Self.run(program, arguments, opens: round % 2 == 1, microseconds: life)
            for line in lines {
                let words = line.split(separator: " ")
                switch words.first {
                case "ack" where words.count == 3: acknowledged[try #require(Seq(words[1]))] = String(words[2])
                case "saw" where words.count == 2: seen.append(try #require(Seq(words[1])))
                case "open": break
                default: Issue.record("round \(round): \(line)")
                }
            }
            try await reopened(path) { store in
                #expect(store.isReadOnly == nil)
                #expect(store.head >= acknowledged.keys.max() ?? 0, "round \(round): acknowledged writes are gone")
                #expect(store.head >= seen.last ?? 0, "round \(round): a watcher saw what is not in the log")
                #expect(store.objects(resource: pods).items.count == Int(store.head))
            }
        }
        #expect(seen == Array(1...max(1, Seq(seen.count))), "the watch had a hole or a repetition")
        #expect(acknowledged.count > rounds)
        try await reopened(path) { store in
            var after: Seq = 0
            var names: Set<String> = []
            while after < store.head {
                for event in try store.events(after: after, limit: 1000) {
                    #expect(names.insert(event.stream.name).inserted, "\(event.stream.name) was written twice")
                    if let name = acknowledged[event.seq] { #expect(event.stream.name == name) }
                    after = event.seq
                }
            }
            let report = try store.verify(.full)
            #expect(report.isSound, "\(report.problems)")
            print("event log kill -9: \(store.head) events, \(acknowledged.count) acknowledged, \(seen.count) watched")
        }
    }

    @Test(
        "after kill -9 amid compaction the store is sound, its floor never goes back, and every living object is there"
    )
    func killCompacting() async throws {
        let program = try #require(Self.program)
        let rounds = environment("SWIFTLET_KILLS").flatMap { Int($0) } ?? 25
        let seed = UInt64.random(in: 0..<1 << 32)
        print("event log kill -9 amid compaction: \(rounds) rounds, seed \(seed)")
        var random = Seeded(seed)
        var living: [String: Seq] = [:]
        var dead: Set<String> = []
        var (floor, head, unfinished): (Seq, Seq, Int) = (0, 0, 0)
        let directory = try TemporaryDirectory(prefix: "swiftlet-eventlog-kill")
        let path = directory.path + "/store"
        // On a busy machine it takes some more until one has compacted.
        for round in 0..<(rounds * 4) where round < rounds || floor == 0 {
            let life = UInt32.random(in: 50_000...500_000, using: &random)
            let arguments = [path, "\(round)", "0", "compact"]
            for line in try await Self.run(program, arguments, opens: round % 2 == 1, microseconds: life) {
                let words = line.split(separator: " ").map(String.init)
                switch words.first {
                case "ack" where words.count == 3: living[words[2]] = Seq(words[1]) ?? 0
                case "del" where words.count == 2: dead.insert(words[1])
                case "floor" where words.count == 2: floor = max(floor, Seq(words[1]) ?? 0)
                case "open": break
                default: Issue.record("round \(round): \(line)")
                }
            }
            head = max(head, living.values.max() ?? 0)
            // On a busy machine the first one may die before it has made anything.
            guard head > 0 || Files.exists(path + "/events.db") else { continue }
            #expect(try EventStore.verify(directory: path).problems == [], "round \(round)")
            let connection = try Schema.openReader(path + "/events.db", vfs: nil)
            if try connection.integer("SELECT 1 FROM batch, store_meta WHERE last_seq <= floor") != nil {
                unfinished += 1
            }
            connection.close()
            try await reopened(path) { store in
                #expect(store.isReadOnly == nil)
                #expect(store.head >= head && store.floor >= floor, "round \(round): acknowledged things are gone")
                (head, floor) = (store.head, store.floor)
                for (name, seq) in living where !dead.contains(name) {
                    // A deletion may have been done without having been acknowledged.
                    guard let object = store.object(pod(name)) else {
                        #expect(!name.hasSuffix("0"), "round \(round): \(name) is gone")
                        continue
                    }
                    #expect(object.resourceVersion == seq)
                }
                for name in dead { #expect(store.object(pod(name)) == nil) }
                let problems = try store.verify(.full).problems
                #expect(problems == [], "round \(round)")
            }
        }
        #expect(floor > 0, "nothing was compacted")
        print("event log kill -9 amid compaction: head \(head), floor \(floor), \(unfinished) sweeps cut short")
    }

    /// The program lies beside the test's own binary.
    private static var program: String? {
        guard let own = CommandLine.arguments.first else { return nil }
        let path = own.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/store-hammer"
        return Files.exists(path) ? path : nil
    }

    /// Runs the program, kills it after a while and gives the whole lines it has printed.
    ///
    /// - Parameter opens: The while begins when it has opened the store, not at its start.
    private static func run(
        _ program: String,
        _ arguments: [String],
        opens: Bool,
        microseconds: UInt32
    ) async throws -> [String] {
        await withCheckedContinuation { continuation in
            Thread.start("kill-test") {
                continuation.resume(returning: runBlocking(program, arguments, opens, microseconds))
            }
        }
    }

    private static func runBlocking(
        _ program: String,
        _ arguments: [String],
        _ opens: Bool,
        _ microseconds: UInt32
    ) -> [String] {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { return ["pipe: \(Errno.current)"] }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        let reading = ends[0]
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        var pid: pid_t = 0
        var argv: [UnsafeMutablePointer<CChar>?] = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
        let code = unsafe posix_spawn(&pid, program, &actions, nil, &argv, environ)
        for index in unsafe argv.indices { unsafe free(argv[index]) }
        close(ends[1])
        guard code == 0 else {
            close(reading)
            return ["posix_spawn: \(Errno(code))"]
        }
        // Its first line says that it has opened the store.
        var firstLine = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
        if opens { _ = unsafe poll(&firstLine, 1, 60_000) }
        let output = Mailbox<[UInt8]?>(nil)
        Thread.start("kill-reader") {
            let pipe = Descriptor(owning: reading)
            // An output that cannot be read has no acknowledgements; the test then says that there are too few.
            let bytes = (try? Files.readAll(pipe.raw, subject: "pipe")) ?? []
            output.change { state in
                state = bytes
                return ((), true)
            }
        }
        usleep(microseconds)
        // Not yet reaped, so the number is still the child's.
        kill(pid, SIGKILL)
        var status: Int32 = 0
        unsafe waitpid(pid, &status, 0)
        let bytes = output.wait { state in state.map { .found($0) } ?? .wait }
        let end = bytes.lastIndex(of: 0x0A) ?? bytes.startIndex
        return bytes[..<end].split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
    }
}
