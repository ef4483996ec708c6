import Glibc
import JSON
import Linux
import Synchronization
import TTRPC
import TestSupport
import Testing

/// Shim tests start containers: they need root, busybox and the built binary beside the test bundle.
enum ShimTestNeeds {
    static let binary: String = {
        // Unreadable only without /proc, and then nothing here can run.
        let own = (try? Files.linkTarget("/proc/self/exe")) ?? ""
        return own.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/containerd-shim-swiftlet-v1"
    }()

    static var missing: String? {
        if geteuid() != 0 { return "needs root" }
        if !Files.exists("/bin/busybox") { return "needs /bin/busybox (package busybox-static)" }
        if !Files.exists(binary) { return "needs \(binary): build the product containerd-shim-swiftlet-v1" }
        return nil
    }

    static var areMet: Bool {
        if let missing { print("skipped shim tests: \(missing)") }
        return missing == nil
    }
}

/// What arrives at the events socket.
struct ReceivedEvent: Sendable {
    let topic: String
    let namespace: String
    let value: [UInt8]
}

/// A shim of its own: state directory, socket directory, events socket, cgroup parent; all gone afterwards.
final class ShimHarness: Sendable {
    let root: String
    let namespace = "test"
    let thread: LoopThread
    let cgroupParent: String
    private let received = Mutex<[ReceivedEvent]>([])
    private let service = Mutex<TTRPCService?>(nil)
    private let bundles = Mutex<[String]>([])

    /// Runs a test against a harness and cleans up whether it throws or not.
    static func with(_ body: (ShimHarness) async throws -> Void) async throws {
        let directory = try TemporaryDirectory(prefix: "swiftlet-test-shim")
        let harness = try ShimHarness(directory.path)
        do {
            try await body(harness)
        } catch {
            harness.cleanUp()
            throw error
        }
        harness.cleanUp()
        _ = consume directory
    }

    private init(_ root: String) throws {
        self.root = root
        thread = try LoopThread(name: "shim-test")
        cgroupParent = "/swiftlet-test-" + String(root.split(separator: ".").last ?? "x")
        try makeRootfs()
        try serveEvents()
    }

    private func cleanUp() {
        // All best effort: a test that failed may have left any part of it.
        for bundle in bundles.withLock({ $0 }) {
            for file in ["shim.pid", "init.pid"] {
                if let text = try? Files.readText(bundle + "/" + file), let pid = Int32(text), pid > 1,
                    let line = try? Files.readText("/proc/\(pid)/cmdline"), file == "init.pid" || line.contains(root)
                {
                    _ = kill(pid, SIGKILL)
                }
            }
        }
        for bundle in bundles.withLock({ $0 }) {
            _ = try? run("delete", id: bundle.split(separator: "/").last.map(String.init) ?? "", bundle: bundle)
            while unsafe umount2(bundle + "/rootfs", Int32(MNT_DETACH)) == 0 {}
        }
        stopEvents()
        thread.stop()
        removeCgroups("/sys/fs/cgroup")
    }

    private func removeCgroups(_ mount: String) {
        for tree in (try? Files.list(mount)) ?? [] {
            let parent = "\(mount)/\(tree)\(cgroupParent)"
            for child in (try? Files.list(parent)) ?? [] { _ = unsafe rmdir(parent + "/" + child) }
            _ = unsafe rmdir(parent)
        }
        _ = unsafe rmdir(mount + cgroupParent)
    }

    // MARK: Events

    func serveEvents() throws {
        let service = try TTRPCService(
            path: root + "/events.sock",
            mailbox: thread.mailbox,
            handlers: [
                "\(Shim.eventsService)/Forward": { [self] request, reply in
                    if let forward = try? Shim.ForwardRequest(protobuf: request.payload),
                        let envelope = forward.envelope
                    {
                        let event = ReceivedEvent(
                            topic: envelope.topic,
                            namespace: envelope.namespace,
                            value: envelope.event?.value ?? []
                        )
                        received.withLock { $0.append(event) }
                    }
                    reply.send(Shim.Empty())
                }
            ]
        )
        self.service.withLock { $0 = service }
    }

