import Glibc
import Images
import JSON
import Linux
import OCI
import Synchronization
import TTRPC

/// Tasks: the running side of containers, inside the shim of their sandbox.
///
/// All calls are idempotent under the container's id, so that a step that was interrupted can be done again.
final class TaskService: Sendable {
    private let configuration: CoreConfiguration
    private let namespace: String
    private let sandboxes: SandboxService
    private let snapshots: Snapshotter
    private let pool: ThreadPool

    init(
        configuration: CoreConfiguration,
        namespace: String,
        sandboxes: SandboxService,
        snapshots: Snapshotter,
        pool: ThreadPool
    ) {
        self.configuration = configuration
        self.namespace = namespace
        self.sandboxes = sandboxes
        self.snapshots = snapshots
        self.pool = pool
    }

    private func bundle(_ id: String) -> String { configuration.bundle(namespace: namespace, id: id) }

    /// Prepares the writable layer and the bundle, and creates the task. The process waits for `start`.
    ///
    /// - Returns: The process id of the container's init.
    func create(_ request: ContainerRequest) async throws -> Int32 {
        let directory = bundle(request.id)
        let mounts = try await pool.run { [snapshots] in
            let mounts = try Self.prepareSnapshot(snapshots, key: request.id, parent: request.image.chainID)
            try Self.writeBundle(directory, request)
            return mounts
        }
        let shim = try await sandboxes.connection(to: request.sandboxID)
        let log =
            "cri://\(request.logPath)?max-size=\(request.logMaxSize)&max-files=\(request.logMaxFiles)"
            + "&attach=\(BundleFiles.attachSocket(directory))"
        let create = Shim.CreateTaskRequest(
            id: request.id,
            bundle: directory,
            rootfs: mounts.map { Shim.Mount(type: $0.type, source: $0.source, options: $0.options) },
            terminal: request.spec.process?.terminal ?? false,
            stdin: request.stdin ? BundleFiles.stdin(directory) : "",
            stdout: log,
            stderr: log
        )
        let response = try await shim.attempt(
            Shim.taskServiceV2,
            "Create",
            create,
            expecting: Shim.CreateTaskResponse.self,
            tolerating: { $0.code == .alreadyExists }
        )
        if let response { return Int32(bitPattern: response.pid) }
        return try await state(request.id, sandboxID: request.sandboxID).pid
    }

    /// Lets the container's process go on. A task that runs or has ended already is fine.
    func start(_ id: String, sandboxID: String) async throws {
        let shim = try await sandboxes.connection(to: sandboxID)
        let response = try await shim.attempt(
            Shim.taskServiceV2,
            "Start",
            Shim.StartRequest(id: id),
            expecting: Shim.StartResponse.self,
            tolerating: { $0.code == .failedPrecondition || $0.code == .alreadyExists }
        )
        guard response == nil else { return }
        // It was started before, or cannot be.
        let status = try await state(id, sandboxID: sandboxID).status
        if status == .created || status == .unknown {
            throw CoreError.shim(
                id: id,
                step: "Start",
                .status(TTRPC.Status(.failedPrecondition, "it cannot be started"))
            )
        }
    }

    /// Sends a signal to the container's first process, or to all; one that has ended already is fine.
    func signal(_ id: String, sandboxID: String, signal: Int32, all: Bool) async throws {
        let shim = try await sandboxes.connection(to: sandboxID)
        let kill = Shim.KillRequest(id: id, signal: UInt32(bitPattern: signal), all: all)
        _ = try await shim.attempt(
            Shim.taskServiceV2,
            "Kill",
            kill,
            expecting: Shim.Empty.self,
            tolerating: { $0.code == .notFound }
        )
    }

    /// Waits, as long as it takes, until the container has ended and its output is in the log file.
    func wait(_ id: String, sandboxID: String) async throws -> TaskExit {
        let shim = try await sandboxes.connection(to: sandboxID)
        let wait = Shim.WaitRequest(id: id)
        let response: Shim.WaitResponse = try await shim.call(Shim.taskServiceV2, "Wait", wait, timeout: nil)
        return exitOnDisk(id)
            ?? TaskExit(
                containerID: id,
                pid: 0,
                status: Int32(bitPattern: response.exitStatus),
                exitedAt: response.exitedAt.map(Self.microseconds) ?? 0,
                oomKilled: false
            )
    }

    /// What the shim says of a task; what its files say when the shim is gone.
    func state(_ id: String, sandboxID: String) async throws -> TaskState {
        guard let response = try await askState(id, sandboxID: sandboxID) else {
            guard let exit = exitOnDisk(id) else { return TaskState(id: id, status: .unknown, pid: 0) }
            return TaskState(id: id, status: .stopped, pid: exit.pid, exit: exit)
        }
        let pid = Int32(bitPattern: response.pid)
        switch response.status {
        case .created: return TaskState(id: id, status: .created, pid: pid)
        case .running: return TaskState(id: id, status: .running, pid: pid)
        case .paused, .pausing: return TaskState(id: id, status: .paused, pid: pid)
        case .stopped:
            let told = TaskExit(
                containerID: id,
                pid: pid,
                status: Int32(bitPattern: response.exitStatus),
                exitedAt: response.exitedAt.map(Self.microseconds) ?? 0,
                oomKilled: false
            )
            return TaskState(id: id, status: .stopped, pid: pid, exit: exitOnDisk(id) ?? told)
        default: return TaskState(id: id, status: .unknown, pid: pid)
        }
    }

