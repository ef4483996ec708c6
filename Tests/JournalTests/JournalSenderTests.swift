import Glibc
import Journal
import Linux
import TestSupport
import Testing

extension JournalSender.Pacing {
    static let quick = JournalSender.Pacing(
        firstRetry: .milliseconds(5),
        longestRetry: .milliseconds(50),
        stalledAfter: .milliseconds(50),
        saveAfter: .milliseconds(10),
        stopGrace: .milliseconds(200),
        batch: 64
    )
}

extension JournalSender.Status {
    var isAbsent: Bool {
        guard case .absent = connection else { return false }
        return true
    }
}

/// Against a real journald in a mount namespace of its own.
@Suite(.serialized, .enabled(if: Journald.isAvailable, Comment(rawValue: Journald.absence)))
struct JournalSenderTests {
    typealias Field = JournalRecord.Field

    private let source = FakeSource()
    private let directory: String

    init() throws {
        directory = "/tmp/swiftlet-test-journal.\(getpid())"
        try Files.removeTree(directory)
        try Files.makeDirectories(directory)
    }

    /// Runs a test with a sender that finds its journald by a link, which the test may point elsewhere.
    private func withSender(startAfter: Int64 = 0, _ body: (JournalSender, _ link: String) throws -> Void) throws {
        let link = directory + "/socket"
        let sender = try JournalSender(source: source, startAfter: startAfter, socketPath: link, pacing: .quick)
        sender.start()
        defer {
            sender.stop()
            // Whatever is left is in /tmp; the verdict of the test is not to be hidden by it.
            try? Files.removeTree(directory)
        }
        try body(sender, link)
    }

    private func point(_ link: String, to journald: Journald) throws {
        let temporary = link + ".new"
        try sys("symlink", temporary) { unsafe symlink(journald.socketPath, temporary) }
        try sys("rename", link) { unsafe rename(temporary, link) }
    }

    private func sequences(_ entries: [Journald.Entry]) -> [Int] {
        entries.compactMap { $0.text(Field.Name.sequence).flatMap(Int.init) }
    }

    @Test("records arrive in order with their fields, and the position is saved")
    func sent() throws {
        let journald = try Journald(state: directory + "/1")
        try withSender { sender, link in
            try point(link, to: journald)
            let id = try #require(MessageID(eventType: "ContainerExited"))
            source.append(
                try JournalRecord(
                    message: "container web ended with exit code 3",
                    priority: .warning,
                    facility: .authorization,
                    messageID: id,
                    fields: [
                        Field(Field.Name.sequence, "1"), Field(Field.Name.exitCode, "3"), Field("X", ""),
                        Field("X", "2"),
                    ]
                )
            )
            try source.append(count: 500)
            sender.wake()
            #expect(eventually { sender.status.lastPosition == 501 })
            #expect(eventually { source.saved.last == 501 })
            #expect(sender.status.connection == .connected)
            #expect(sender.status.sent == 501)
            let entries = try journald.entries(atLeast: 501)
            #expect(sequences(entries) == Array(1...501))
            let first = try #require(entries.first)
            #expect(first.text("MESSAGE") == "container web ended with exit code 3")
            #expect(first.text("PRIORITY") == "4")
            #expect(first.text("SYSLOG_FACILITY") == "10")
            #expect(first.text("MESSAGE_ID") == id.hex)
            #expect(first.text(Field.Name.exitCode) == "3")
            #expect(first["X"]?.count == 2)
            #expect(first.text("_PID") == "\(getpid())")
        }
    }

    @Test("line feeds and bytes that are no text arrive as they are, and make no fields")
    func noForging() throws {
        let journald = try Journald(state: directory + "/1")
        try withSender { sender, link in
            try point(link, to: journald)
            let hostile = "x\nSWIFTLET_ACTOR=root\n\nMESSAGE=forged\nPRIORITY\n\u{8}\0\0\0\0\0\0\0"
            let binary: [UInt8] = Array(0...255) + [0x0A, 0x0A]
            source.append(
                try JournalRecord(
                    message: hostile,
                    identifier: "swiftlet",
                    fields: [Field(Field.Name.actor, "alice"), Field("LABEL", hostile), Field("BINARY", binary)]
                )
            )
            sender.wake()
            #expect(eventually { sender.status.lastPosition == 1 })
            let entries = try journald.entries(atLeast: 1)
            #expect(entries.count == 1)
            let entry = try #require(entries.first)
            #expect(entry["MESSAGE"] == [Array(hostile.utf8)])
            #expect(entry["LABEL"] == [Array(hostile.utf8)])
            #expect(entry["BINARY"] == [binary])
            #expect(entry[Field.Name.actor] == [Array("alice".utf8)])
            #expect(entry["PRIORITY"] == [Array("6".utf8)])
        }
    }

