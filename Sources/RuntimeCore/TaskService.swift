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
    let configuration: CoreConfiguration
    let namespace: String
    let sandboxes: SandboxService
    private let snapshots: Snapshotter
    let pool: ThreadPool
    private let files: FileRemovals
    /// What bundles say, so that not every call reads it again.
    private let records = Mutex<[String: ContainerRecord]>([:])
    /// Containers that were ended because their bundles had been removed.
    private let lost = Mutex<Set<String>>([])

    init(
        configuration: CoreConfiguration,
        namespace: String,
        sandboxes: SandboxService,
        snapshots: Snapshotter,
        pool: ThreadPool,
        files: FileRemovals
    ) {
        self.configuration = configuration
        self.namespace = namespace
        self.sandboxes = sandboxes
        self.snapshots = snapshots
        self.pool = pool
        self.files = files
    }

    func bundle(_ id: String) -> String { configuration.bundle(namespace: namespace, id: id) }

    /// Prepares the writable layer and the bundle, and creates the task. The process waits for `start`.
    func create(_ request: ContainerRequest) async throws -> CreatedTask {
        let directory = bundle(request.id)
        let (mounts, warnings) = try await pool.run { [snapshots] in
            let mounts = try Self.prepareSnapshot(snapshots, key: request.id, parent: request.image.chainID)
            return (mounts, try Self.writeBundle(directory, request))
        }
        guard try record(request.id) != nil else {
            throw CoreError.system(
                step: "read the bundle of container \(request.id.prefix(12)) again, which somebody has removed",
                SysError(call: "open", subject: ContainerRecord.file(directory), errno: .noEntry)
            )
        }
        if let handler = request.runtime, !handler.isOurs {
            let pid = try await createForeign(request, handler, rootfs: mounts)
            return CreatedTask(pid: pid, warnings: warnings)
        }
        let shim = try await sandboxes.connection(to: request.sandboxID)
        let log = request.logTarget(bundle: directory)
        let create = Shim.CreateTaskRequest(
            id: request.id,
            bundle: directory,
            rootfs: mounts.map { Shim.Mount(type: $0.type, source: $0.source, options: $0.options) },
            terminal: request.spec.process?.terminal ?? false,
            stdin: request.stdin ? BundleFiles.stdin(directory) : "",
            stdout: log,
            stderr: log,
            options: try Self.options(request.runtime)
        )
        let response = try await shim.attempt(
            shim.taskService,
            "Create",
            create,
            expecting: Shim.CreateTaskResponse.self,
            tolerating: { $0.code == .alreadyExists }
        )
        let said = warnings + Self.warnings(directory)
        if let response { return CreatedTask(pid: Int32(bitPattern: response.pid), warnings: said) }
        return CreatedTask(pid: try await state(request.id, sandboxID: request.sandboxID).pid, warnings: said)
    }

    static func options(_ handler: RuntimeHandler?) throws(CoreError) -> Shim.AnyMessage? {
        guard let handler else { return nil }
        do {
            return try handler.encodedOptions()
        } catch {
            throw .runtimeHandler(handler.name, error.description)
        }
    }

    /// What our shim could not do as the spec wants it: sentences that it left in the bundle.
    private static func warnings(_ directory: String) -> [String] {
        let file = directory + "/warnings.json"
        // Most often none.
        guard Files.exists(file), let value = try? JSONValue(parsing: Files.read(file)) else { return [] }
        return value.arrayValue?.compactMap(\.stringValue) ?? []
    }

    /// The shim that answers for a container: its sandbox's own, or one of somebody else.
    func shim(of id: String, sandboxID: String) async throws -> ShimConnection {
        try await sandboxes.connection(to: try record(id)?.foreign == nil ? sandboxID : id)
    }

    /// What the bundle says; nil if there is none.
    func record(_ id: String) throws -> ContainerRecord? {
        if let known = records.withLock({ $0[id] }) { return known }
        guard let record = try ContainerRecord.read(bundle(id)) else { return nil }
        records.withLock { $0[id] = record }
        try? files.watch(ContainerRecord.file(bundle(id)))  // without inotify nobody tells when it goes
        return record
    }

    /// The containers of a sandbox that this process has to do with, whatever is left of their bundles.
    func known(in sandboxID: String) -> [String] {
        records.withLock { records in records.filter { $0.value.sandboxID == sandboxID }.map(\.key) }
    }

    /// Ends a container's processes past its shim, which cannot do so without the bundle. Its end is told as any other.
    func killProcesses(of id: String) throws(SysError) {
        guard let cgroup = cgroup(of: id) else { return }
        lost.withLock { _ = $0.insert(id) }
        try CgroupMembers.kill(cgroup)
    }

    /// Takes note that the shim of these containers is ended for want of its files.
    func noteLost(sandboxID: String) {
        let ids = known(in: sandboxID)
        lost.withLock { $0.formUnion(ids) }
    }

    private func cgroup(of id: String) -> String? {
        guard let cgroup = records.withLock({ $0[id] })?.cgroup, PathText.isAbsolute(cgroup) else { return nil }
        return cgroup
    }

    /// Removes the cgroup of a container whose shim found nothing any more that tells of it.
    private func removeLostCgroup(of id: String) async throws {
        guard lost.withLock({ $0.remove(id) }) != nil, let cgroup = cgroup(of: id) else { return }
        try await pool.run {
            do {
                try EmptyCgroups.remove(cgroup)
            } catch let error as SysError {
                throw CoreError.system(step: "remove the cgroup of container \(id.prefix(12))", error)
            }
        }
    }

    /// Lets the container's process go on. A task that runs or has ended already is fine.
    func start(_ id: String, sandboxID: String) async throws {
        if try record(id)?.foreign != nil { return try await startForeign(id, sandboxID: sandboxID) }
        let shim = try await shim(of: id, sandboxID: sandboxID)
        let response = try await shim.attempt(
            shim.taskService,
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
        let shim = try await shim(of: id, sandboxID: sandboxID)
        let kill = Shim.KillRequest(id: id, signal: UInt32(bitPattern: signal), all: all)
        _ = try await shim.attempt(
            shim.taskService,
            "Kill",
            kill,
            expecting: Shim.Empty.self,
            tolerating: { $0.code == .notFound }
        )
    }

    /// Waits, as long as it takes, until the container has ended and its output is in the log file.
    func wait(_ id: String, sandboxID: String) async throws -> TaskExit {
        if try record(id)?.foreign != nil { return try await waitForeign(id, sandboxID: sandboxID) }
        let shim = try await sandboxes.connection(to: sandboxID)
        let wait = Shim.WaitRequest(id: id)
        let response: Shim.WaitResponse = try await shim.call(shim.taskService, "Wait", wait, timeout: nil)
        let told = Self.exit(id, pid: 0, status: response.exitStatus, at: response.exitedAt, oomKilled: false)
        var exit = exitOnDisk(id) ?? told
        exit.lostItsFiles = lost.withLock { $0.contains(id) }
        return exit
    }

    /// What the shim says of a task; what its files say when the shim is gone.
    func state(_ id: String, sandboxID: String) async throws -> TaskState {
        let isForeign = try record(id)?.foreign != nil
        if isForeign, let exit = exitOnDisk(id) {
            return TaskState(id: id, status: .stopped, pid: exit.pid, exit: exit)
        }
        switch try await askState(id, sandboxID: sandboxID) {
        case .known(let response): return Self.state(id, response, exit: exitOnDisk(id))
        case .lost where isForeign && !sandboxes.isClosed: return try await stateAfterLoss(id, sandboxID: sandboxID)
        case .lost, .unknown:
            guard let exit = exitOnDisk(id) else { return TaskState(id: id, status: .unknown, pid: 0) }
            return TaskState(id: id, status: .stopped, pid: exit.pid, exit: exit)
        }
    }

    private static func state(_ id: String, _ response: Shim.StateResponse, exit: TaskExit?) -> TaskState {
        let pid = Int32(bitPattern: response.pid)
        switch response.status {
        case .created: return TaskState(id: id, status: .created, pid: pid)
        case .running: return TaskState(id: id, status: .running, pid: pid)
        case .paused, .pausing: return TaskState(id: id, status: .paused, pid: pid)
        case .stopped:
            let told = Self.exit(
                id,
                pid: pid,
                status: response.exitStatus,
                at: response.exitedAt,
                oomKilled: false
            )
            return TaskState(id: id, status: .stopped, pid: pid, exit: exit ?? told)
        default: return TaskState(id: id, status: .unknown, pid: pid)
        }
    }

    static func exit(
        _ id: String,
        pid: Int32,
        status: UInt32,
        at: Shim.Timestamp?,
        oomKilled: Bool
    ) -> TaskExit {
        TaskExit(
            containerID: id,
            pid: pid,
            status: Int32(bitPattern: status),
            exitedAt: at.map(Self.microseconds) ?? 0,
            oomKilled: oomKilled
        )
    }

    private enum Answer {
        case known(Shim.StateResponse)
        /// The shim does not know the task.
        case unknown
        /// The shim is gone.
        case lost
    }

    private func askState(_ id: String, sandboxID: String) async throws -> Answer {
        do {
            let shim = try await shim(of: id, sandboxID: sandboxID)
            return .known(try await shim.call(shim.taskService, "State", Shim.StateRequest(id: id)))
        } catch let error as CoreError {
            if error.isDisconnected { return .lost }
            if error.code == .notFound { return .unknown }
            throw error
        }
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
        let record = try record(id)
        files.forget(ContainerRecord.file(directory))
        if let foreign = record?.foreign {
            try await removeForeign(id, sandboxID: sandboxID, foreign)
        } else if try await askDelete(id, sandboxID: sandboxID) == nil {
            let process = ShimProcess(configuration: configuration, namespace: namespace, id: id)
            try await pool.run { if Files.exists(directory) { try process.delete(bundle: directory) } }
        }
        try await pool.run { [snapshots] in
            do {
                try Files.removeTree(directory)
            } catch let error as SysError {
                throw CoreError.system(step: "remove the bundle of container \(id.prefix(12))", error)
            }
            do {
                try snapshots.remove(key: id)
            } catch let error as ImageError {
                throw CoreError.image(error)
            }
        }
        try await removeLostCgroup(of: id)
        _ = records.withLock { $0.removeValue(forKey: id) }
    }

    /// The shim's answer; nil if the shim is gone or does not know the task.
    func askDelete(_ id: String, sandboxID: String) async throws -> Shim.DeleteResponse? {
        guard let shim = try? await shim(of: id, sandboxID: sandboxID) else { return nil }  // cleaned up without it
        return try await shim.attempt(
            shim.taskService,
            "Delete",
            Shim.DeleteRequest(id: id),
            expecting: Shim.DeleteResponse.self,
            tolerating: { $0.isGone }
        )
    }

    /// Which sandbox a bundle's container belongs to, or nil if the bundle is a sandbox's own.
    func sandbox(ofBundle id: String) throws -> String? { try record(id)?.sandboxID }

    /// The exit that was written to the container's bundle before anybody was told.
    func exitOnDisk(_ id: String) -> TaskExit? { ExitFile.read(id, bundle: bundle(id)) }

    static func microseconds(_ timestamp: Shim.Timestamp) -> Int64 {
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

    /// - Returns: What of the spec this machine cannot do, and a foreign runtime would fail on.
    private static func writeBundle(_ directory: String, _ request: ContainerRequest) throws -> [String] {
        var spec = request.spec
        spec.root = RuntimeSpec.Root(path: "rootfs", readonly: spec.root?.readonly)
        var record = ContainerRecord(
            id: request.id,
            sandboxID: request.sandboxID,
            image: request.image.record.name,
            cgroup: spec.linux?.cgroupsPath,
            labels: request.labels
        )
        var warnings: [String] = []
        if let handler = request.runtime, !handler.isOurs {
            record.foreign = ContainerRecord.ForeignShim(handler: handler.name, program: try handler.program())
            (spec, warnings) = ForeignSpec.fit(
                spec,
                rights: try ForeignSpec.rights(),
                systemdCgroups: handler.usesSystemdCgroups
            )
        }
        do {
            try Files.makeDirectories(directory, mode: 0o700)
            try Files.makeDirectories(directory + "/rootfs", mode: 0o755)
            try Files.write(directory + "/config.json", JSONCoding.encode(spec), mode: 0o600)
            let fifo = BundleFiles.stdin(directory)
            if request.stdin, !Files.exists(fifo) { try Files.makeFIFO(fifo, mode: 0o600) }
            try record.write(directory)
        } catch let error as SysError {
            throw CoreError.system(step: "write the bundle of container \(request.id.prefix(12))", error)
        }
        return warnings
    }
}

/// A task that waits to be started.
package struct CreatedTask: Hashable, Sendable {
    /// Of the container's first process, in the host's pid namespace.
    package var pid: Int32
    /// What the machine did not allow: clamped limits, capabilities that are not held.
    package var warnings: [String]
}
