import Glibc
import JSON
import Linux
import TestSupport
import Testing

/// A real agent with everything of its own: directories, cgroups, socket. Gone without a trace afterwards.
final class RunningAgent {
    private let temporary: TemporaryDirectory
    let directory: String
    let cgroupRoot: String
    private(set) var pid: Int32 = 0

    private let files: Int32

    var root: String { directory + "/r" }
    var state: String { directory + "/s" }
    var logs: String { directory + "/l" }
    var socket: String { state + "/swiftlet.sock" }
    var output: String { (try? Files.readText(directory + "/agent.log")) ?? "" }  // absent before the first start

    /// Runs a test against an agent with the image `bb:1`, and cleans up whether it throws or not.
    ///
    /// - Parameter rootSize: The size of a tmpfs for `--root`, in a mount namespace of the agent's own; nil is /tmp's disk.
    static func with(
        image: Bool = true,
        journal: String = "",
        rootSize: String? = nil,
        uploadTimeout: Int = 60,
        options: [String] = [],
        _ body: (RunningAgent) throws -> Void
    ) throws {
        let agent = try RunningAgent(TemporaryDirectory(prefix: "swl-sys"))
        defer { agent.cleanUp() }
        agent.journal = journal
        agent.rootSize = rootSize
        if uploadTimeout != 60 { agent.extraConfiguration = "[api]\nupload_timeout = \(uploadTimeout)\n" }
        agent.options = options
        do {
            try agent.start()
            if image { try agent.importImage() }
            try body(agent)
        } catch {
            print("the agent's output was:\n\(agent.output.suffix(4000))")
            throw error
        }
    }

