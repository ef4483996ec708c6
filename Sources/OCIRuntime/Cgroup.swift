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
        // A container without cgroups is told so by a warning: its devices are limited by its capabilities alone.
        if !layout.trees.isEmpty { try applyDevices(try DeviceRules(resources.devices ?? [])) }
    }

    /// Changes the limits of a container that exists, and its device rules if there are any.
    ///
    /// Everything or nothing: when a value is refused, those set before it are brought back, and the error says so.
    package func update(_ resources: RuntimeSpec.Resources) throws(RuntimeError) {
        try CgroupLimits.check(resources, mode: layout.mode)
        let devices = resources.devices ?? []
        let rules = try DeviceRules(devices)
        var undo: CgroupUndo? = CgroupUndo()
        do throws(RuntimeError) {
            try set(resources, rules: devices.isEmpty ? nil : rules, &undo)
            if let unit = layout.unit {
                // Afterwards, as it checks all its properties before it sets one. But it rounds, and what it sets it writes.
                try SystemdUnits.update(unit, withPeriod(resources), mode: layout.mode)
                try set(resources, rules: devices.isEmpty ? nil : rules, &undo)
            }
        } catch {
            throw undo?.explained(error) ?? error
        }
    }

    private func set(
        _ resources: RuntimeSpec.Resources,
        rules: DeviceRules?,
        _ undo: inout CgroupUndo?
    ) throws(RuntimeError) {
        try apply(resources, &undo)
        guard let rules else { return }
        if layout.mode != .v2, let tree = layout.tree("devices") { undo?.rememberDevices(tree.path) }
        try applyDevices(rules)
    }

    /// systemd has quotas as a share of the time: a quota without a period is one of the period that the cgroup has.
    private func withPeriod(_ resources: RuntimeSpec.Resources) -> RuntimeSpec.Resources {
        guard let cpu = resources.cpu, cpu.quota ?? 0 != 0, cpu.period ?? 0 == 0 else { return resources }
        // What cannot be read is left to the kernel's default, as systemd has it.
        let text =
            layout.mode == .v2
            ? layout.unified.flatMap { try? Files.readText($0.path + "/cpu.max") }  // see above
            : layout.tree("cpu").flatMap { try? Files.readText($0.path + "/cpu.cfs_period_us") }  // see above
        var resources = resources
        resources.cpu?.period = text?.split(whereSeparator: \.isWhitespace).last.flatMap { UInt64($0) }
        return resources
    }

    /// Sets limits on new cgroups.
    package func apply(_ resources: RuntimeSpec.Resources) throws(RuntimeError) {
        var ignored: CgroupUndo?
        try apply(resources, &ignored)
    }

    /// Sets limits, and remembers what was there before.
    private func apply(_ resources: RuntimeSpec.Resources, _ undo: inout CgroupUndo?) throws(RuntimeError) {
        try CgroupLimits.check(resources, mode: layout.mode)
        let writes: [CgroupWrite]
        if layout.mode == .v2 {
            writes = try CgroupLimits.v2(resources, current: current(resources))
        } else {
            if let first = resources.unified?.keys.sorted().first {
                throw RuntimeError(
                    .unsupported,
                    step: "set the cgroup value",
                    subject: first,
                    cause: "invalid configuration: this host uses cgroup v1, which has no unified values"
                )
            }
            writes = try inAcceptableOrder(CgroupLimits.v1(resources))
        }
        if resources.memory?.checkBeforeUpdate == true { try checkUse(resources.memory) }
        // The kernel takes quota, period and burst only in an order that depends on their old values: what it refuses
        // is tried again when the rest is set.
        var refused: [CgroupWrite] = []
        for write in writes {
            let target = try target(of: write)
            do {
                try put(write, in: target, &undo)
            } catch  where error.errno == .invalidArgument && write.controller == "cpu" {
                refused.append(write)
            }
        }
        for write in refused { try put(write, in: try target(of: write), &undo) }
    }

    private func target(of write: CgroupWrite) throws(RuntimeError) -> CgroupLayout.Tree {
        if let tree = layout.mode == .v2 ? layout.unified : layout.tree(write.controller) { return tree }
        throw RuntimeError(
            .unsupported,
            step: "set the cgroup limit",
            subject: write.file,
            cause: layout.trees.isEmpty
                ? "the container has no cgroup" : "the \(write.controller) controller is not mounted on this host",
            hint: "remove the limit or mount the controller"
        )
    }

    /// What the cgroup has now, if `resources` names only one of two that go together.
    private func current(_ resources: RuntimeSpec.Resources) -> CurrentLimits {
        var current = CurrentLimits()
        guard let path = layout.unified?.path else { return current }
        // Absent where the controller is: then the write says so.
        if resources.memory?.swap ?? 0 > 0, resources.memory?.limit ?? 0 == 0 {
            current.memory = (try? Files.readText(path + "/memory.max")).flatMap { Int64($0) }  // as above
        }
        if (resources.cpu?.quota ?? 0 == 0) != (resources.cpu?.period ?? 0 == 0) {
            let text = try? Files.readText(path + "/cpu.max")  // as above
            let words = text?.split(separator: " ").map(String.init) ?? []
            if words.count == 2 { (current.cpuQuota, current.cpuPeriod) = (words[0], words[1]) }
        }
        return current
    }

    /// A limit below what is used would make the kernel kill at once.
    private func checkUse(_ memory: RuntimeSpec.Memory?) throws(RuntimeError) {
        let tree = layout.mode == .v2 ? layout.unified : layout.tree("memory")
        guard let limit = memory?.limit, limit > 0, let tree else { return }
        let file = layout.mode == .v2 ? "memory.current" : "memory.usage_in_bytes"
        let text = try doing("read the memory in use") { () throws(SysError) in
            try Files.readText("\(tree.path)/\(file)")
        }
        guard let use = Int64(text), limit < use else { return }
        throw RuntimeError(
            .invalid,
            step: "set the memory limit",
            subject: "\(limit)",
            cause: "unable to set memory limit to \(limit) (current usage: \(use)): rejecting memory"
                + (memory?.swap ?? 0 > 0 ? "+swap" : "") + " limit below what is in use"
        )
    }

    /// "memory and swap" must never be below "memory": when both rise, the sum goes first.
    private func inAcceptableOrder(_ writes: [CgroupWrite]) throws(RuntimeError) -> [CgroupWrite] {
        guard let sum = writes.firstIndex(where: { $0.file == "memory.memsw.limit_in_bytes" }),
            let limit = writes.firstIndex(where: { $0.file == "memory.limit_in_bytes" }),
            let tree = layout.tree("memory")
        else { return writes }
        let path = tree.path + "/memory.memsw.limit_in_bytes"
        if writes[sum].mayBeAbsent, !Files.exists(path) { return writes }
        let now = try doing("read the cgroup limit") { () throws(SysError) in try Files.readText(path) }
        return CgroupLimits.isRising(from: now, to: writes[limit].value) ? writes.swapping(sum, limit) : writes
    }

    private func put(
        _ write: CgroupWrite,
        in tree: CgroupLayout.Tree,
        _ undo: inout CgroupUndo?
    ) throws(RuntimeError) {
        var (file, value) = (write.file, write.value)
        if let other = write.otherwise, !Files.exists(tree.path + "/" + file) {
            (file, value) = (other.file, other.value)
        }
        let path = tree.path + "/" + file
        let before = undo
        undo?.remember(path, before: value)
        do throws(SysError) {
            try Files.put(value, to: path)
        } catch {
            undo = before
            let absent = error.errno == .noEntry
            if absent && write.mayBeAbsent { return }
            var hint: String?
            if absent {
                hint = "this kernel or cgroup has no \(write.file): is the \(write.controller) controller enabled?"
            }
            if error.errno == .busy, write.file == "memory.limit_in_bytes" {
                let use = (try? Files.readText(tree.path + "/memory.usage_in_bytes")) ?? "unknown"  // only told
                hint = "unable to set memory limit to \(write.value) (current usage: \(use))"
            }
            throw RuntimeError(error, step: "set the cgroup limit", hint: hint)
        }
    }

    func applyDevices(_ rules: DeviceRules) throws(RuntimeError) {
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
        // Opened once for neighbours that go to one file: opening costs more than all writing.
        var open = rules.v1[...]
        while let file = open.first?.file {
            let group = open.prefix { $0.file == file }
            open = open.dropFirst(group.count)
            try doing("set the device rules") { () throws(SysError) in
                try Files.put(group.map(\.value), to: "\(tree.path)/\(file)")
            }
        }
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
        var isNew = true
        do {
            try Files.makeDirectory(path, mode: 0o755)
        } catch  where error.errno == .exists {
            isNew = false
        } catch  where error.errno == .noEntry {
            try makeCpuset(parent, top: top)
            try Files.makeDirectory(path, mode: 0o755)
        }
        for file in ["/cpuset.cpus", "/cpuset.mems"] {
            // With cgroup.clone_children it has them already.
            if !isNew, try !Files.readText(path + file).isEmpty { continue }
            var inherited = try Files.readText(parent + file)
            if inherited.isEmpty {
                try makeCpuset(parent, top: top)
                inherited = try Files.readText(parent + file)
            }
            try Files.put(inherited, to: path + file)
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

    /// Refuses a cgroup that somebody is in, or that is frozen, before a container is made in it: the container's end
    /// would be theirs, or its start would wait for a thaw that nobody thinks of.
    package func checkUnused() throws(RuntimeError) {
        func refuse(_ tree: CgroupLayout.Tree, _ cause: String) -> RuntimeError {
            RuntimeError(.wrongState, step: "use the cgroup", subject: tree.path, cause: cause)
        }
        if let tree = reference, tree.path != tree.hierarchy.mountPoint, Files.exists(tree.path) {
            let count = try processes().count
            if count > 0 { throw refuse(tree, "container's cgroup is not empty: \(count) process(es) found") }
        }
        if let tree = layout.tree("freezer") ?? layout.unified, isFrozen() {
            throw refuse(tree, "container's cgroup unexpectedly frozen")
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
        try Files.listDirectories(path).map { path + "/" + $0 }
    }

    /// Sends a signal to every process. SIGKILL misses none, however fast they fork.
    package func signalAll(_ signal: Int32) throws(RuntimeError) {
        if signal == 9, let tree = layout.unified, Files.exists(tree.path + "/cgroup.kill") {
            try doing("kill the container") { () throws(SysError) in
                do throws(SysError) {
                    try Files.put("1", to: tree.path + "/cgroup.kill")
                } catch  where error.errno == .noEntry || error.errno == Errno(19) {}
            }
            // The freezer of version 1 keeps even a killed process; one of version 2 does not.
            if layout.tree("freezer") != nil, isFrozen(), let (order, _) = freezer(false) {
                try? Files.put(order.value, to: order.file)  // gone, if there was nobody
            }
            return
        }
        // Frozen processes cannot fork away; a freezer that is missing or slow costs only that.
        if signal == 9, let (order, _) = freezer(true) { try? Files.put(order.value, to: order.file) }
        defer {
            if signal == 9, let (order, _) = freezer(false) { try? Files.put(order.value, to: order.file) }  // as above
        }
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

    // MARK: Removing

    /// Removes the directories with those below; missing ones are fine.
    ///
    /// The processes must be dead; the kernel may need a moment to let go of them.
    package func destroy() throws(RuntimeError) {
        if let unit = layout.unit { try SystemdUnits.stop(unit) }
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
            } catch  where error.errno == .busy && pause < 1_600_000 {
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
