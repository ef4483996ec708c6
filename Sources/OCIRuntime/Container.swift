import JSON
package import Linux
package import OCI

/// A container that exists: a handle to its state directory.
package struct Container: Sendable {
    package let id: String
    package let root: RuntimeRoot
    let stored: StoredState
    /// nil while it is being made, and for ever if that was interrupted.
    let initProcess: InitProcess?
    /// Somebody is making it at this moment.
    let isBeingMade: Bool
    let directory: String

    static let startFIFO = "exec.fifo"
    static let resultFIFO = "exec.result"

    init(stored: StoredState, initProcess: InitProcess?, root: RuntimeRoot, isBeingMade: Bool = false) {
        self.initProcess = initProcess
        self.isBeingMade = isBeingMade
        id = stored.id
        self.root = root
        self.stored = stored
        directory = root.directory(stored.id)
    }

    /// Opens a container that was made earlier, by this or another process.
    ///
    /// - Throws: `.notFound`, `.invalid` for a bad id.
    package static func load(id: String, root: RuntimeRoot) throws(RuntimeError) -> Container {
        try ContainerID.check(id)
        let directory = root.directory(id)
        let stored = try StoredState.read(directory, id: id)
        // The claim first: a create that ends meanwhile has written the file of its process by then.
        let isBeingMade = try CreateClaim.isHeld(directory)
        let initProcess = try InitProcess.read(directory)
        if initProcess != nil || isBeingMade {
            return Container(stored: stored, initProcess: initProcess, root: root, isBeingMade: isBeingMade)
        }
        // Interrupted, or just finished.
        return Container(stored: stored, initProcess: try InitProcess.read(directory), root: root)
    }

    /// The init process in the caller's pid namespace; it may have ended. 0 before there is one.
    package var pid: Int32 { initProcess?.pid ?? 0 }

    package var cgroup: Cgroup { Cgroup(stored.layout) }

    package var bundle: String { stored.bundle }

    /// When it was made, in RFC 3339.
    package var created: String { stored.created }

    package var rootfs: String { stored.rootfs }

    /// The user id of the caller who made it.
    package var owner: UInt32 { stored.owner }

    /// What the container is doing now.
    package func state() throws(RuntimeError) -> ContainerState {
        stored.described(try status(), pid: initProcess?.pid)
    }

    func status() throws(RuntimeError) -> ContainerState.Status {
        if initProcess == nil { return isBeingMade ? .creating : .stopped }
        guard try isAlive() else { return .stopped }
        // Its hooks run, for example.
        if isBeingMade { return .creating }
        if cgroup.isFrozen() { return .paused }
        return Files.exists(directory + "/" + Self.startFIFO) ? .created : .running
    }

    private func isAlive() throws(RuntimeError) -> Bool { try initProcess?.isAlive() ?? false }

    /// The init process by descriptor; nil if it has ended.
    func process() throws(RuntimeError) -> ProcessDescriptor? { try initProcess?.open() }

    /// The init process by descriptor; nil if it has ended or the container is still being made.
    package func running() throws(RuntimeError) -> ProcessDescriptor? { try process() }

    /// Every process of the container, as pids of the caller's namespace.
    package func processes() throws(RuntimeError) -> [Int32] { try cgroup.processes() }

    /// Where the kernel reports that it killed for lack of memory.
    package var oomSource: Cgroup.OOMSource? { cgroup.oomSource }

    /// How many processes the kernel has killed for lack of memory.
    package func oomCount() -> Int { cgroup.oomKills() }

    // MARK: Start

    /// Lets the init process execute the user's program.
    ///
    /// Returns when the program has replaced it.
    /// - Throws: `.wrongState` unless the container is created; the reason if the program cannot be executed or if a
    ///   startContainer or poststart hook failed, which ends the container (runtime.md, "Lifecycle").
    package func start() throws(RuntimeError) {
        switch try status() {
        case .created: break
        case .creating:
            throw RuntimeError(.wrongState, step: "start", subject: id, cause: "the container is still being created")
        case .stopped:
            throw RuntimeError(
                .wrongState,
                step: "start",
                subject: id,
                cause: "cannot start a container that has stopped"
            )
        case .running, .paused:
            throw RuntimeError(
                .wrongState,
                step: "start",
                subject: id,
                cause: "cannot start an already running container"
            )
        }
        try start { () throws(SysError) in
            let record = try release()
            if record.isEmpty { return nil }
            guard let failure = StagedChild.failure(inRecord: record) else {
                throw SysError(call: "read", subject: "the start pipe", errno: Errno(71))  // EPROTO
            }
            return (failure.errno, failure.note)
        }
    }

    /// The start itself, between its hooks.
    ///
    /// - Parameter release: Lets the child go on; what came back instead of success, if something did.
    func start(
        release: () throws(SysError) -> (errno: Errno, note: String)?
    ) throws(RuntimeError) {
        // config.md, "Process": optional, and "REQUIRED when start is called".
        if stored.withoutProcess == true {
            throw RuntimeError(
                .invalid,
                step: "start",
                subject: id,
                cause: "its config.json has no process: there is no program to start",
                hint: "delete it and create it with a process"
            )
        }
        try runStartHooks()
        if let failure = try doing("start", { () throws(SysError) in try release() }) {
            throw StagedChild.error([.execute], step: 0, errno: failure.errno, note: failure.note)
        }
        guard let hooks = stored.hooks?.poststart, !hooks.isEmpty else { return }
        let state = stored.described(.running, pid: initProcess?.pid)
        do {
            try HookRunner(state: state, target: -1, rootfs: stored.rootfs).run(hooks, .poststart)
        } catch {
            // The hook's failure is what must be told; `delete` tries again to end what does not.
            try? initProcess?.end(in: cgroup, of: id)
            throw error
        }
    }

    /// Tells the waiting init to go on, and waits until it has: the end of the result pipe is the success.
    private func release() throws(SysError) -> [UInt8] {
        let resultPath = directory + "/" + Self.resultFIFO
        let startPath = directory + "/" + Self.startFIFO
        let result = try Descriptor.open(resultPath, Descriptor.readOnly | Descriptor.nonBlocking)
        do {
            let start = try Descriptor.open(startPath, Descriptor.writeOnly | Descriptor.nonBlocking)
            try Files.remove(startPath)
            try Files.writeAll(start.raw, [0x30], subject: startPath)
        }
        try result.setBlocking()
        let record = try Files.readAll(result.raw, subject: resultPath, limit: 4096)
        try Files.remove(resultPath)
        return record
    }

    // MARK: Kill and delete

    /// Sends a signal to the init process, or to every process of the container.
    ///
    /// - Throws: `.wrongState` if the container has stopped (with `all` only if nothing is left in its cgroups).
    package func kill(signal: Int32, all: Bool = false) throws(RuntimeError) {
        // Without a pid namespace of its own nothing else would end the other processes.
        if all || signal == 9 && !stored.ownPidNamespace {
            let left = try processes()
            if left.isEmpty { throw notRunning }
            try cgroup.signalAll(signal)
            return
        }
        guard let process = try process() else { throw notRunning }
        do {
            try process.signal(signal)
        } catch  where error.errno == .noProcess {
            throw notRunning
        } catch {
            throw RuntimeError(error, step: "kill")
        }
        // A frozen process would get the signal only when it is thawed; SIGKILL shall not wait for that.
        if signal == 9, cgroup.isFrozen() { try cgroup.setFrozen(false) }
    }

    /// The usual files by name, which is much less than a walk; that finds what else there may be.
    ///
    /// - Returns: false if somebody else removed it at this moment: another delete, or the create that this one ended.
    private func removeState() throws(SysError) -> Bool {
        do {
            return try removeState(held: Descriptor.openDirectory(directory))
        } catch  where error.errno == .noEntry {
            return false
        }
    }

    private func removeState(held: borrowing Descriptor) throws(SysError) -> Bool {
        // No create may take what is half removed for the remains of another.
        _ = try held.lock(waits: false)
        let usual = [
            StoredState.fileName, InitProcess.fileName, Self.startFIFO, Self.resultFIFO, Self.keptConfiguration,
        ]
        for name in usual {
            try? Files.remove("\(directory)/\(name)")  // the walk below finds what stays
        }
        do {
            try Files.removeDirectory(directory)
            return true
        } catch  where error.errno == .noEntry {
            return false
        } catch {}
        var left = 100
        // Another container of this name must not lose its state.
        while Files.isSame(held.raw, directory) {
            do {
                try Files.removeTree(directory)
                return true
            } catch {
                // Files come and go while two remove it.
                left -= 1
                if left == 0 { throw error }
            }
        }
        return false
    }

    private var notRunning: RuntimeError {
        RuntimeError(.wrongState, step: "kill", subject: id, cause: "container not running")
    }

    /// Removes a container with its cgroups and its state.
    ///
    /// - Parameters:
    ///   - force: Kills what still runs. Without it only a stopped or merely created container is removed.
    ///   - warn: Is told which poststop hooks failed.
    package func delete(force: Bool = false, warn: (String) -> Void = { _ in }) throws(RuntimeError) {
        let status = try status()
        if !force, status == .running || status == .paused || status == .creating {
            throw RuntimeError(
                .wrongState,
                step: "delete",
                subject: id,
                cause: "cannot delete container \(id) that is not stopped: \(status.rawValue)",
                hint: "kill it first, or delete with force"
            )
        }
        try initProcess?.end(in: cgroup, of: id)
        // What joined the container without its pid namespace, or runs in the host's.
        let left = try processes()
        if !left.isEmpty { try cgroup.signalAll(9) }
        try cgroup.destroy()
        if let before = stored.mountsBefore { try HostMounts.remove(below: stored.rootfs, keeping: before) }
        try CacheAllocation.remove(stored.resctrlGroups ?? [])
        let isOurs = try doing("remove the state") { () throws(SysError) in try removeState() }
        // Who removes the state runs the hooks, once.
        guard isOurs else {
            if force { return }
            throw RuntimeError(.notFound, step: "container", subject: "\"\(id)\"", cause: "container does not exist")
        }
        if let hooks = stored.hooks?.poststop, !hooks.isEmpty {
            let state = stored.described(.stopped, pid: nil)
            HookRunner(state: state, target: -1, rootfs: stored.rootfs).runAll(hooks, .poststop, warn: warn)
        }
    }
}