    @Test("a record too large for a datagram arrives whole")
    func large() throws {
        let journald = try Journald(state: directory + "/1")
        try withSender { sender, link in
            try point(link, to: journald)
            let value = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            source.append(try JournalRecord(message: "large", fields: [Field("LARGE", value)]))
            try source.append(count: 1)
            sender.wake()
            #expect(eventually { sender.status.lastPosition == 2 })
            let entries = try journald.entries(atLeast: 2)
            #expect(entries.count == 2)
            #expect(entries.first?["LARGE"] == [value])
        }
    }

    @Test("records wait for a journald that is not there, and are sent when it comes")
    func absentThenThere() throws {
        try withSender { sender, link in
            try source.append(count: 20)
            sender.wake()
            #expect(
                eventually {
                    if case .absent(let reason) = sender.status.connection {
                        reason.contains("No such file")
                    } else {
                        false
                    }
                }
            )
            #expect(sender.status.sent == 0)
            let journald = try Journald(state: directory + "/1")
            try point(link, to: journald)
            #expect(eventually { sender.status.lastPosition == 20 })
            #expect(sequences(try journald.entries(atLeast: 20)) == Array(1...20))
        }
    }

    @Test("a stopped journald blocks nobody and loses nothing")
    func stopped() throws {
        let journald = try Journald(state: directory + "/1")
        try withSender { sender, link in
            try point(link, to: journald)
            try source.append(count: 5)
            sender.wake()
            #expect(eventually { sender.status.lastPosition == 5 })
            journald.signal(SIGSTOP)
            try source.append(count: 3000)
            for _ in 0..<3000 { sender.wake() }
            #expect(eventually { sender.status.connection == .stalled })
            #expect(sender.status.lastPosition == 5)
            #expect(!source.saved.contains { $0 > 5 })
            journald.signal(SIGCONT)
            #expect(eventually { sender.status.lastPosition == 3005 })
            #expect(sender.status.connection == .connected)
            #expect(sequences(try journald.entries(atLeast: 3005)) == Array(1...3005))
        }
    }

    @Test("a sender can be stopped while journald is, and its successor sends what journald had not taken")
    func stoppedBoth() throws {
        let journald = try Journald(state: directory + "/1")
        try source.append(count: 2000)
        try withSender { sender, link in
            try point(link, to: journald)
            #expect(eventually { sender.status.lastPosition > 0 })
            journald.signal(SIGSTOP)
            #expect(eventually { sender.status.connection == .stalled || sender.status.lastPosition == 2000 })
            sender.stop()
            journald.signal(SIGCONT)
            let next = try JournalSender(
                source: source,
                startAfter: source.saved.last ?? 0,
                socketPath: link,
                pacing: .quick
            )
            next.start()
            defer { next.stop() }
            #expect(eventually { next.status.lastPosition == 2000 })
            #expect(Set(sequences(try journald.entries(upTo: 2000))) == Set(1...2000))
        }
    }

    @Test("what a killed journald leaves in its socket is sent again to the next one", arguments: [5, 2000])
    func killed(unread: Int) throws {
        let first = try Journald(state: directory + "/1")
        try withSender { sender, link in
            try point(link, to: first)
            try source.append(count: 100)
            sender.wake()
            #expect(eventually { sender.status.lastPosition == 100 })
            // What is taken out of the socket is written a moment later.
            _ = try first.entries(upTo: 100)
            // Few fit into the socket, where the kernel throws them away; many do not.
            first.signal(SIGSTOP)
            try source.append(count: unread)
            sender.wake()
            #expect(eventually { sender.status.connection == .stalled })
            #expect(sender.status.sent > 100)
            #expect(sender.status.lastPosition == 100)
            kill(first.pid, SIGKILL)
            first.end(SIGKILL)
            #expect(eventually { sender.status.isAbsent })
            let second = try Journald(state: directory + "/2")
            try point(link, to: second)
            #expect(eventually { sender.status.lastPosition == Int64(100 + unread) })
            #expect(Set(sequences(try first.entries())) == Set(1...100))
            #expect(sequences(try second.entries(upTo: 100 + unread)) == Array(101...100 + unread))
        }
    }

    @Test("journald can be restarted in the middle of a stream of records")
    func restarted() throws {
        let first = try Journald(state: directory + "/1")
        try withSender { sender, link in
            try point(link, to: first)
            try source.append(count: 3000)
            sender.wake()
            #expect(eventually { sender.status.lastPosition >= 128 })
            first.end(SIGTERM)
            try source.append(count: 100)
            sender.wake()
            let second = try Journald(state: directory + "/2")
            try point(link, to: second)
            #expect(eventually { sender.status.lastPosition == 3100 })
            let after = sequences(try second.entries(upTo: 3100))
            #expect(Set(sequences(try first.entries()) + after) == Set(1...3100))
            #expect(after.suffix(100) == Array(3001...3100)[...])
        }
    }

    @Test("a source that fails for a while is asked again, and the status says so")
    func failingSource() throws {
        let journald = try Journald(state: directory + "/1")
        source.setFailing(reading: true)
        try withSender { sender, link in
            try point(link, to: journald)
            try source.append(count: 10)
            #expect(eventually { sender.status.problem?.contains("reading records after 0") == true })
            source.setFailing(saving: true)
            #expect(eventually { sender.status.lastPosition == 10 })
            #expect(eventually { sender.status.problem?.contains("saving position 10") == true })
            source.setFailing()
            #expect(eventually { source.saved.last == 10 })
            #expect(sequences(try journald.entries(atLeast: 10)) == Array(1...10))
        }
    }

    @Test("the questions that people ask the journal are answered")
    func queries() throws {
        let journald = try Journald(state: directory + "/1")
        try withSender { sender, link in
            try point(link, to: journald)
            for (pod, actor, request, priority) in [
                ("web", "unix:alice", "r1", JournalRecord.Priority.notice), ("web", "reconciler", "r1", .warning),
                ("api", "unix:bob", "r2", .informational),
            ] {
                source.append(
                    try JournalRecord(
                        message: "\(actor) \(pod)",
                        priority: priority,
                        fields: [
                            Field(Field.Name.pod, pod), Field(Field.Name.actor, actor),
                            Field(Field.Name.requestID, request),
                            Field(Field.Name.containerName, pod + "-c"),
                        ]
                    )
                )
            }
            sender.wake()
            #expect(eventually { sender.status.lastPosition == 3 })
            _ = try journald.entries(atLeast: 3)
            #expect(try journald.query("SWIFTLET_POD=web") == ["unix:alice web", "reconciler web"])
            #expect(try journald.query("--identifier=swiftlet", "--priority=warning") == ["reconciler web"])
            #expect(try journald.query("SWIFTLET_REQUEST_ID=r1", "SWIFTLET_ACTOR=reconciler") == ["reconciler web"])
            #expect(try journald.query("CONTAINER_NAME=api-c") == ["unix:bob api"])
            #expect(Set(try journald.query("--field=SWIFTLET_ACTOR")) == ["unix:alice", "unix:bob", "reconciler"])
        }
    }

    @Test("an idle sender without journald looks for it when there is something to send")
    func idle() throws {
        try withSender { sender, link in
            #expect(
                eventually {
                    if case .absent(let reason) = sender.status.connection { reason.contains("connect") } else { false }
                }
            )
            let journald = try Journald(state: directory + "/1")
            try point(link, to: journald)
            #expect(sender.status.isAbsent)
            try source.append(count: 3)
            sender.wake()
            #expect(eventually { sender.status.lastPosition == 3 })
            #expect(sender.status.connection == .connected)
        }
    }

    @Test("a sender starts after the position that it is given")
    func startAfter() throws {
        let journald = try Journald(state: directory + "/1")
        try source.append(count: 10)
        try withSender(startAfter: 7) { sender, link in
            try point(link, to: journald)
            #expect(eventually { sender.status.lastPosition == 10 })
            #expect(sequences(try journald.entries(upTo: 10)) == [8, 9, 10])
        }
    }
}

/// Without journald: nothing here may need one.
struct JournalSenderWithoutJournaldTests {
    @Test("stop returns though journald was never there, and saves nothing that was not sent")
    func neverThere() throws {
        let source = FakeSource()
        try source.append(count: 100)
        let sender = try JournalSender(
            source: source,
            startAfter: 0,
            socketPath: "/nonexistent/socket",
            pacing: JournalSender.Pacing(firstRetry: .seconds(3600), longestRetry: .seconds(3600))
        )
        sender.stop()
        sender.start()
        sender.start()
        #expect(
            eventually {
                if case .absent(let reason) = sender.status.connection { reason.contains("connect") } else { false }
            }
        )
        for _ in 0..<1000 { sender.wake() }
        sender.stop()
        sender.stop()
        #expect(source.saved.isEmpty)
        #expect(sender.status.sent == 0)
        #expect(sender.status.lastPosition == 0)
    }
}
