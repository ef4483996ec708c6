import Linux
package import OCI

extension Container {
    /// Freezes every process.
    ///
    /// - Throws: `.wrongState` unless it is running or created.
    package func pause() throws(RuntimeError) {
        let now = try status()
        guard now == .running || now == .created else {
            throw RuntimeError(
                .wrongState,
                step: "pause",
                subject: id,
                cause: "container not running or created: \(now.rawValue)"
            )
        }
        try cgroup.setFrozen(true)
    }

    /// Changes the limits.
    ///
    /// - Parameters:
    ///   - cache: Schemas of its resctrl group, which is made if it has none.
    ///   - warn: Is told what this machine cannot limit.
    /// - Throws: `.wrongState` for a container that has stopped.
    package func update(
        _ resources: RuntimeSpec.Resources,
        cache: RuntimeSpec.IntelRdt? = nil,
        warn: (String) -> Void = { _ in }
    ) throws(RuntimeError) {
        if try status() == .stopped {
            throw RuntimeError(.wrongState, step: "update", subject: id, cause: "container not running")
        }
        // First whatever can be refused without having changed anything.
        let change = try cache.map { wanted throws(RuntimeError) in
            try CacheChange(wanted, id: id, group: stored.resctrlGroup, mountPoint: try CacheAllocation.mountPoint())
        }
        let undo = try change.map { change throws(RuntimeError) in try apply(change) }
        do throws(RuntimeError) {
            try cgroup.update(resources)
        } catch {
            guard let undo else { throw error }
            let told = undo.explained(error)
            try stored.write(directory)
            throw told
        }
        for warning in CgroupLimits.warnings(resources, mode: cgroup.layout.mode) { warn(warning) }
    }

    private func apply(_ change: CacheChange) throws(RuntimeError) -> CacheUndo {
        if change.makesGroup {
            // Written before it is made, so that `delete` finds it.
            var changed = stored
            changed.resctrlGroup = change.directory
            changed.resctrlGroups = (stored.resctrlGroups ?? []) + [change.directory]
            try changed.write(directory)
        }
        do throws(RuntimeError) {
            return try change.apply(to: try processes())
        } catch {
            try stored.write(directory)
            throw error
        }
    }

    /// Thaws every process.
    package func resume() throws(RuntimeError) {
        guard try status() == .paused else {
            throw RuntimeError(.wrongState, step: "resume", subject: id, cause: "container not paused")
        }
        try cgroup.setFrozen(false)
    }

    /// Removes a container by name; with `force` also one that does not exist or whose state cannot be read.
    package static func delete(
        id: String,
        force: Bool,
        root: RuntimeRoot,
        warn: (String) -> Void = { _ in }
    ) throws(RuntimeError) {
        try ContainerID.check(id)
        let container: Container
        do {
            container = try load(id: id, root: root)
        } catch {
            let directory = root.directory(id)
            if error.kind == .notFound, try removeInterrupted(id, root) { return }
            guard force else { throw error }
            // By a damaged disk: a directory without a readable state.
            if Files.exists(directory) { try ContainerRemains(id: id, directory: directory).remove(warn: warn) }
            return
        }
        try container.delete(force: force, warn: warn)
    }

    /// Takes away what a create left that was killed before there was a process. Its directory must be claimed.
    ///
    /// - Returns: false if there is a container.
    static func clearInterrupted(_ id: String, _ root: RuntimeRoot) throws(RuntimeError) -> Bool {
        let directory = root.directory(id)
        if Files.exists(directory + "/" + InitProcess.fileName) { return false }
        if Files.exists(directory + "/" + StoredState.fileName) {
            let stored = try StoredState.read(directory, id: id)
            try Container(stored: stored, initProcess: nil, root: root).delete()
        } else {
            try doing("remove the state") { () throws(SysError) in try Files.removeTree(directory) }
        }
        return true
    }

    /// - Returns: false if there is nothing, or somebody is making it.
    private static func removeInterrupted(_ id: String, _ root: RuntimeRoot) throws(RuntimeError) -> Bool {
        let directory = root.directory(id)
        guard Files.exists(directory) else { return false }
        let claim: CreateClaim
        do {
            claim = try CreateClaim(directory, id: id) { () throws(RuntimeError) in try clearInterrupted(id, root) }
        } catch  where error.kind == .exists {
            return false
        }
        try doing("remove the state") { () throws(SysError) in try Files.removeDirectory(directory) }
        withExtendedLifetime(claim) {}
        return true
    }
}
