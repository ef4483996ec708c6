import Glibc
import Images
import Linux
import OCI
import TTRPC

/// Tasks that a shim of somebody else makes: runc's, Kata's, any that speaks shim v2.
///
/// The pod's own shim holds the namespaces and writes the logs; the other shim gets fifos. Its address, its binary and how
/// the container ended are in the container's bundle, so that the next agent goes on where this one stopped.
extension TaskService {
    private static let createdMark = "/created"
    private static let startingMark = "/starting"
    private static let outOfMemoryMark = "/oom"

    /// Starts the shim, or finds the one of the pod, and has it create the task.
    ///
    /// - Returns: The process id of the container's init.
    func createForeign(
        _ request: ContainerRequest,
        _ handler: RuntimeHandler,
        rootfs: [Images.Mount]
    ) async throws -> Int32 {
        let (id, directory) = (request.id, bundle(request.id))
        let terminal = request.spec.process?.terminal ?? false
        let pipes = StdioPipes(directory, terminal: terminal)
        let process = ShimProcess(
            configuration: configuration,
            namespace: namespace,
            id: id,
            foreign: try handler.program()
        )
        try await pool.run {
            do {
                try pipes.make()
                // Runtimes make their cgroup step by step, and fail if a step vanishes under them.
                if let cgroup = request.spec.linux?.cgroupsPath, cgroup.hasPrefix("/"),
                    let slash = cgroup.lastIndex(of: "/"), slash != cgroup.startIndex
                {
                    try EmptyCgroups.make(String(cgroup[..<slash]))
                }
                // Shims write their own log to what they find under this name; without it they do not start.
                if !Files.exists(directory + "/log") { try Files.write(directory + "/log", [], mode: 0o600) }
            } catch let error as SysError {
                throw CoreError.system(step: "make the fifos of container \(id.prefix(12))", error)
            }
        }
        if ShimAddress.load(directory) != nil {
            // An attempt that nobody saw the end of: an agent was killed in it.
            let known = try await state(id, sandboxID: request.sandboxID)
            if known.status != .unknown { return known.pid }
            try await clearForeign(process, sandboxID: request.sandboxID)
        }
        let pod = try await sandboxes.connection(to: request.sandboxID)
        _ = try await pod.attempt(
            Shim.logsService,
            "Open",
            Shim.OpenLogRequest(
                id: id,
                stdout: pipes.output,
                stderr: pipes.errors,
                target: request.logTarget(bundle: directory)
            ),
            expecting: Shim.Empty.self,
            tolerating: { $0.code == .alreadyExists }
        )
        let shim = try await startForeign(process)
        let create = Shim.CreateTaskRequest(
            id: id,
            bundle: directory,
            rootfs: rootfs.map { Shim.Mount(type: $0.type, source: $0.source, options: $0.options) },
            terminal: terminal,
            stdin: request.stdin ? BundleFiles.stdin(directory) : "",
            stdout: pipes.output,
            stderr: pipes.errors,
            options: try Self.options(handler)
        )
        do {
            let response: Shim.CreateTaskResponse = try await shim.call(shim.taskService, "Create", create)
            try await pool.run { try Files.replaceUnsynced(directory + Self.createdMark, with: []) }
            return Int32(bitPattern: response.pid)
        } catch {
            // The next attempt begins anew, and meets what cannot be removed now. The first error is the one to tell.
            if !sandboxes.isClosed { try? await clearForeign(process, sandboxID: request.sandboxID) }
            throw error
        }
    }

    /// Removes what a create that failed, or was cut off, left: runtimes refuse an id that they know already, and a shim
    /// that has opened the fifos and closed them again has ended the reading of them: the next one would wait for ever.
    private func clearForeign(_ process: ShimProcess, sandboxID: String) async throws {
        let directory = bundle(process.id)
        if let shim = sandboxes.release(process.id) {
            _ = try await shim.attempt(
                shim.taskService,
                "Shutdown",
                Shim.ShutdownRequest(id: process.id),
                expecting: Shim.Empty.self,
                tolerating: { _ in true }
            )
            shim.close()
        }
        try await pool.run {
            try Self.clean(process, directory)
        }
        try await finishLog(process.id, sandboxID: sandboxID)
        try await pool.run { ShimAddress.forget(directory) }
    }