    private init(_ temporary: consuming TemporaryDirectory) throws {
        directory = temporary.path
        self.temporary = temporary
        cgroupRoot = "/swiftlet-test-" + String(directory.split(separator: ".").last ?? "x")
        files = unsafe open(directory + "/agent.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    }

    deinit { close(files) }

    private var journal = ""
    private var rootSize: String?
    /// Further sections of config.toml.
    var extraConfiguration = ""
    /// Given to every start.
    var options: [String] = []

    // MARK: Life

    /// Starts the agent and waits until it takes requests.
    func start() throws {
        let configuration = directory + "/config.toml"
        try Files.write(
            configuration,
            Array("[journal]\nsocket = \"\(journal)\"\n\(extraConfiguration)".utf8),
            mode: 0o644
        )
        let wrapper: [String] =
            rootSize.map {
                // `exec`, so that the agent has the pid of what was started.
                let script = "mkdir -p $0 && mount -t tmpfs -o size=\($0) swl-sys $0 && exec \"$@\""
                return ["unshare", "-m", "bash", "-c", script, root]
            } ?? []
        pid = try Spawn.start(
            wrapper + [
                Needs.binaries + "/swiftlet", "serve", "--config", configuration, "--root", root, "--state", state,
                "--log-dir", logs, "--cgroup-root", cgroupRoot, "--node-name", "n1",
            ] + options,
            environment: Shell.environment,
            standardOutput: files,
            standardError: files
        )
        try wait("the agent to serve") { (try? self.get("/readyz"))?.code == 200 }  // no socket yet
    }

    /// SIGKILL, and reaped.
    func kill() throws {
        _ = Glibc.kill(pid, SIGKILL)
        _ = try Spawn.wait(pid)
        pid = 0
    }

    /// SIGTERM; SIGKILL if that is not obeyed in time.
    ///
    /// - Returns: Its exit code.
    func stop() throws -> Int32 {
        let stopped = pid
        pid = 0
        _ = Glibc.kill(stopped, SIGTERM)
        if try !ProcessDescriptor(pid: stopped).waitForEnd(milliseconds: 60_000) {
            _ = Glibc.kill(stopped, SIGKILL)
            _ = try Spawn.wait(stopped)
            throw Failure("the agent did not end within 60 s after SIGTERM")
        }
        return try Spawn.wait(stopped)
    }

    var isAlive: Bool { pid > 0 && Glibc.kill(pid, 0) == 0 && !((try? ProcessFacts.of(pid))??.isZombie ?? true) }

    func importImage() throws {
        let reply = try request("POST", "/v1/images/import", bodyFile: try Needs.image())
        try #require(reply.code == 200, "\(reply.text)")
    }

    /// Runs a command of the client against this agent.
    func swiftlet(_ arguments: [String]) throws -> Spawn.Outcome {
        try Spawn.run(
            [Needs.binaries + "/swiftlet"] + arguments,
            environment: Shell.environment + ["SWIFTLET_SOCKET=\(socket)"],
            workingDirectory: directory
        )
    }

    // MARK: Requests

    struct Reply {
        let code: Int
        let head: String
        let text: String
        var json: JSONValue { (try? JSONValue(parsing: text)) ?? .null }  // what is no JSON has no members

        /// A Status' message; empty for anything else.
        var message: String { json["message"]?.stringValue ?? "" }

        func header(_ name: String) -> String? {
            head.split(whereSeparator: \.isNewline)
                .first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
                .map { String($0.drop { $0 != ":" }.dropFirst().drop { $0 == " " }) }
        }
    }

    func get(_ path: String) throws -> Reply { try request("GET", path) }

    func request(
        _ method: String,
        _ path: String,
        _ body: String? = nil,
        bodyFile: String? = nil,
        contentType: String = "application/json",
        headers: [String] = [],
        limit seconds: Int = 60
    ) throws -> Reply {
        let id = UInt64.random(in: 0 ... .max)
        let head = "\(directory)/head-\(id)"
        let file = "\(directory)/body-\(id)"
        defer {
            _ = unsafe unlink(head)
            _ = unsafe unlink(file)
        }
        var arguments = [
            "curl", "-s", "-m", "\(seconds)", "--unix-socket", socket, "-X", method, "-D", head, "-A", "test", "-w",
            "\n%{http_code}", "-H", "Expect:",
        ]
        if body != nil || bodyFile != nil { arguments += ["-H", "content-type: \(contentType)"] }
        if let body {
            try Files.write(file, Array(body.utf8), mode: 0o600)
            arguments += ["--data-binary", "@" + file]
        } else if let bodyFile {
            arguments += ["-T", bodyFile]
        }
        for header in headers { arguments += ["-H", header] }
        let result = try Spawn.run(arguments + ["http://localhost" + path], environment: Shell.environment)
        let text = String(decoding: result.output, as: UTF8.self)
        guard let end = text.lastIndex(of: "\n"), let code = Int(text[text.index(after: end)...]), code > 0 else {
            throw Failure("\(method) \(path): curl ended with \(result.code)")
        }
        return Reply(
            code: code,
            head: (try? Files.readText(head)) ?? "",  // no head: no headers
            text: String(text[..<end])
        )
    }

    // MARK: Pods

    static let pods = "/api/v1/namespaces/default/pods"

    @discardableResult
    func create(_ manifest: String) throws -> JSONValue {
        let reply = try request("POST", Self.pods, manifest, contentType: "application/yaml")
        try #require(reply.code == 201, "\(reply.text)")
        return reply.json
    }

    func pod(_ name: String) throws -> JSONValue {
        let reply = try get(Self.pods + "/" + name)
        try #require(reply.code == 200, "\(reply.text)")
        return reply.json
    }

    func phase(_ name: String) throws -> String { try pod(name)["status"]?["phase"]?.stringValue ?? "" }

    func waitForPhase(_ name: String, _ phase: String, seconds: Int = 40) throws {
        do {
            try wait("pod \(name) to be \(phase)", seconds: seconds) { try self.phase(name) == phase }
        } catch let failure as Failure {
            let why = try request("GET", Self.pods + "/\(name)/why").text
            let events = try log(of: name).suffix(12).map { $0.text() }.joined(separator: "\n")
            throw Failure("\(failure); it says: \(why)\n\(events)")
        }
    }

    func container(_ name: String, _ index: Int = 0) throws -> JSONValue {
        try pod(name)["status"]?["containerStatuses"]?[index] ?? .null
    }

    /// The node's process id of a container's init, as the log tells it.
    func processID(_ name: String) throws -> Int32 {
        let started = try log().last { $0["type"] == "ContainerStarted" && $0["object"]?["name"]?.stringValue == name }
        return Int32(truncatingIfNeeded: try #require(started?["data"]?["pid"]?.int64Value))
    }

    /// The event log's lines, of one pod or all.
    func log(of name: String? = nil, after seq: Int64 = 0) throws -> [JSONValue] {
        let lines = try get("/v1/log?after=\(seq)").text.split(separator: "\n")
        let events = try lines.map { try JSONValue(parsing: String($0)) }
        return name.map { name in events.filter { $0["object"]?["name"]?.stringValue == name } } ?? events
    }

    func types(of name: String) throws -> [String] { try log(of: name).compactMap { $0["type"]?.stringValue } }

    func logText(_ name: String, _ query: String = "") throws -> String {
        try get(Self.pods + "/\(name)/log" + query).text
    }

    func delete(_ name: String, grace: Int? = nil, wait waits: Bool = true) throws {
        let query = grace.map { "?gracePeriodSeconds=\($0)" } ?? ""
        let reply = try request("DELETE", Self.pods + "/" + name + query)
        try #require(reply.code == 200, "\(reply.text)")
        guard waits else { return }
        try wait("pod \(name) to be gone") { try self.get(Self.pods + "/" + name).code == 404 }
    }

    func wait(_ what: String, seconds: Int = 40, until isTrue: () throws -> Bool) throws {
        for _ in 0..<(seconds * 20) {
            if try isTrue() { return }
            usleep(50_000)
        }
        throw Failure("waited \(seconds) s in vain for \(what)")
    }

    // MARK: Processes

    /// Gone, or only waiting to be reaped.
    static func hasEnded(_ process: Int32) throws -> Bool { try ProcessFacts.of(process)?.isZombie ?? true }

    /// Waits until a container's process has ended.
    func waitForEnd(of process: Int32) throws {
        try wait("process \(process) to end") { try Self.hasEnded(process) }
    }

    // MARK: Leftovers

    /// What lies around outside the log: processes, mounts, cgroups, bundles, sockets, snapshots, pods' directories.
    ///
    /// The image's own snapshot and the empty parents are expected to stay.
    func leftovers() throws -> [String] {
        var found: [String] = []
        for process in processes() where process.pid != pid {
            found.append("process \(process.pid): \(process.command)")
        }
        for mount in try MountTable.current() where mount.mountPoint.hasPrefix(directory) {
            found.append("mount \(mount.mountPoint)")
        }
        for cgroup in cgroups() where cgroup.contains("pod") { found.append("cgroup \(cgroup)") }
        for place in ["s/runtime/k8s.io", "s/s", "r/pods", "r/snapshots/active", "r/content/ingest", "l"] {
            let path = directory + "/" + place
            guard Files.exists(path) else { continue }
            // The cache of seccomp programs belongs to no pod.
            found += try Files.list(path).filter { $0 != ".seccomp" }.map { "\(place)/\($0)" }
        }
        return found
    }

    func expectNoLeftovers() throws {
        // What ends by itself, such as a shim that has answered, may take a moment.
        var left = try leftovers()
        for _ in 0..<600 where !left.isEmpty {
            usleep(50_000)
            left = try leftovers()
        }
        #expect(left.isEmpty, "left over: \(left.joined(separator: ", "))")
    }

    /// Processes below the agent's cgroup or with its directory on their command line.
    func processes() -> [(pid: Int32, command: String)] {
        var found: [(Int32, String)] = []
        // A process may end while it is looked at.
        for entry in (try? Files.list("/proc")) ?? [] {
            guard let pid = Int32(entry), pid != getpid(),
                let line = try? Files.readText("/proc/\(entry)/cmdline"),
                let groups = try? Files.readText("/proc/\(entry)/cgroup"),
                let facts = (try? ProcessFacts.of(pid)) ?? nil, !facts.isZombie
            else { continue }
            let command = line.split(separator: "\0").joined(separator: " ")
            if groups.contains(cgroupRoot) || (command.contains(directory) && !command.hasPrefix("curl")) {
                found.append((pid, command))
            }
        }
        return found
    }

    private func cgroups() -> [String] {
        var found: [String] = []
        let mount = "/sys/fs/cgroup"
        for tree in ((try? Files.list(mount)) ?? []).map({ "/" + $0 }) + [""] {  // no cgroups: none left
            found += Self.directories(below: mount + tree + cgroupRoot)
        }
        return found
    }

    /// The deepest first.
    private static func directories(below path: String) -> [String] {
        guard let entries = try? Files.list(path) else { return [] }  // not there
        return entries.map { path + "/" + $0 }.flatMap { directories(below: $0) } + [path]
    }

    private func cleanUp() {
        // All best effort: a test that failed may have left any part of it.
        if isAlive {
            let names = ((try? get(Self.pods))?.json["items"]?.arrayValue ?? []).compactMap {
                $0["metadata"]?["name"]?.stringValue
            }
            for name in names { try? delete(name, grace: 0, wait: false) }
            for _ in 0..<100 where !names.isEmpty {
                if let left = (try? get(Self.pods))?.json["items"]?.arrayValue, left.isEmpty { break }
                usleep(50_000)
            }
            _ = try? stop()
        }
        for _ in 0..<20 {
            let left = processes()
            if left.isEmpty { break }
            for process in left { _ = Glibc.kill(process.pid, SIGKILL) }
            usleep(50_000)
        }
        for mount in ((try? MountTable.current()) ?? []).reversed() where mount.mountPoint.hasPrefix(directory) {
            _ = unsafe umount2(mount.mountPoint, Int32(MNT_DETACH))
        }
        for path in cgroups() { _ = unsafe rmdir(path) }
    }
}

/// Why a test cannot go on.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
