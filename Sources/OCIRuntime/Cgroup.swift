import Linux
package import OCI

/// The cgroups of one container: made, limited, listed, killed and removed.
package struct Cgroup: Sendable {
    package let layout: CgroupLayout

    package init(_ layout: CgroupLayout) { self.layout = layout }

    // MARK: Making

    /// Makes the directories and sets the limits. The first process joins later, by `cgroup.procs`.
    package func create(_ resources: RuntimeSpec.Resources) throws(RuntimeError) {
        for tree in layout.trees {
            try doing("make the cgroup") { () throws(SysError) in try makeDirectory(tree) }
        }
        try apply(resources)
        try applyDevices(try DeviceRules(resources.devices ?? []))
    }

    /// Sets limits on existing cgroups.
    package func apply(_ resources: RuntimeSpec.Resources) throws(RuntimeError) {
        guard layout.mode != .v2 else {
            guard let tree = layout.unified else { return }
            for write in try CgroupLimits.v2(resources) { try put(write, in: tree) }
            return
        }
        if let first = resources.unified?.keys.sorted().first {
            throw RuntimeError(
                .unsupported,
                step: "set the cgroup value",
                subject: first,
                cause: "this host uses cgroup v1"
            )
        }
        for write in try inAcceptableOrder(CgroupLimits.v1(resources)) {
            guard let tree = layout.tree(write.controller) else {
                throw RuntimeError(
                    .unsupported,
                    step: "set the cgroup limit",
                    subject: write.file,
                    cause: "the \(write.controller) controller is not mounted on this host",
                    hint: "remove the limit or mount the controller"
                )
            }
            try put(write, in: tree)
        }
    }

    /// "memory and swap" must never be below "memory": when both rise, the sum goes first.
    private func inAcceptableOrder(_ writes: [CgroupWrite]) throws(RuntimeError) -> [CgroupWrite] {
        guard let sum = writes.firstIndex(where: { $0.file == "memory.memsw.limit_in_bytes" }),
            let limit = writes.firstIndex(where: { $0.file == "memory.limit_in_bytes" }),
            let tree = layout.tree("memory")
        else { return writes }
        let now = try doing("read the cgroup limit") { () throws(SysError) in
            try Files.readText(tree.path + "/memory.memsw.limit_in_bytes")
        }
        return CgroupLimits.isRising(from: now, to: writes[limit].value) ? writes.swapping(sum, limit) : writes
    }

    private func put(_ write: CgroupWrite, in tree: CgroupLayout.Tree) throws(RuntimeError) {
        let path = tree.path + "/" + write.file
        do {
            try Files.put(write.value, to: path)
        } catch {
            let absent = error.errno == .noEntry
            throw RuntimeError(
                error,
                step: "set the cgroup limit",
                hint: absent ? "this kernel or cgroup has no \(write.file)" : nil
            )
        }
    }

    private func applyDevices(_ rules: DeviceRules) throws(RuntimeError) {
        if rules.allowsEverything { return }
        if layout.mode == .v2 {
            guard let tree = layout.unified else { return }
            try doing("set the device rules") { () throws(SysError) in try DeviceFilter.attach(rules, to: tree.path) }
            return
        }
        guard let tree = layout.tree("devices") else {
            throw RuntimeError(
                .unsupported,
                step: "set the device rules",
                cause: "the devices controller is not mounted on this host",
                hint: "allow all devices in linux.resources.devices to run without"
            )
        }
        for write in rules.v1 { try put(write, in: tree) }
    }

    private func makeDirectory(_ tree: CgroupLayout.Tree) throws(SysError) {
        if tree.hierarchy.has("cpuset") {
            try makeCpuset(tree.path, top: tree.hierarchy.mountPoint)
        } else {
            try Files.makeDirectories(tree.path)
        }
        if layout.mode == .v2 { try enableControllers(tree) }
    }

    /// A new cpuset of version 1 has no CPUs and no memory nodes, and nothing can join it so: it takes its parent's.
    private func makeCpuset(_ path: String, top: String) throws(SysError) {
        guard path != top, let slash = path.lastIndex(of: "/") else { return }
        let parent = String(path[..<slash])
        if !Files.exists(path) {
            try makeCpuset(parent, top: top)
            try Files.makeDirectories(path)
        }
        for file in ["cpuset.cpus", "cpuset.mems"] where try Files.readText(path + "/" + file).isEmpty {
            if try Files.readText(parent + "/" + file).isEmpty { try makeCpuset(parent, top: top) }
            try Files.put(try Files.readText(parent + "/" + file), to: path + "/" + file)
        }
    }

    /// Passes every controller down to the container's cgroup. One that cannot be enabled is missed by the limit that needs it.
    private func enableControllers(_ tree: CgroupLayout.Tree) throws(SysError) {
        let top = tree.hierarchy.mountPoint
        var directory = top
        for part in tree.path.dropFirst(top.utf8.count).split(separator: "/") {
            let available = try Files.readText(directory + "/cgroup.controllers").split(separator: " ")
            let enabled = try Files.readText(directory + "/cgroup.subtree_control").split(separator: " ")
            let missing = available.filter { !enabled.contains($0) }
            if !missing.isEmpty {
                do {
                    try Files.put(
                        missing.map { "+" + $0 }.joined(separator: " "),
                        to: directory + "/cgroup.subtree_control"
                    )
                } catch {
                    for controller in missing {
                        // Says itself later: the file of the limit is then absent.
                        try? Files.put("+" + controller, to: directory + "/cgroup.subtree_control")
                    }
                }
            }
            directory += "/" + part
        }
    }

    // MARK: Processes

    /// The tree whose process list is asked.
    private var reference: CgroupLayout.Tree? {
        layout.unified ?? layout.tree("pids") ?? layout.tree("memory") ?? layout.trees.first
    }

    /// Every process of the container, in its cgroups and those below, as pids of the caller's namespace.
    package func processes() throws(RuntimeError) -> [Int32] {
        guard let tree = reference else { return [] }
        return try doing("list the processes") { () throws(SysError) in try Self.processes(tree.path) }
    }

    private static func processes(_ path: String) throws(SysError) -> [Int32] {
        var pids: [Int32] = []
        do {
            pids = try Files.readText(path + "/cgroup.procs").split(separator: "\n").compactMap { Int32($0) }
            for child in try children(path) { pids += try processes(child) }
        } catch  where error.errno == .noEntry || error.errno == Errno(19) {
            // Removed meanwhile.
        }
        return pids
    }

    private static func children(_ path: String) throws(SysError) -> [String] {
        try Files.list(path).map { path + "/" + $0 }.filter { Files.isDirectory($0) }
    }

    /// Sends a signal to every process. SIGKILL misses none, however fast they fork.
    package func signalAll(_ signal: Int32) throws(RuntimeError) {
        if signal == 9, let tree = layout.unified, Files.exists(tree.path + "/cgroup.kill") {
            try doing("kill the container") { () throws(SysError) in
                do throws(SysError) {
                    try Files.put("1", to: tree.path + "/cgroup.kill")
                } catch  where error.errno == .noEntry || error.errno == Errno(19) {}
            }
            return
        }
        // Frozen processes cannot fork away; a freezer that is missing costs only that.
        if signal == 9 { try? setFrozen(true) }
        defer { if signal == 9 { try? setFrozen(false) } }  // as above
        for pid in try processes() {
            do {
                try ProcessDescriptor(pid: pid).signal(signal)
            } catch  where error.errno == .noProcess {
                continue
            } catch {
                throw RuntimeError(error, step: "kill the container")
            }
        }
    }

    /// Stops or resumes every process.
    package func setFrozen(_ frozen: Bool) throws(RuntimeError) {
        try doing(frozen ? "freeze the container" : "thaw the container") { () throws(SysError) in
            if let tree = layout.tree("freezer") {
                try Files.put(frozen ? "FROZEN" : "THAWED", to: tree.path + "/freezer.state")
            } else if let tree = layout.unified {
                try Files.put(frozen ? "1" : "0", to: tree.path + "/cgroup.freeze")
            } else {
                throw SysError(call: "open", subject: "freezer", errno: .notSupported)
            }
        }
    }

    /// True if the container is frozen (or on the way there).
    package func isFrozen() -> Bool {
        if let tree = layout.tree("freezer") {
            // A cgroup that is gone is not frozen.
            return (try? Files.readText(tree.path + "/freezer.state")).map { $0 != "THAWED" } ?? false
        }
        guard layout.mode == .v2, let tree = layout.unified else { return false }
        // As above.
        return (try? Files.readText(tree.path + "/cgroup.freeze")) == "1"
    }

    // MARK: Out of memory

    /// Where the kernel says that it killed for lack of memory.
    package enum OOMSource: Hashable, Sendable {
        /// Version 1: an eventfd registered in `cgroup.event_control` for `memory.oom_control`.
        case eventControl(directory: String)
        /// Version 2: `memory.events`, watched by inotify or poll, its line "oom_kill N".
        case memoryEvents(path: String)
    }

    package var oomSource: OOMSource? {
        if layout.mode == .v2 { return layout.unified.map { .memoryEvents(path: $0.path + "/memory.events") } }
        return layout.tree("memory").map { .eventControl(directory: $0.path) }
    }

    /// How many processes the kernel has killed here for lack of memory.
    package func oomKills() -> Int {
        let path: String
        switch oomSource {
        case .eventControl(let directory): path = directory + "/memory.oom_control"
        case .memoryEvents(let events): path = events
        case nil: return 0
        }
        // Gone with the container: nothing to count.
        guard let text = try? Files.readText(path) else { return 0 }
        for line in text.split(separator: "\n") where line.hasPrefix("oom_kill ") {
            return Int(line.dropFirst(9)) ?? 0
        }
        return 0
    }

    // MARK: Removing

    /// Removes the directories with those below; missing ones are fine.
    ///
    /// The processes must be dead; the kernel may need a moment to let go of them.
    package func destroy() throws(RuntimeError) {
        for tree in layout.trees {
            try doing("remove the cgroup") { () throws(SysError) in try Self.remove(tree.path) }
        }
    }

    private static func remove(_ path: String) throws(SysError) {
        var pause: UInt32 = 200
        while true {
            do {
                try Files.removeDirectory(path)
                return
            } catch  where error.errno == .noEntry {
                return
            } catch  where error.errno == .busy && pause < 400_000 {
                for child in try children(path) { try remove(child) }
                Pause.microseconds(pause)
                pause *= 2
            }
        }
    }
}

extension [CgroupWrite] {
    fileprivate func swapping(_ first: Int, _ second: Int) -> [CgroupWrite] {
        var copy = self
        copy.swapAt(first, second)
        return copy
    }
}
