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
    /// - Parameter warn: Is told what this machine cannot limit.
    /// - Throws: `.wrongState` for a container that has stopped.
    package func update(_ resources: RuntimeSpec.Resources, warn: (String) -> Void = { _ in }) throws(RuntimeError) {
        if try status() == .stopped {
            throw RuntimeError(.wrongState, step: "update", subject: id, cause: "container not running")
        }
        try cgroup.update(resources)
        for warning in CgroupLimits.warnings(resources, mode: cgroup.layout.mode) { warn(warning) }
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
            guard force else { throw error }
            let directory = root.directory(id)
            // By a create that was killed, or by a damaged disk: a directory without a readable state.
            if Files.exists(directory) { try ContainerRemains(id: id, directory: directory).remove(warn: warn) }
            return
        }
        try container.delete(force: force, warn: warn)
    }
}
