import Glibc
import Linux
import Synchronization
import TTRPC
import TestSupport
import Testing

/// Lets a test wait for what happens on a loop's thread.
final class Collector<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])

    func add(_ value: Value) { values.withLock { $0.append(value) } }

    /// Waits until `count` values came; the limit is only there to end a broken test.
    func wait(for count: Int) async throws -> [Value] {
        for _ in 0..<60_000 {
            let now = values.withLock { $0 }
            if now.count >= count { return now }
            try await Task.sleep(for: .milliseconds(1))
        }
        return values.withLock { $0 }
    }
}

@Suite struct SocketTests {
    private typealias Answers = Collector<Result<[UInt8], TTRPCError>>

    private static let echo: TTRPCService.Handler = { request, reply in
        reply.send(TTRPCResponse(payload: request.payload))
    }

    @Test("five hundred calls from eight tasks over one connection all get their own answer")
    func manyCalls() async throws {
        let directory = try TemporaryDirectory()
        let thread = try LoopThread(name: "test")
        defer { thread.stop() }
        let path = directory.path + "/s"
        let service = try TTRPCService(path: path, mailbox: thread.mailbox, handlers: ["t/Echo": Self.echo])
        let client = try TTRPCClient.connect(path: path, mailbox: thread.mailbox)
        let answers = Collector<Bool>()
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for call in 0..<63 {
                        let payload = [UInt8(task), UInt8(call)] + [UInt8](repeating: 7, count: call * 1000)
                        client.call(service: "t", method: "Echo", payload: payload, timeout: .seconds(30)) { result in
                            answers.add(result == .success(payload))
                        }
                    }
                }
            }
        }
        let results = try await answers.wait(for: 504)
        #expect(results.count == 504)
        #expect(results.allSatisfy { $0 })
        client.close()
        service.stop()
    }

    @Test("a method that nobody serves is Unimplemented")
    func unimplemented() async throws {
        let directory = try TemporaryDirectory()
        let thread = try LoopThread(name: "test")
        defer { thread.stop() }
        let service = try TTRPCService(path: directory.path + "/s", mailbox: thread.mailbox, handlers: [:])
        let client = try TTRPCClient.connect(path: directory.path + "/s", mailbox: thread.mailbox)
        let answers = Answers()
        client.call(service: "a", method: "B", payload: []) { answers.add($0) }
        let answer = try await answers.wait(for: 1).first
        guard case .failure(.status(let status)) = answer else {
            Issue.record("\(String(describing: answer))")
            return
        }
        #expect(status.code == .unimplemented)
        client.close()
        service.stop()
    }

    @Test("when the server goes, every outstanding call fails and the disconnect is told once, after them")
    func disconnect() async throws {
        let directory = try TemporaryDirectory()
        let thread = try LoopThread(name: "test")
        defer { thread.stop() }
        let held = Collector<TTRPCReply>()
        let service = try TTRPCService(
            path: directory.path + "/s",
            mailbox: thread.mailbox,
            handlers: ["t/Wait": { _, reply in held.add(reply) }]
        )
        let told = Collector<String>()
        let client = try TTRPCClient.connect(path: directory.path + "/s", mailbox: thread.mailbox) { _ in
            told.add("disconnect")
        }
        for _ in 0..<300 {
            client.call(service: "t", method: "Wait", payload: []) { result in
                if case .failure(.disconnected) = result { told.add("call") }
            }
        }
        _ = try await held.wait(for: 300)
        service.stop()
        let events = try await told.wait(for: 301)
        #expect(try await held.wait(for: 300).allSatisfy { !$0.isConnected })
        #expect(events.count == 301)
        #expect(events.last == "disconnect")
        #expect(!client.isConnected)
        client.call(service: "t", method: "Wait", payload: []) { result in
            if case .failure(.disconnected) = result { told.add("late") }
        }
        #expect(try await told.wait(for: 302).last == "late")
    }

    @Test("a call whose time is over fails, its late answer is dropped, and the connection goes on")
    func timeout() async throws {
        let directory = try TemporaryDirectory()
        let thread = try LoopThread(name: "test")
        defer { thread.stop() }
        let held = Collector<TTRPCReply>()
        let service = try TTRPCService(
            path: directory.path + "/s",
            mailbox: thread.mailbox,
            handlers: ["t/Wait": { _, reply in held.add(reply) }, "t/Echo": Self.echo]
        )
        let client = try TTRPCClient.connect(path: directory.path + "/s", mailbox: thread.mailbox)
        let answers = Answers()
        client.call(service: "t", method: "Wait", payload: [], timeout: .milliseconds(20)) { answers.add($0) }
        #expect(try await answers.wait(for: 1) == [.failure(.timedOut(service: "t", method: "Wait"))])
        for reply in try await held.wait(for: 1) { reply.send(TTRPCResponse(payload: [1])) }
        client.call(service: "t", method: "Echo", payload: [2]) { answers.add($0) }
        #expect(try await answers.wait(for: 2).last == .success([2]))
        client.close()
        service.stop()
    }

    @Test("nobody listening is said at once, and a stale socket file is replaced")
    func nobody() async throws {
        let directory = try TemporaryDirectory()
        let thread = try LoopThread(name: "test")
        defer { thread.stop() }
        let path = directory.path + "/s"
        let missing = #expect(throws: SysError.self) {
            _ = try TTRPCClient.connect(path: path, mailbox: thread.mailbox)
        }
        #expect(missing?.errno == .noEntry)
        do { _ = try UnixSocket.listen(path, mode: 0o600) }
        let stale = #expect(throws: SysError.self) {
            _ = try TTRPCClient.connect(path: path, mailbox: thread.mailbox)
        }
        #expect(stale?.errno == Errno(ECONNREFUSED))
        let service = try TTRPCService(path: path, mailbox: thread.mailbox, handlers: ["t/Echo": Self.echo])
        let client = try TTRPCClient.connect(path: path, mailbox: thread.mailbox)
        let answers = Answers()
        client.call(service: "t", method: "Echo", payload: [2]) { answers.add($0) }
        #expect(try await answers.wait(for: 1) == [.success([2])])
        client.close()
        service.stop()
    }

    @Test("a socket path longer than sun_path works, and the file has the mode that was asked for")
    func longPath() throws {
        let directory = try TemporaryDirectory()
        let deep = directory.path + "/" + String(repeating: "d", count: 120)
        try Files.makeDirectories(deep)
        let path = deep + "/shim.sock"
        let listener = try UnixSocket.listen(path, mode: 0o600)
        var status = stat()
        #expect(unsafe stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        let client = try UnixSocket.connect(path)
        guard let server = try UnixSocket.accept(listener.raw) else {
            Issue.record("no connection")
            return
        }
        let peer = try UnixSocket.peer(server.raw)
        #expect([peer.pid, Int32(peer.uid), Int32(peer.gid)] == [getpid(), Int32(geteuid()), Int32(getegid())])
        _ = client
    }
}