    /// The shim's answer; nil if the shim is gone or does not know the task.
    private func askState(_ id: String, sandboxID: String) async throws(CoreError) -> Shim.StateResponse? {
        guard let shim = try? await sandboxes.connection(to: sandboxID) else { return nil }  // its files tell then
        return try await shim.attempt(
            Shim.taskServiceV2,
            "State",
            Shim.StateRequest(id: id),
            expecting: Shim.StateResponse.self,
            tolerating: { $0.isGone }
        )
    }

    /// Ends all processes of a container and removes it with its bundle and its writable layer, also when the shim of its
    /// sandbox is gone. What is not there is fine.
    func destroy(_ id: String, sandboxID: String) async throws {
        let status = try await state(id, sandboxID: sandboxID).status
        if status == .running || status == .created || status == .paused {
            do {
                try await signal(id, sandboxID: sandboxID, signal: SIGKILL, all: true)
                _ = try await wait(id, sandboxID: sandboxID)
            } catch let error as CoreError where error.isGone {
                // The shim went away meanwhile: its delete action, below, ends the processes.
            }
        }
        try await remove(id, sandboxID: sandboxID)
    }

    /// Removes an ended task, its bundle and its writable layer. What is not there is fine.
    func remove(_ id: String, sandboxID: String) async throws {
        let directory = bundle(id)
        let answer = try await askDelete(id, sandboxID: sandboxID)
        let cleanUp = answer == nil
        let process = ShimProcess(configuration: configuration, namespace: namespace, id: id)
        try await pool.run { [snapshots] in
            if Files.exists(directory) {
                if cleanUp { try process.delete(bundle: directory) }
                do {
                    try Files.removeTree(directory)
                } catch let error as SysError {
                    throw CoreError.system(step: "remove the bundle of container \(id.prefix(12))", error)
                }
            }
            do {
                try snapshots.remove(key: id)
            } catch let error as ImageError {
                throw CoreError.image(error)
            }
        }
    }

    /// The shim's answer; nil if the shim is gone or does not know the task.
    private func askDelete(_ id: String, sandboxID: String) async throws(CoreError) -> Shim.DeleteResponse? {
        guard let shim = try? await sandboxes.connection(to: sandboxID) else { return nil }  // cleaned up without it
        return try await shim.attempt(
            Shim.taskServiceV2,
            "Delete",
            Shim.DeleteRequest(id: id),
            expecting: Shim.DeleteResponse.self,
            tolerating: { $0.isGone }
        )
    }

    /// Which sandbox a bundle's container belongs to, or nil if the bundle is a sandbox's own.
    func sandbox(ofBundle id: String) throws -> String? {
        let file = bundle(id) + "/container.json"
        guard Files.exists(file) else { return nil }
        return try JSONValue(parsing: Files.read(file))["sandboxID"]?.stringValue
    }

    /// The exit that the shim wrote to the container's bundle before it told anybody.
    private func exitOnDisk(_ id: String) -> TaskExit? {
        guard
            let bytes = try? Files.read(bundle(id) + "/exit.json"),  // most containers have not ended
            let record = try? JSONValue(parsing: bytes),  // written atomically: never half a file
            let status = record["exitStatus"]?.int64Value,
            let exitedAt = record["exitedAtNanos"]?.int64Value
        else { return nil }
        return TaskExit(
            containerID: id,
            pid: Int32(truncatingIfNeeded: record["pid"]?.int64Value ?? 0),
            status: Int32(truncatingIfNeeded: status),
            exitedAt: exitedAt / 1000,
            oomKilled: record["oomKilled"]?.boolValue ?? false
        )
    }

    private static func microseconds(_ timestamp: Shim.Timestamp) -> Int64 {
        timestamp.seconds * 1_000_000 + Int64(timestamp.nanos) / 1000
    }

    private static func prepareSnapshot(_ snapshots: Snapshotter, key: String, parent: Digest?) throws -> [Images.Mount]
    {
        do {
            return try snapshots.prepare(key: key, parent: parent)
        } catch {
            guard case .alreadyExists = error else { throw CoreError.image(error) }
            return try snapshots.mounts(key: key)
        }
    }

    private static func writeBundle(_ directory: String, _ request: ContainerRequest) throws {
        var spec = request.spec
        spec.root = RuntimeSpec.Root(path: "rootfs", readonly: spec.root?.readonly)
        do {
            try Files.makeDirectories(directory, mode: 0o700)
            try Files.makeDirectories(directory + "/rootfs", mode: 0o755)
            try Files.write(directory + "/config.json", JSONCoding.encode(spec), mode: 0o600)
            let fifo = BundleFiles.stdin(directory)
            if request.stdin, !Files.exists(fifo) { try Files.makeFIFO(fifo, mode: 0o600) }
            let record = JSONValue.object([
                "id": .string(request.id),
                "sandboxID": .string(request.sandboxID),
                "image": .string(request.image.record.name),
            ])
            try Files.write(directory + "/container.json", record.bytes(), mode: 0o600)
        } catch let error as SysError {
            throw CoreError.system(step: "write the bundle of container \(request.id.prefix(12))", error)
        }
    }
}
