import Glibc
import JSON
import Linux
import OCI
import TTRPC

/// Further processes in running containers, and the streams of all of them.
///
/// The streams are fifos in a directory of their own per process, below `exec/` of the state directory: the shim's side
/// is the same as with containerd.
final class ExecService: Sendable {
    private let configuration: CoreConfiguration
    private let namespace: String
    private let tasks: TaskService
    private let pool: ThreadPool
    /// Where streams are waited for; not the shims' loop, which must not wait for a busy stream.
    private let loop: LoopThread

    init(
        configuration: CoreConfiguration,
        namespace: String,
        tasks: TaskService,
        pool: ThreadPool
    ) throws(SysError) {
        self.configuration = configuration
        self.namespace = namespace
        self.tasks = tasks
        self.pool = pool
        loop = try LoopThread(name: "swl-streams")
        // A process that closes its input makes a write fail; it must not end the agent.
        signal(SIGPIPE, SIG_IGN)
    }

    func stop() { loop.stop() }

    private var root: String { configuration.state + "/exec" }

    private func directory(_ containerID: String, _ id: String) -> String { "\(root)/\(containerID.prefix(32)).\(id)" }

    /// Starts a process. When this returns, it runs.
    ///
    /// - Throws: `ExecFailure`.
    func start(_ request: ExecRequest) async throws -> ExecProcess {
        let bundle = configuration.bundle(namespace: namespace, id: request.containerID)
        let directory = directory(request.containerID, request.id)
        guard let sandboxID = try tasks.sandbox(ofBundle: request.containerID) else {
            throw ExecFailure.notRunning("container \(request.containerID.prefix(12)) is not running")
        }
        let shim = try await tasks.shim(of: request.containerID, sandboxID: sandboxID)
        let isCopied = try tasks.record(request.containerID)?.foreign != nil
        let (process, streams) = try await pool.run { [self] in
            let process = try Self.process(request, bundle: bundle)
            return (process, try prepare(directory, request, sandboxID: sandboxID))
        }
        // Our shim gives the fifo itself to the process, if it is asked by a URI; others know plain paths best.
        let place = isCopied ? directory : "fifo://" + directory.replacing("%", with: "%25").replacing("?", with: "%3F")
        let fifo = { (name: String, wanted: Bool) in wanted ? "\(place)/\(name)" : "" }
        let exec = Shim.ExecProcessRequest(
            id: request.containerID,
            execID: request.id,
            terminal: request.terminal,
            stdin: fifo("stdin", request.stdin),
            stdout: fifo("stdout", request.stdout),
            stderr: fifo("stderr", request.stderr),
            spec: Shim.AnyMessage(
                typeURL: "types.containerd.io/opencontainers/runtime-spec/1/Process",
                value: try JSONCoding.encode(process)
            )
        )
        do {
            let _: Shim.Empty = try await shim.call(shim.taskService, "Exec", exec)
        } catch {
            await removeDirectory(directory)
            throw Self.failure(error, command: request.command)
        }
        do {
            let start = Shim.StartRequest(id: request.containerID, execID: request.id)
            let _: Shim.StartResponse = try await shim.call(shim.taskService, "Start", start)
            let stdin = request.stdin ? try await input(directory + "/stdin", isCopied: isCopied) : nil
            return ExecProcess(
                request,
                stdin: stdin,
                stdout: streams.stdout,
                stderr: streams.stderr,
                isCopied: isCopied,
                shim: shim,
                directory: directory,
                pool: pool
            )
        } catch {
            await Self.discard(request.id, of: request.containerID, at: shim, directory: directory, pool: pool)
            throw Self.failure(error, command: request.command)
        }
    }

    /// What an earlier agent left: processes whose clients are gone with it.
    ///
    /// - Returns: The notes of those that were ended, with their exit code if it could be had.
    func endLeftovers() async throws -> [(note: [String: String], exitCode: Int32?)] {
        let root = root
        let names = try await pool.run { Files.exists(root) ? try Files.list(root) : [] }
        var ended: [(note: [String: String], exitCode: Int32?)] = []
        for name in names {
            let directory = "\(root)/\(name)"
            // Half-made: nothing was started.
            let record = try? JSONValue(parsing: Files.read(directory + "/exec.json"))
            var code: Int32?
            if let record, let id = record["id"]?.stringValue, let container = record["container"]?.stringValue,
                let sandbox = record["sandbox"]?.stringValue
            {
                // Gone, and the process with it.
                if let shim = try? await tasks.shim(of: container, sandboxID: sandbox) {
                    code = await Self.discard(id, of: container, at: shim, directory: directory, pool: pool)
                }
                var note: [String: String] = [:]
                for (key, value) in record["note"]?.objectValue ?? [:] { note[key] = value.stringValue }
                ended.append((note, code))
            }
            await removeDirectory(directory)
        }
        return ended
    }