    /// Runs the shim's `delete` action. Before a task was created, shims may find too little to clean up, and fail on it.
    private static func clean(_ process: ShimProcess, _ directory: String) throws(CoreError) {
        do {
            try process.delete(bundle: directory)
        } catch {
            if Files.exists(directory + createdMark) { throw error }
        }
    }

    /// Lets the process go on. A start that was cut off may have worked: what the task became says it.
    func startForeign(_ id: String, sandboxID: String) async throws {
        let mark = bundle(id) + Self.startingMark
        let isSecondTry = Files.exists(mark)
        try await pool.run { try Files.replaceUnsynced(mark, with: []) }
        do {
            let shim = try await shim(of: id, sandboxID: sandboxID)
            let _: Shim.StartResponse = try await shim.call(shim.taskService, "Start", Shim.StartRequest(id: id))
        } catch {
            guard isSecondTry else { throw error }
            let status = try await state(id, sandboxID: sandboxID).status
            if status == .created || status == .unknown { throw error }
        }
    }

    private func startForeign(_ process: ShimProcess) async throws -> ShimConnection {
        // A shim of an earlier attempt that still answers is the one to use.
        if let open = try? await sandboxes.connection(to: process.id) { return open }
        let directory = bundle(process.id)
        let address = try await pool.run {
            let address = try process.start()
            try address.save(directory)
            return address
        }
        return try sandboxes.connect(process.id, address)
    }

    /// Waits for the end, keeps it on disk, and only then lets the shim forget the task: so no end is ever lost.
    func waitForeign(_ id: String, sandboxID: String) async throws -> TaskExit {
        if let exit = exitOnDisk(id) { return exit }
        let response: Shim.WaitResponse
        do {
            let shim = try await shim(of: id, sandboxID: sandboxID)
            response = try await shim.call(shim.taskService, "Wait", Shim.WaitRequest(id: id), timeout: nil)
        } catch let error as CoreError where error.isDisconnected && !sandboxes.isClosed {
            guard let exit = try await stateAfterLoss(id, sandboxID: sandboxID).exit else { throw error }
            return exit
        }
        // Runc's shim writes one; others need not.
        let pid = Int32((try? Files.readText(bundle(id) + "/init.pid")) ?? "") ?? 0
        let exit = Self.exit(
            id,
            pid: pid,
            status: response.exitStatus,
            at: response.exitedAt,
            oomKilled: wasShortOfMemory(id)
        )
        try await keep(exit)
        // The shim copies what is left in the container's pipes before it answers.
        _ = try await askDelete(id, sandboxID: sandboxID)
        try await finishLog(id, sandboxID: sandboxID)
        return exit
    }

    private func keep(_ exit: TaskExit) async throws {
        let directory = bundle(exit.containerID)
        try await pool.run {
            do {
                try ExitFile.write(exit, bundle: directory)
            } catch let error as SysError {
                throw CoreError.system(step: "keep the exit of container \(exit.containerID.prefix(12))", error)
            }
        }
    }

    /// The shim is gone: its `delete` action ends what it left and says how, as containerd has it done.
    func stateAfterLoss(_ id: String, sandboxID: String) async throws -> TaskState {
        let directory = bundle(id)
        guard let foreign = try record(id)?.foreign, Files.exists(directory + Self.createdMark) else {
            return TaskState(id: id, status: .unknown, pid: 0)
        }
        let exit: TaskExit
        if let known = exitOnDisk(id) {
            exit = known
        } else {
            let shortOfMemory = wasShortOfMemory(id)
            let process = ShimProcess(
                configuration: configuration,
                namespace: namespace,
                id: id,
                foreign: foreign.program
            )
            let response = try await pool.run { try process.delete(bundle: directory) }
            // A shim that knows nothing of the end says nothing: the process was killed by the cleaning up.
            exit = Self.exit(
                id,
                pid: Int32(bitPattern: response.pid),
                status: response.exitedAt == nil ? 128 + UInt32(SIGKILL) : response.exitStatus,
                at: response.exitedAt,
                oomKilled: shortOfMemory
            )
            try await keep(exit)
        }
        try await finishLog(id, sandboxID: sandboxID)
        return TaskState(id: id, status: .stopped, pid: exit.pid, exit: exit)
    }

