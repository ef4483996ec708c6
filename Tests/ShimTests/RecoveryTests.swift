import Glibc
import JSON
import Linux
import TTRPC
import TestSupport
import Testing

@Suite(.enabled(if: ShimTestNeeds.areMet), .serialized) struct RecoveryTests {
    @Test("an exit while nobody is there is on disk, in State and Wait, and its event comes when the agent is back")
    func agentAway() async throws {
        try await ShimHarness.with { shim in
            let address = try shim.start("a")
            let first = try shim.connect(address)
            try await first.create(try shim.container("a", ["sh", "-c", "sleep 0.3; exit 6"]))
            try await first.start("a")
            _ = try await shim.events(atLeast: 2)
            // As if the agent were killed: its connection and its socket are gone.
            first.client.close()
            shim.stopEvents()
            try await eventually("exit.json") { Files.exists(shim.bundle("a") + "/exit.json") }

            try shim.serveEvents()
            let again = try shim.connect(try Files.readText(shim.bundle("a") + "/address"))
            let connected: Shim.ConnectResponse = try await again.call("Connect", Shim.ConnectRequest(id: "a"))
            #expect(Int32(connected.shimPID) == (try shim.shimPID("a")))
            #expect(try await again.state("a").exitStatus == 6)
            #expect(try await again.wait("a").exitStatus == 6)
            let events = try await shim.events(atLeast: 3)
            #expect(events.map(\.topic) == ["/tasks/create", "/tasks/start", "/tasks/exit"])
            try await again.delete("a")
        }
    }

    @Test("delete after kill -9 of the shim ends the container, removes everything, and can be repeated")
    func shimKilled() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            let created = try await client.create(try shim.container("a", ["sleep", "1000"]))
            try await client.start("a")
            _ = kill(try shim.shimPID("a"), SIGKILL)
            try await eventually("the connection ends") { !client.client.isConnected }
            #expect(kill(Int32(created.pid), 0) == 0)
            for round in 0..<2 {
                let outcome = try shim.run("delete", id: "a", bundle: shim.bundle("a"))
                #expect(outcome.code == 0, "\(String(decoding: outcome.errors, as: UTF8.self))")
                let response = try Shim.DeleteResponse(protobuf: outcome.output)
                #expect(response.exitStatus == 137)
                if round == 0 { #expect(response.pid == created.pid) }
            }
            try await eventually("the container ends") {
                hasEnded(Int32(created.pid))
            }
            #expect(!(try Files.readText("/proc/self/mountinfo").contains(shim.bundle("a"))))
            #expect(!Files.exists("/sys/fs/cgroup/pids\(shim.cgroupParent)/a"))
            #expect(try Files.list(shim.root + "/s").isEmpty)
        }
    }

    @Test("delete answers with the exit that the dead shim left on disk")
    func exitOfDeadShim() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            let end = try await client.run(try shim.container("a", ["sh", "-c", "exit 9"]))
            _ = kill(try shim.shimPID("a"), SIGKILL)
            let outcome = try shim.run("delete", id: "a", bundle: shim.bundle("a"))
            let response = try Shim.DeleteResponse(protobuf: outcome.output)
            #expect(response.exitStatus == 9)
            #expect(response.exitedAt == end.exitedAt)
        }
    }

    @Test(
        "start for a container of the same group prints the address of the shim that runs, and a stale socket is replaced"
    )
    func grouping() async throws {
        try await ShimHarness.with { shim in
            for id in ["pod", "two", "three"] {
                try Files.makeDirectories(shim.bundle(id))
                let config: JSONValue = ["annotations": ["io.kubernetes.cri.sandbox-id": "pod"]]
                try Files.replace(shim.bundle(id) + "/config.json", with: config.bytes())
            }
            let address = try shim.start("pod")
            #expect(try shim.start("two") == address)
            #expect(!Files.exists(shim.bundle("two") + "/shim.pid"))
            let pid = try shim.shimPID("pod")
            _ = kill(pid, SIGKILL)
            try await eventually("it is dead") {
                hasEnded(pid)
            }
            #expect(try shim.start("three") == address)
            #expect(try shim.shimPID("three") != pid)
            _ = try shim.connect(address)
        }
    }

    @Test("twenty starts of one group at once make one shim")
    func startsAtOnce() async throws {
        try await ShimHarness.with { shim in
            let ids = (0..<20).map { "c\($0)" }
            for id in ids {
                try Files.makeDirectories(shim.bundle(id))
                let config: JSONValue = ["annotations": ["io.kubernetes.cri.sandbox-id": "pod"]]
                try Files.replace(shim.bundle(id) + "/config.json", with: config.bytes())
            }
            let addresses = try await withThrowingTaskGroup(of: String.self) { group in
                for id in ids { group.addTask { try shim.start(id) } }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(addresses.count == 1)
            #expect(ids.filter { Files.exists(shim.bundle($0) + "/shim.pid") }.count == 1)
            let client = try shim.connect(try #require(addresses.first))
            try await client.shutdown("pod")
        }
    }

    @Test("start answers in protobuf if containerd's bootstrap parameters are on standard input")
    func bootstrap() async throws {
        try await ShimHarness.with { shim in
            // Spawn gives no standard input: a shell brings it.
            let parameters = Shim.BootstrapParams(
                instanceID: "a",
                namespace: "test",
                containerdVersion: "2.3.4",
                containerdTTRPCAddress: shim.root + "/events.sock",
                socketDir: shim.root + "/t"
            )
            try Files.replace(shim.root + "/params", with: parameters.protobuf)
            try Files.makeDirectories(shim.bundle("a"))
            let command =
                "exec \(ShimTestNeeds.binary) -namespace test -id a -address \(shim.root)/grpc.sock start < \(shim.root)/params"
            let outcome = try Spawn.run(
                ["/bin/sh", "-c", command],
                environment: ["PATH=/bin"],
                workingDirectory: shim.bundle("a")
            )
            let result = try Shim.BootstrapResult(protobuf: outcome.output)
            #expect(result.protocolName == "ttrpc")
            #expect(result.version == 3)
            #expect(result.address.hasPrefix("unix://\(shim.root)/t/"))
            let client = try shim.connect(result.address)
            let answer: Shim.ConnectResponse = try await client.call(
                "Connect",
                Shim.ConnectRequest(id: "a"),
                service: Shim.taskServiceV3
            )
            #expect(answer.shimPID > 0)
            try await client.shutdown("a")
        }
    }

    @Test("delete after kill -9 of a pod's shim also ends process 1 of its shared pid namespace")
    func podShimKilled() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("pod"))
            let options = Shim.AnyMessage(
                typeURL: "io.swiftlet.sandbox.v1.Options",
                value: Array(#"{"shareProcessNamespace":true}"#.utf8)
            )
            let create = Shim.CreateSandboxRequest(sandboxID: "pod", bundlePath: shim.bundle("pod"), options: options)
            let _: Shim.CreateSandboxResponse = try await client.call(
                "CreateSandbox",
                create,
                service: Shim.sandboxService
            )
            let started: Shim.StartSandboxResponse = try await client.call(
                "StartSandbox",
                Shim.StartSandboxRequest(sandboxID: "pod"),
                service: Shim.sandboxService
            )
            let initPID = Int32(started.pid)
            #expect(!hasEnded(initPID))
            let pid = try shim.shimPID("pod")
            #expect(initPID != pid)
            _ = kill(pid, SIGKILL)
            try await eventually("the shim ends") { hasEnded(pid) }
            #expect(try shim.run("delete", id: "pod", bundle: shim.bundle("pod")).code == 0)
            try await eventually("process 1 ends") { hasEnded(initPID) }
        }
    }

    @Test(
        "delete ends the shim of a pod that still serves, and one that does not answer any more",
        arguments: [false, true]
    )
    func podShimAlive(_ isStopped: Bool) async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("pod"))
            let create = Shim.CreateSandboxRequest(sandboxID: "pod", bundlePath: shim.bundle("pod"))
            let _: Shim.CreateSandboxResponse = try await client.call(
                "CreateSandbox",
                create,
                service: Shim.sandboxService
            )
            let pid = try shim.shimPID("pod")
            if isStopped { _ = kill(pid, SIGSTOP) }
            #expect(try shim.run("delete", id: "pod", bundle: shim.bundle("pod")).code == 0)
            try await eventually("the shim ends") { hasEnded(pid) }
        }
    }

    @Test("garbage on the socket ends that connection only")
    func garbage() async throws {
        try await ShimHarness.with { shim in
            let address = try shim.start("a")
            let client = try shim.connect(address)
            for bytes in [
                "GET / HTTP/1.1\r\n\r\n", "\u{0}\u{0}\u{0}\u{4}\u{0}\u{0}\u{0}\u{1}\u{1}\u{0}\u{7F}\u{7F}\u{7F}\u{7F}",
            ] {
                let socket = try UnixSocket.connect(String(address.dropFirst("unix://".count)))
                try Files.writeAll(socket.raw, Array(bytes.utf8), subject: "socket")
            }
            let answer: Shim.ConnectResponse = try await client.call("Connect", Shim.ConnectRequest(id: "a"))
            #expect(Int32(answer.shimPID) == (try shim.shimPID("a")))
            #expect(
                await refusal { let _: Shim.Empty = try await client.call("Nonsense", Shim.Empty()) } == .unimplemented
            )
            try await client.shutdown("a")
        }
    }

    @Test("bad command lines are refused with one sentence")
    func commandLine() throws {
        for arguments in [
            ["-id", "../x", "-namespace", "n", "start"], ["-id"], ["-namespace", "n", "start"], ["frobnicate"],
        ] {
            let outcome = try Spawn.run([ShimTestNeeds.binary] + arguments, environment: [])
            #expect(outcome.code == 1)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.split(separator: UInt8(ascii: "\n")).count == 1)
        }
        let info = try Spawn.run([ShimTestNeeds.binary, "-info"], environment: [])
        #expect(try Shim.RuntimeInfo(protobuf: info.output).name == "io.containerd.swiftlet.v1")
    }
}