    /// Ends a process if it still runs, waits for it, and removes what is left of it.
    @discardableResult
    static func discard(
        _ id: String,
        of containerID: String,
        at shim: ShimConnection,
        directory: String,
        pool: ThreadPool
    ) async -> Int32? {
        // A client that went away cancels its task; what it started has to be ended all the same.
        await Task {
            var code: Int32?
            do throws(CoreError) {
                _ = try await shim.attempt(
                    shim.taskService,
                    "Kill",
                    Shim.KillRequest(id: containerID, execID: id, signal: UInt32(SIGKILL)),
                    expecting: Shim.Empty.self,
                    tolerating: { $0.isGone }
                )
                let state = try await shim.attempt(
                    shim.taskService,
                    "State",
                    Shim.StateRequest(id: containerID, execID: id),
                    expecting: Shim.StateResponse.self,
                    tolerating: { $0.isGone }
                )
                if let state, state.status == .running || state.status == .paused {
                    let wait = Shim.WaitRequest(id: containerID, execID: id)
                    let _: Shim.WaitResponse? = try await shim.call(
                        shim.taskService,
                        "Wait",
                        wait,
                        timeout: .seconds(10)
                    )
                }
                let deleted = try await shim.attempt(
                    shim.taskService,
                    "Delete",
                    Shim.DeleteRequest(id: containerID, execID: id),
                    expecting: Shim.DeleteResponse.self,
                    tolerating: { $0.isGone }
                )
                code = deleted.map { Int32(bitPattern: $0.exitStatus) }
            } catch {
                // The shim is gone, and the process with it; or it cannot be killed, and ends with its container.
            }
            await removeDirectory(directory, pool)
            return code
        }.value
    }

    private func removeDirectory(_ path: String) async { await Self.removeDirectory(path, pool) }

    private static func removeDirectory(_ path: String, _ pool: ThreadPool) async {
        // What cannot be removed now is removed by the next agent.
        try? await pool.run { try Files.removeTree(path) }
    }

    // MARK: Making

    private struct Streams: Sendable {
        var stdout: StreamEnd?
        var stderr: StreamEnd?
    }