@Suite struct EventLoopTests {
    @Test("timers run in the order of their times, and a cancelled one does not")
    func timers() throws {
        let loop = try EventLoop()
        var order: [String] = []
        // So far apart that no pause between two of these lines turns them round.
        loop.after(nanoseconds: 900_000_000) {
            order.append("c")
            loop.stop()
        }
        loop.after(nanoseconds: 100_000_000) { order.append("a") }
        let cancelled = loop.after(nanoseconds: 300_000_000) { order.append("never") }
        loop.after(nanoseconds: 500_000_000) { order.append("b") }
        loop.cancel(cancelled)
        try loop.run()
        #expect(order == ["a", "b", "c"])
    }

    @Test("a handler that removes another descriptor keeps that one's handler from running")
    func removal() throws {
        let loop = try EventLoop()
        let (a, b) = try UnixSocket.pair()
        let (c, d) = try UnixSocket.pair()
        defer { for number in [a, b, c, d] { _ = close(number) } }
        var runs = 0
        for (mine, other) in [(a, c), (c, a)] {
            try loop.add(mine, .readable) { _ in
                runs += 1
                loop.remove(other)
                loop.remove(mine)
            }
        }
        try Files.writeAll(b, [1], subject: "pair")
        try Files.writeAll(d, [1], subject: "pair")
        try loop.turn(timeout: 1_000_000_000)
        try loop.turn(timeout: 0)
        #expect(runs == 1)
    }
}