    func stopEvents() {
        service.withLock { service in
            service?.stop()
            service = nil
        }
    }

    /// Waits until `count` events came and returns all of them.
    func events(atLeast count: Int) async throws -> [ReceivedEvent] {
        for _ in 0..<12_000 {
            let now = received.withLock { $0 }
            if now.count >= count { return now }
            try await Task.sleep(for: .milliseconds(5))
        }
        return received.withLock { $0 }
    }

    // MARK: The binary

    func bundle(_ id: String) -> String { "\(root)/\(namespace)/\(id)" }

    /// Runs one action of the binary as containerd does.
    func run(_ action: String, id: String, bundle: String) throws -> Spawn.Outcome {
        try Spawn.run(
            [
                ShimTestNeeds.binary, "-namespace", namespace, "-address", root + "/grpc.sock", "-publish-binary",
                "/bin/false", "-id", id, "-bundle", bundle, action,
            ],
            environment: [
                "PATH=/bin", "SWIFTLET_SHIM_SOCKET_DIR=\(root)/s", "TTRPC_ADDRESS=\(root)/events.sock",
            ],
            workingDirectory: bundle
        )
    }

    /// Starts a shim for a bundle (made here) and returns its address.
    func start(_ id: String) throws -> String {
        let bundle = bundle(id)
        try Files.makeDirectories(bundle, mode: 0o700)
        bundles.withLock { $0.append(bundle) }
        let outcome = try run("start", id: id, bundle: bundle)
        try #require(outcome.code == 0, "\(String(decoding: outcome.errors, as: UTF8.self))")
        #expect(outcome.errors.isEmpty)
        let address = String(decoding: outcome.output, as: UTF8.self)
        try #require(address.hasPrefix("unix://\(root)/s/"))
        return address
    }

    func connect(_ address: String) throws -> ShimClient {
        let path = String(address.dropFirst("unix://".count))
        return ShimClient(try TTRPCClient.connect(path: path, mailbox: thread.mailbox))
    }

    func shimPID(_ id: String) throws -> Int32 {
        try #require(Int32(try Files.readText(bundle(id) + "/shim.pid")))
    }

    // MARK: Bundles

    private func makeRootfs() throws {
        let bin = root + "/rootfs/bin"
        try Files.makeDirectories(bin)
        for name in ["proc", "dev", "sys", "tmp", "etc"] { try Files.makeDirectories(root + "/rootfs/" + name) }
        let outcome = try Spawn.run(["/bin/cp", "/bin/busybox", bin + "/busybox"], environment: [])
        try #require(outcome.code == 0)
        for applet in [
            "sh", "cat", "echo", "sleep", "seq", "true", "hostname", "readlink", "head", "tail", "kill", "tr", "printf",
            "yes",
        ] {
            _ = unsafe symlink("busybox", bin + "/" + applet)
        }
    }

    /// Writes config.json for a container that runs `command`, and returns the request to create it.
    func container(
        _ id: String,
        _ command: [String],
        stdout: String = "",
        stderr: String = "",
        stdin: String = "",
        terminal: Bool = false,
        namespaces: [String: String] = [:],
        memory: Int64? = nil
    ) throws -> Shim.CreateTaskRequest {
        let bundle = bundle(id)
        try Files.makeDirectories(bundle + "/rootfs", mode: 0o700)
        bundles.withLock { if !$0.contains(bundle) { $0.append(bundle) } }
        let kinds = ["pid", "mount", "ipc", "uts", "network"]
        let config: JSONValue = [
            "ociVersion": "1.2.0",
            "process": [
                "terminal": .bool(terminal), "user": ["uid": 0, "gid": 0], "cwd": "/",
                "args": .array(command.map { .string($0) }), "env": ["PATH=/bin"],
            ],
            "root": ["path": "rootfs"],
            "mounts": [
                ["destination": "/proc", "type": "proc", "source": "proc"],
                [
                    "destination": "/dev", "type": "tmpfs", "source": "tmpfs",
                    "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
                ],
                [
                    "destination": "/dev/pts", "type": "devpts", "source": "devpts",
                    "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
                ],
            ],
            "linux": [
                "cgroupsPath": .string("\(cgroupParent)/\(id)"),
                "namespaces": .array(
                    kinds.map { kind in
                        var object: JSONObject = ["type": .string(kind)]
                        if let path = namespaces[kind] { object["path"] = .string(path) }
                        return .object(object)
                    }
                ),
                "resources": memory.map {
                    ["memory": ["limit": .number(JSONNumber($0)), "swap": .number(JSONNumber($0))]]
                }
                    ?? [:],
            ],
        ]
        try Files.replace(bundle + "/config.json", with: config.bytes())
        return Shim.CreateTaskRequest(
            id: id,
            bundle: bundle,
            rootfs: [Shim.Mount(type: "bind", source: root + "/rootfs", options: ["rbind", "rw"])],
            terminal: terminal,
            stdin: stdin,
            stdout: stdout,
            stderr: stderr
        )
    }