    /// Makes the directory with its fifos and opens our ends of the outputs, before anybody can write into them.
    private func prepare(_ directory: String, _ request: ExecRequest, sandboxID: String) throws -> Streams {
        do {
            try Files.makeDirectories(root, mode: 0o700)
            try Files.makeDirectories(directory, mode: 0o700)
            let record = JSONValue.object([
                "id": .string(request.id), "container": .string(request.containerID), "sandbox": .string(sandboxID),
                "note": .object(
                    JSONObject(request.note.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
                ),
            ])
            try Files.write(directory + "/exec.json", record.bytes(), mode: 0o600)
            var streams = Streams()
            if request.stdin { try Files.makeFIFO(directory + "/stdin", mode: 0o600) }
            if request.stdout {
                try Files.makeFIFO(directory + "/stdout", mode: 0o600)
                streams.stdout = try end(directory + "/stdout", Descriptor.readOnly)
            }
            if request.stderr {
                try Files.makeFIFO(directory + "/stderr", mode: 0o600)
                streams.stderr = try end(directory + "/stderr", Descriptor.readOnly)
            }
            return streams
        } catch {
            try? Files.removeTree(directory)  // the first error is the one to tell
            throw ExecFailure.other("prepare the streams of exec: \(error)")
        }
    }

    private func end(_ path: String, _ direction: Int32) throws(SysError) -> StreamEnd {
        StreamEnd(try Descriptor.open(path, direction | Descriptor.nonBlocking), loop: loop, subject: path)
    }

    /// Our end of the input of a process that was started.
    ///
    /// Our own shim has the reading end by now. Others answer first and open it then, and would wait for ever for a writer
    /// who came and went before.
    private func input(_ path: String, isCopied: Bool) async throws -> StreamEnd? {
        var left = isCopied ? 1000 : 0
        while true {
            if let end = try writingEnd(path) { return end }
            guard left > 0 else { return nil }
            left -= 1
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Nil if nobody reads the fifo any more, because the process has ended.
    private func writingEnd(_ path: String) throws(SysError) -> StreamEnd? {
        do {
            return try end(path, Descriptor.writeOnly)
        } catch {
            if error.errno == Errno(ENXIO) { return nil }
            throw error
        }
    }

    // MARK: The first process

    /// Connects to the streams of a container's first process, from now on.
    ///
    /// - Parameter stdin: Asks for its input too; there is none if the container has none, or it has been closed.
    /// - Throws: `ExecFailure`.
    func attach(_ containerID: String, stdin: Bool) async throws -> AttachedContainer {
        let bundle = configuration.bundle(namespace: namespace, id: containerID)
        guard let sandboxID = try tasks.sandbox(ofBundle: containerID) else {
            throw ExecFailure.notRunning("container \(containerID.prefix(12)) is not running")
        }
        let shim = try await tasks.shim(of: containerID, sandboxID: sandboxID)
        let isCopied = try tasks.record(containerID)?.foreign != nil
        let path = BundleFiles.attachSocket(bundle)
        do {
            let output = StreamEnd(try UnixSocket.connect(path), loop: loop, subject: path)
            let fifo = BundleFiles.stdin(bundle)
            let input = stdin && Files.exists(fifo) ? try await input(fifo, isCopied: isCopied) : nil
            return AttachedContainer(containerID, output: output, stdin: input, shim: shim)
        } catch let error as SysError {
            throw error.errno == .noEntry || error.errno == Errno(ECONNREFUSED)
                ? ExecFailure.notRunning("container \(containerID.prefix(12)) is not running")
                : ExecFailure.other("attach to container \(containerID.prefix(12)): \(error)")
        }
    }

    /// The container's own process with another command.
    private static func process(_ request: ExecRequest, bundle: String) throws -> RuntimeSpec.Process {
        let spec = try JSONCoding.decode(RuntimeSpec.self, from: Files.read(bundle + "/config.json"))
        guard var process = spec.process else {
            throw ExecFailure.other("the container's config.json names no process")
        }
        process.args = request.command
        process.terminal = request.terminal ? true : nil
        process.consoleSize = nil
        if request.terminal, !(process.env ?? []).contains(where: { $0.hasPrefix("TERM=") }) {
            process.env = (process.env ?? []) + ["TERM=xterm"]
        }
        return process
    }

    /// What the shim's refusal means.
    private static func failure(_ error: any Error, command: [String]) -> ExecFailure {
        guard let error = error as? CoreError, case .shim(_, _, .status(let status)) = error else {
            return (error as? ExecFailure) ?? .other("\(error)")
        }
        let message = status.message
        switch status.code {
        case .failedPrecondition: return .notRunning(message)
        case .notFound where !message.contains("exec"): return .notRunning(message)
        default: break
        }
        if let code = Self.shellCode(message) {
            // The runtime names the last place it looked at; a name without a slash was looked for in all of PATH.
            if code == 127, let name = command.first, !name.contains("/") {
                return .notExecutable(
                    code: code,
                    message: "OCI runtime exec failed: exec failed: unable to start container process: "
                        + "exec: \"\(name)\": executable file not found in $PATH"
                )
            }
            // runc's words, which people and scripts look for; its shim says them itself.
            let prefix = "OCI runtime exec failed: exec failed: unable to start container process: "
            let words = message.hasPrefix("exec \"") ? "exec: " + message.dropFirst(5) : "exec: \(message)"
            return .notExecutable(code: code, message: message.hasPrefix(prefix) ? message : prefix + words)
        }
        return .other(message)
    }

    /// The exit code that a shell gives for this failure; nil if it is another kind of failure.
    static func shellCode(_ message: String) -> Int32? {
        let missing = ["executable file not found", "No such file or directory", "no such file or directory"]
        if missing.contains(where: message.contains) { return 127 }
        let refused = [
            "Permission denied", "permission denied", "Exec format error", "exec format error", "Is a directory",
            "is a directory", "Not a directory", "Text file busy", "Argument list too long", "Too many levels",
        ]
        return refused.contains(where: message.contains) ? 126 : nil
    }
}
