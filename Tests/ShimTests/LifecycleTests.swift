import Glibc
import JSON
import Linux
import TTRPC
import TestSupport
import Testing

@Suite(.enabled(if: ShimTestNeeds.areMet), .serialized) struct LifecycleTests {
    @Test("a container runs from create to delete, with its log, its exit on disk and its events in order")
    func lifecycle() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            let request = try shim.container(
                "a",
                ["sh", "-c", "echo out; echo err >&2; exit 3"],
                stdout: "cri://" + shim.log("a"),
                stderr: "cri://" + shim.log("a")
            )
            let created = try await client.create(request)
            #expect(try await client.state("a").status == .created)
            #expect(try Files.readText(shim.bundle("a") + "/init.pid") == String(created.pid))
            #expect(try await client.start("a") == created.pid)
            let end = try await client.wait("a")
            #expect(end.exitStatus == 3)
            #expect(end.exitedAt?.isNever == false)

            let state = try await client.state("a")
            #expect(state.status == .stopped)
            #expect(state.exitStatus == 3)
            #expect(state.exitedAt == end.exitedAt)
            let record = try JSONValue(parsing: try Files.read(shim.bundle("a") + "/exit.json"))
            #expect(record["exitStatus"]?.int64Value == 3)
            #expect(record["pid"]?.int64Value == Int64(created.pid))
            let lines = try shim.lines("a")
            #expect(lines.map { "\($0.stream) \($0.tag) \($0.text)" }.sorted() == ["stderr F err", "stdout F out"])

            let deleted = try await client.delete("a")
            #expect(deleted.exitStatus == 3)
            #expect(deleted.pid == created.pid)
            #expect(!Files.exists(shim.bundle("a") + "/exit.json"))
            #expect(await refusal { _ = try await client.state("a") } == .notFound)
            #expect(try Files.list(shim.bundle("a") + "/rootfs").isEmpty)

            let events = try await shim.events(atLeast: 4)
            #expect(events.map(\.topic) == ["/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete"])
            #expect(events.allSatisfy { $0.namespace == "test" })
            let exit = try Shim.TaskExit(protobuf: events[2].value)
            #expect(
                exit
                    == Shim.TaskExit(containerID: "a", id: "a", pid: created.pid, exitStatus: 3, exitedAt: end.exitedAt)
            )

            let pid = try shim.shimPID("a")
            try await client.shutdown("a")
            try await eventually("the shim ends") {
                hasEnded(pid)
            }
            #expect(try Files.list(shim.root + "/s").isEmpty)
        }
    }

    @Test(
        "the exit status is the program's code, or 128 and the signal",
        arguments: [("exit 0", 0), ("exit 255", 255), ("kill -9 $$", 137), ("kill -15 $$", 143)] as [(String, UInt32)]
    )
    func exitStatus(_ script: String, _ expected: UInt32) async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            // The signal hits a child of the first process, which a pid namespace protects; it passes the status on.
            let command = script.hasPrefix("kill") ? "sh -c '\(script)'; exit $?" : script
            #expect(try await client.run(try shim.container("a", ["sh", "-c", command])).exitStatus == expected)
        }
    }

    @Test("Kill ends a container by signal, and refuses one that has ended")
    func killing() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            try await client.create(try shim.container("a", ["sleep", "1000"]))
            try await client.start("a")
            try await client.kill("a", SIGKILL)
            #expect(try await client.wait("a").exitStatus == 137)
            #expect(await refusal { try await client.kill("a", SIGKILL) } == .notFound)
        }
    }

    @Test("mistakes are refused with the code that clients expect, and change nothing")
    func mistakes() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            #expect(await refusal { try await client.start("none") } == .notFound)
            #expect(await refusal { _ = try await client.wait("none") } == .notFound)
            var bad = try shim.container("a", ["true"])
            bad.id = "../a"
            #expect(await refusal { try await client.create(bad) } == .invalidArgument)
            bad.id = "a"
            bad.bundle = shim.root + "/nothing"
            #expect(await refusal { try await client.create(bad) } == .notFound)
            bad.bundle = shim.bundle("a")
            bad.stdout = "http://example.com/"
            #expect(await refusal { try await client.create(bad) } == .invalidArgument)
            bad.stdout = "cri://" + shim.log("a") + "?max-size=many"
            #expect(await refusal { try await client.create(bad) } == .invalidArgument)
            bad.stdout = ""
            bad.rootfs = [Shim.Mount(type: "nonsense", source: "x")]
            #expect(await refusal { try await client.create(bad) } == .internalError)

            let good = try shim.container("a", ["sleep", "1000"])
            try await client.create(good)
            #expect(await refusal { try await client.create(good) } == .alreadyExists)
            try await client.start("a")
            #expect(await refusal { try await client.start("a") } == .failedPrecondition)
            #expect(await refusal { try await client.delete("a") } == .failedPrecondition)
            let checkpoint = Shim.CheckpointTaskRequest(id: "a")
            #expect(
                await refusal { let _: Shim.Empty = try await client.call("Checkpoint", checkpoint) } == .unimplemented
            )
            #expect(try await client.state("a").status == .running)
            #expect(try Files.readText("/proc/self/mountinfo").contains("nothing") == false)
        }
    }

    @Test("a program that does not exist fails the create, and leaves no mount, process or cgroup")
    func missingProgram() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            let request = try shim.container("a", ["no-such-program"])
            let code = await refusal {
                try await client.create(request)
                try await client.start("a")
            }
            #expect(code != nil)
            if let state = try? await client.state("a"), state.status != .unknown {  // refused by Create already
                try await client.delete("a")
            }
            #expect(!(try Files.readText("/proc/self/mountinfo").contains(shim.bundle("a"))))
            #expect(!Files.exists("/sys/fs/cgroup/pids\(shim.cgroupParent)/a"))
        }
    }

    @Test("a container that was created and never started is deleted without a kill")
    func deleteCreated() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            let created = try await client.create(try shim.container("a", ["sleep", "1000"]))
            #expect(try await client.delete("a").exitStatus == 137)
            #expect(kill(Int32(created.pid), 0) != 0)
        }
    }

    @Test("what the machine does not allow is told in warnings.json, and Wait for an exec that never ran is answered")
    func warningsAndAbandonedExec() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            let request = try shim.container("a", ["sleep", "1000"])
            var config = try JSONValue(parsing: try Files.read(shim.bundle("a") + "/config.json"))
            // No process may have this many: the hard limit of the machine holds.
            guard case .object(var object) = config, case .object(var process)? = object["process"] else { return }
            process["rlimits"] = [["type": "RLIMIT_NOFILE", "soft": 1024, "hard": 9_000_000_000]]
            object["process"] = .object(process)
            config = .object(object)
            try Files.replace(shim.bundle("a") + "/config.json", with: config.bytes())
            try await client.create(request)
            let path = shim.bundle("a") + "/warnings.json"
            // With CAP_SYS_RESOURCE the kernel refuses only what is over fs.nr_open, so there may be nothing to say.
            if Files.exists(path) {
                #expect(try JSONValue(parsing: try Files.read(path)).arrayValue?.isEmpty == false)
            }
            try await client.start("a")
            let exec = Shim.ExecProcessRequest(
                id: "a",
                execID: "x",
                spec: Shim.AnyMessage(
                    typeURL: "",
                    value: Array(#"{"cwd":"/","args":["true"],"user":{"uid":0,"gid":0}}"#.utf8)
                )
            )
            let _: Shim.Empty = try await client.call("Exec", exec)
            async let end = client.wait("a", exec: "x")
            try await client.delete("a", exec: "x")
            // Either the answer, or the exec was gone before the question came.
            do {
                _ = try await end
            } catch TTRPCError.status(let status) {
                #expect(status.code == .notFound)
            }
        }
    }

    @Test("the shim has one thread, and its private memory is printed")
    func oneThread() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            try await client.create(try shim.container("a", ["sleep", "1000"], stdout: "cri://" + shim.log("a")))
            try await client.start("a")
            let pid = try shim.shimPID("a")
            let status = try Files.readText("/proc/\(pid)/status")
            #expect(status.contains("Threads:\t1\n"))
            #expect(status.hasPrefix("Name:\tcontainerd-shim\n"))
            // Pages of the binary count as private while only one shim runs, and as dirty while it is freshly linked:
            // what the shim has for itself is its anonymous memory.
            let kilobytes = try Files.readText("/proc/\(pid)/smaps_rollup").split(separator: "\n")
                .filter { $0.hasPrefix("Anonymous:") }
                .compactMap { $0.split(separator: " ").dropFirst().first.flatMap { Int($0) } }
                .reduce(0, +)
            print("anonymous memory of a shim with one container: \(kilobytes) KiB")
            #expect(kilobytes > 0 && kilobytes <= 1229)
        }
    }

    @Test("exec runs further processes, whose ends come before the container's")
    func exec() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            try await client.create(try shim.container("a", ["sleep", "1000"]))
            try await client.start("a")
            let process: JSONValue = [
                "user": ["uid": 0, "gid": 0], "cwd": "/", "args": ["sh", "-c", "echo from exec; exit 5"],
                "env": ["PATH=/bin"],
            ]
            let request = Shim.ExecProcessRequest(
                id: "a",
                execID: "x",
                stdout: "cri://" + shim.log("x"),
                spec: Shim.AnyMessage(
                    typeURL: "types.containerd.io/opencontainers/runtime-spec/1/Process",
                    value: process.bytes()
                )
            )
            let _: Shim.Empty = try await client.call("Exec", request)
            #expect(await refusal { let _: Shim.Empty = try await client.call("Exec", request) } == .alreadyExists)
            try await client.start("a", exec: "x")
            #expect(try await client.wait("a", exec: "x").exitStatus == 5)
            #expect(try shim.lines("x").map(\.text) == ["from exec"])
            #expect(try await client.delete("a", exec: "x").exitStatus == 5)
            #expect(try await client.state("a").status == .running)
            try await client.kill("a", SIGKILL)
            _ = try await client.wait("a")
            let topics = try await shim.events(atLeast: 6).map(\.topic)
            #expect(
                topics == [
                    "/tasks/create", "/tasks/start", "/tasks/exec-added", "/tasks/exec-started", "/tasks/exit",
                    "/tasks/exit",
                ]
            )
        }
    }

    @Test("a container that takes too much memory is killed, and its OOM event comes before its exit")
    func outOfMemory() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            let request = try shim.container("a", ["sh", "-c", "head -c 100000000 /dev/zero | tail"], memory: 16 << 20)
            try await client.create(request)
            try await client.start("a")
            _ = try await client.wait("a")
            var topics: [String] = []
            var count = 4
            // More than one process may be killed, each with an event.
            while topics.last != "/tasks/exit", topics.count == count - 1 || topics.isEmpty {
                topics = try await shim.events(atLeast: count).map(\.topic)
                count = topics.count + 1
            }
            #expect(topics.contains("/tasks/oom"))
            #expect(topics.last == "/tasks/exit", "\(topics)")
        }
    }
}
