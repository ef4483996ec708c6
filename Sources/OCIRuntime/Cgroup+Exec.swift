import Linux

extension Cgroup {
    /// Moves a process into the version 1 cgroups that systemd has not moved it into.
    func take(_ process: Int32) throws(RuntimeError) {
        for tree in layout.trees where tree.hierarchy.version == 1 {
            try doing("join the cgroup") { () throws(SysError) in
                try Files.put(String(process), to: tree.path + "/cgroup.procs")
            }
        }
    }

    /// Where a further process is to start.
    ///
    /// - Parameters:
    ///   - wanted: Paths below the container's cgroup by controller, "" for all hierarchies, as `exec --cgroup` has them.
    ///   - initProcess: Where it is counts on version 2 if the container's own cgroup cannot hold processes, because the
    ///     container has passed its controllers on to cgroups below.
    /// - Throws: `.invalid` for a path that leaves the container's cgroup or is not there.
    func placesForExec(_ wanted: [String: String], initProcess: Int32) throws(RuntimeError) -> [CgroupLayout.Tree] {
        for controller in wanted.keys where !controller.isEmpty && layout.tree(controller) == nil {
            throw RuntimeError(
                .invalid,
                step: "exec",
                subject: "--cgroup",
                cause: "unknown controller \(controller): the container has no cgroup of it"
            )
        }
        var places: [CgroupLayout.Tree] = []
        for tree in layout.trees {
            let named = wanted.first { !$0.key.isEmpty && tree.hierarchy.has($0.key) }?.value
            if let path = named ?? wanted[""] {
                places.append(try below(tree, path))
            } else if tree.hierarchy.version == 2, let moved = movedPlace(tree, initProcess) {
                places.append(CgroupLayout.Tree(hierarchy: tree.hierarchy, path: moved))
            } else {
                places.append(tree)
            }
        }
        return places
    }

    private func below(_ tree: CgroupLayout.Tree, _ path: String) throws(RuntimeError) -> CgroupLayout.Tree {
        let parts = path.split(separator: "/").filter { $0 != "." }
        let place = ([Substring(tree.path)] + parts).joined(separator: "/")
        func refuse(_ cause: String) -> RuntimeError {
            RuntimeError(.invalid, step: "exec", subject: "--cgroup \(path)", cause: cause)
        }
        if parts.contains("..") { throw refuse("bad sub cgroup path: it must stay below the container's cgroup") }
        guard Files.isDirectory(place) else {
            throw refuse("error adding pid of the process to \(place): no such file or directory")
        }
        return CgroupLayout.Tree(hierarchy: tree.hierarchy, path: place)
    }

    /// The cgroup of the init process, if it is below the container's and that one passes controllers on.
    private func movedPlace(_ tree: CgroupLayout.Tree, _ process: Int32) -> String? {
        // What cannot be read is not there: then the container's own cgroup it is, and clone3 says why it refuses.
        guard let passed = try? Files.readText(tree.path + "/cgroup.subtree_control"), !passed.isEmpty,
            let text = try? Files.readText("/proc/\(process)/cgroup")  // as above
        else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix("0::/") }
        guard let path = line?.dropFirst(3) else { return nil }
        let place = tree.hierarchy.mountPoint + path
        return place.hasPrefix(tree.path + "/") && Files.isDirectory(place) ? place : nil
    }
}
