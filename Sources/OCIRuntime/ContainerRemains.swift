import Linux

/// What is left of a container whose state cannot be read: its first process, which a file of its own names, and the
/// cgroups that this process is in.
struct ContainerRemains {
    let id: String
    let directory: String

    /// Kills the first process, and with a pid namespace of its own all others, then removes cgroups and state.
    ///
    /// - Parameter warn: Is told what stays because it cannot be known for the container's own.
    func remove(warn: (String) -> Void) throws(RuntimeError) {
        // Unreadable as well: then nothing more is known.
        let initProcess = (try? InitProcess.read(directory)) ?? nil
        if let initProcess, try initProcess.isAlive() {
            let layout = try cgroups(of: initProcess.pid)
            try initProcess.end(in: Cgroup(layout), of: id)
            for tree in layout.trees { remove(tree, layout.mode, warn) }
        } else if Files.exists(directory + "/" + StoredState.fileName) {
            warn("the state of container \"\(id)\" was damaged: cgroups and mounts that it had are not known any more")
        }
        try doing("remove the state") { () throws(SysError) in try Files.removeTree(directory) }
    }

    /// Without those of the caller, where a container without cgroups of its own may have been.
    private func cgroups(of pid: Int32) throws(RuntimeError) -> CgroupLayout {
        let mounts = try doing("find the cgroups") { () throws(SysError) in try MountTable.current() }
        let ours = try HostCgroups.current(mounts: mounts)
        let theirs = try HostCgroups.current(mounts: mounts, process: String(pid))
        let own = zip(theirs.hierarchies, ours.hierarchies).filter { theirs, ours in
            theirs.own != "/" && theirs.own != ours.own && !ours.own.hasPrefix(theirs.own + "/")
        }
        let trees = own.map { theirs, _ in CgroupLayout.Tree(hierarchy: theirs, path: theirs.mountPoint + theirs.own) }
        return CgroupLayout(mode: theirs.mode, trees: trees)
    }

    /// Only if nobody is in it: who it belongs to is a guess.
    private func remove(_ tree: CgroupLayout.Tree, _ mode: CgroupMode, _ warn: (String) -> Void) {
        let cgroup = Cgroup(CgroupLayout(mode: mode, trees: [tree]))
        do {
            let processes = try cgroup.processes()
            if processes.isEmpty {
                try cgroup.destroy()
            } else {
                warn("the cgroup \(tree.path) stays: it has \(processes.count) other processes")
            }
        } catch {
            warn("the cgroup \(tree.path) stays: \(error)")
        }
    }
}
