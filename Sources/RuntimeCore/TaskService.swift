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
        let log = "cri://\(request.logPath)?max-size=\(request.logMaxSize)&max-files=\(request.logMaxFiles)"
        let create = Shim.CreateTaskRequest(
            id: request.id,
            bundle: directory,
            rootfs: mounts.map { Shim.Mount(type: $0.type, source: $0.source, options: $0.options) },
            terminal: request.spec.process?.terminal ?? false,
            stdout: log,
            stderr: log
        )
        do {
            let response: Shim.CreateTaskResponse = try await shim.call(Shim.taskServiceV2, "Create", create)
            return Int32(bitPattern: response.pid)
        } catch let error as CoreError where error.code == .alreadyExists {
            return try await state(request.id, sandboxID: request.sandboxID).pid
        }
    }

    /// Lets the container's process go on. A task that runs or has ended already is fine.
    func start(_ id: String, sandboxID: String) async throws {
        let shim = try await sandboxes.connection(to: sandboxID)
        do {
            let _: Shim.StartResponse = try await shim.call(Shim.taskServiceV2, "Start", Shim.StartRequest(id: id))
        } catch let error as CoreError where error.code == .failedPrecondition || error.code == .alreadyExists {
            let status = try await state(id, sandboxID: sandboxID).status
            if status == .created || status == .unknown { throw error }
        }
    }

    /// Sends a signal to the container's first process, or to all; one that has ended already is fine.
    func signal(_ id: String, sandboxID: String, signal: Int32, all: Bool) async throws {
        let shim = try await sandboxes.connection(to: sandboxID)
        let kill = Shim.KillRequest(id: id, signal: UInt32(bitPattern: signal), all: all)
        do {
            let _: Shim.Empty = try await shim.call(Shim.taskServiceV2, "Kill", kill)
        } catch let error as CoreError where error.code == .notFound {}
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
        do {
            let shim = try await sandboxes.connection(to: sandboxID)
            let request = Shim.StateRequest(id: id)
            let response: Shim.StateResponse = try await shim.call(Shim.taskServiceV2, "State", request)
            let pid = Int32(bitPattern: response.pid)
            return switch response.status {
            case .created: TaskState(id: id, status: .created, pid: pid)
            case .running: TaskState(id: id, status: .running, pid: pid)
            case .paused, .pausing: TaskState(id: id, status: .paused, pid: pid)
            case .stopped:
                TaskState(
                    id: id,
                    status: .stopped,
                    pid: pid,
                    exit: exitOnDisk(id)
                        ?? TaskExit(
                            containerID: id,
                            pid: pid,
                            status: Int32(bitPattern: response.exitStatus),
                            exitedAt: response.exitedAt.map(Self.microseconds) ?? 0,
                            oomKilled: false
                        )
                )
            default: TaskState(id: id, status: .unknown, pid: pid)
            }
        } catch let error as CoreError where error.isDisconnected || error.code == .notFound {
            guard let exit = exitOnDisk(id) else { return TaskState(id: id, status: .unknown, pid: 0) }
            return TaskState(id: id, status: .stopped, pid: exit.pid, exit: exit)
        }
    }

    /// Removes an ended task, its bundle and its writable layer. What is not there is fine.
    func remove(_ id: String, sandboxID: String) async throws {
        let directory = bundle(id)
        var needsCleanUp = false
        do {
            let shim = try await sandboxes.connection(to: sandboxID)
            let _: Shim.DeleteResponse = try await shim.call(Shim.taskServiceV2, "Delete", Shim.DeleteRequest(id: id))
        } catch let error as CoreError where error.isDisconnected || error.code == .notFound {
            needsCleanUp = true
        }
        let cleanUp = needsCleanUp
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
                if case .notFound = error { return }
                throw CoreError.image(error)
            }
        }
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
            let exitedAt = record["exitedAt"]?.int64Value
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

    private static func prepareSnapshot(_ snapshots: Snapshotter, key: String, parent: Digest) throws -> [Images.Mount] {
        do {
            return try snapshots.prepare(key: key, parent: parent)
        } catch let error as ImageError {
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