    /// Has everything that was written put into the log file, and closes it. A pod's shim that is gone has nothing to add.
    private func finishLog(_ id: String, sandboxID: String) async throws {
        guard let pod = try? await sandboxes.connection(to: sandboxID) else { return }  // as above
        _ = try await pod.attempt(
            Shim.logsService,
            "Finish",
            Shim.FinishLogRequest(id: id),
            expecting: Shim.Empty.self,
            tolerating: { $0.isGone }
        )
    }

    /// Removes what the other shim holds: the task, and the shim itself with its last container.
    func removeForeign(_ id: String, sandboxID: String, _ foreign: ContainerRecord.ForeignShim) async throws {
        let directory = bundle(id)
        let address = ShimAddress.load(directory)
        if let shim = try? await shim(of: id, sandboxID: sandboxID) {  // one that is gone needs no farewell
            _ = try await askDelete(id, sandboxID: sandboxID)
            _ = sandboxes.release(id)
            defer { shim.close() }
            _ = try await shim.attempt(
                shim.taskService,
                "Shutdown",
                Shim.ShutdownRequest(id: id),
                expecting: Shim.Empty.self,
                tolerating: { $0.isGone || $0.code == .unknown }
            )
        }
        let process = ShimProcess(
            configuration: configuration,
            namespace: namespace,
            id: id,
            foreign: foreign.program
        )
        try await pool.run {
            guard Files.exists(directory) else { return }
            // By containerd's rule after every disconnect, even in good order.
            try Self.clean(process, directory)
            // Nothing may be mounted where the tree is removed next: most often nothing is.
            for _ in 0..<8 where unsafe umount2(directory + "/rootfs", Int32(MNT_DETACH | UMOUNT_NOFOLLOW)) != 0 {
                break
            }
            if let address { Self.removeStaleSocket(address.path) }
        }
        try await finishLog(id, sandboxID: sandboxID)
    }

    /// Removes the socket that a shim leaves when it is killed; one that is served stays.
    private static func removeStaleSocket(_ path: String) {
        do {
            _ = try UnixSocket.connect(path)
        } catch {
            if error.errno == Errno(ECONNREFUSED) { _ = unsafe unlink(path) }
        }
    }

    // MARK: Want of memory

    /// Notes in the bundle that the kernel killed in a container for want of memory: it may be told before the end is.
    func noteOutOfMemory(_ id: String) {
        // Our own shim keeps it with the end; a container that is not known has no bundle.
        guard let record = try? record(id), record.foreign != nil else { return }
        // Without the mark the end says less; nothing else depends on it.
        try? Files.replaceUnsynced(bundle(id) + Self.outOfMemoryMark, with: [])
    }

    private func wasShortOfMemory(_ id: String) -> Bool {
        if Files.exists(bundle(id) + Self.outOfMemoryMark) { return true }
        // The event may still be on its way; the cgroup says it too, as long as it is there.
        guard let record = try? record(id), let cgroup = record.cgroup else { return false }  // it was read before
        return CgroupUsage.outOfMemoryKills(cgroup) > 0
    }
}

/// The fifos between a foreign shim, which copies into them, and the pod's shim, which reads them.
struct StdioPipes: Hashable, Sendable {
    let output: String
    /// Empty with a terminal, whose output is one.
    let errors: String

    init(_ bundle: String, terminal: Bool) {
        output = bundle + "/stdout"
        errors = terminal ? "" : bundle + "/stderr"
    }

    func make() throws(SysError) {
        for path in [output, errors] where !path.isEmpty && !Files.exists(path) {
            try Files.makeFIFO(path, mode: 0o600)
        }
    }
}