    func log(_ id: String) -> String { root + "/" + id + ".log" }

    /// The lines of a CRI log without their times: ("stdout", "F", "text").
    func lines(_ id: String) throws -> [(stream: String, tag: String, text: String)] {
        return try Files.read(log(id)).split(separator: UInt8(ascii: "\n")).map { bytes in
            let line = String(decoding: bytes, as: UTF8.self)
            let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
            try #require(parts.count == 4, "line \(line)")
            return (String(parts[1]), String(parts[2]), String(parts[3]))
        }
    }
}

/// The task and sandbox services, as a client calls them.
struct ShimClient: Sendable {
    let client: TTRPCClient

    init(_ client: TTRPCClient) { self.client = client }

    func call<Answer: ProtobufMessage>(
        _ method: String,
        _ request: some ProtobufMessage,
        service: String = Shim.taskServiceV2
    ) async throws -> Answer {
        let payload = try await withCheckedThrowingContinuation { continuation in
            client.call(service: service, method: method, payload: request.protobuf, timeout: .seconds(60)) { result in
                continuation.resume(with: result)
            }
        }
        return try Answer(protobuf: payload)
    }

    @discardableResult
    func create(_ request: Shim.CreateTaskRequest) async throws -> Shim.CreateTaskResponse {
        try await call("Create", request)
    }

    @discardableResult
    func start(_ id: String, exec: String = "") async throws -> UInt32 {
        let response: Shim.StartResponse = try await call("Start", Shim.StartRequest(id: id, execID: exec))
        return response.pid
    }

    func wait(_ id: String, exec: String = "") async throws -> Shim.WaitResponse {
        try await call("Wait", Shim.WaitRequest(id: id, execID: exec))
    }

    func state(_ id: String) async throws -> Shim.StateResponse { try await call("State", Shim.StateRequest(id: id)) }

    func kill(_ id: String, _ signal: Int32) async throws {
        let _: Shim.Empty = try await call("Kill", Shim.KillRequest(id: id, signal: UInt32(signal)))
    }

    @discardableResult
    func delete(_ id: String, exec: String = "") async throws -> Shim.DeleteResponse {
        try await call("Delete", Shim.DeleteRequest(id: id, execID: exec))
    }

    func shutdown(_ id: String) async throws {
        let _: Shim.Empty = try await call("Shutdown", Shim.ShutdownRequest(id: id))
    }

    /// Create, start, wait, in the order of an agent.
    func run(_ request: Shim.CreateTaskRequest) async throws -> Shim.WaitResponse {
        try await create(request)
        try await start(request.id)
        return try await wait(request.id)
    }
}

/// The code with which a call was refused; nil if it was not.
func refusal(_ body: () async throws -> Void) async -> TTRPC.Code? {
    do {
        try await body()
        return nil
    } catch TTRPCError.status(let status) {
        return status.code
    } catch {
        Issue.record("\(error)")
        return nil
    }
}

/// Waits until a condition holds; the limit is only there to end a broken test.
func eventually(_ what: String, _ condition: () throws -> Bool) async throws {
    for _ in 0..<12_000 {
        if try condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("never: \(what)")
}

/// True if no such process exists or it only waits to be reaped.
func hasEnded(_ pid: Int32) -> Bool {
    // What cannot be read is gone.
    guard let facts = try? ProcessFacts.of(pid) else { return true }
    return facts.isZombie
}
