package import Linux

/// Which cgroup versions a host uses (cgroups(7)).
package enum CgroupMode: Hashable, Sendable {
    /// Version 1 hierarchies only.
    case v1
    /// Version 1 hierarchies with the controllers, and a version 2 tree without any.
    case hybrid
    /// One version 2 tree.
    case v2
}

/// The cgroup hierarchies that are really mounted; a controller that /proc/self/cgroup lists and nobody mounted is not here.
package struct HostCgroups: Hashable, Sendable {
    package struct Hierarchy: Hashable, Sendable {
        /// 1 or 2.
        package let version: Int
        /// The controllers of a version 1 hierarchy; "name=systemd" for a named one; empty for version 2.
        package let controllers: [String]
        package let mountPoint: String
        /// The cgroup that the mount shows as its root: "/" unless it is a bind mount, as inside a container.
        package let mountRoot: String
        /// The caller's own cgroup, relative to `mountRoot`.
        package let own: String

        package init(
            version: Int,
            controllers: [String],
            mountPoint: String,
            mountRoot: String = "/",
            own: String = "/"
        ) {
            self.version = version
            self.controllers = controllers
            self.mountPoint = mountPoint
            self.mountRoot = mountRoot
            self.own = own
        }

        package func has(_ controller: String) -> Bool { controllers.contains(controller) }
    }

    package let hierarchies: [Hierarchy]

    package init(hierarchies: [Hierarchy]) { self.hierarchies = hierarchies }

    package var mode: CgroupMode {
        let unified = hierarchies.contains { $0.version == 2 }
        let legacy = hierarchies.contains { $0.version == 1 }
        return legacy ? unified ? .hybrid : .v1 : .v2
    }

    /// Finds the hierarchies in a mount table and the caller's place in them.
    ///
    /// - Parameter membership: The text of /proc/self/cgroup.
    package static func find(mounts: [MountEntry], membership: String) -> HostCgroups {
        // "4:memory:/a" and "0::/a"
        var own: [(controllers: [String], path: String)] = []
        // By bytes: what a character is does not matter here, and costs as much as all else.
        for line in membership.utf8.split(separator: 0x0A) {
            let fields = line.split(separator: 0x3A, maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let controllers = fields[1].split(separator: 0x2C).map { String(Substring($0)) }
            own.append((controllers.sorted(), String(Substring(fields[2]))))
        }
        let flags = ["rw", "ro", "xattr", "none", "clone_children", "noprefix", "favordynmods"]
        var hierarchies: [Hierarchy] = []
        for mount in MountTable.cgroups(in: mounts) {
            let version = mount.type == "cgroup" ? 1 : 2
            let controllers =
                version == 2
                ? []
                : mount.superOptions.filter {
                    !flags.contains($0) && !$0.hasPrefix("release_agent=") && !$0.hasPrefix("cpuset_")
                }
            let sorted = controllers.sorted()
            let path = own.first { $0.controllers == sorted }?.path ?? "/"
            hierarchies.append(
                Hierarchy(
                    version: version,
                    controllers: controllers,
                    mountPoint: mount.mountPoint,
                    mountRoot: mount.root,
                    own: relative(path, to: mount.root)
                )
            )
        }
        return HostCgroups(hierarchies: hierarchies)
    }

    /// Reads the caller's tables.
    ///
    /// - Parameter process: Whose place in the hierarchies counts; the caller's own unless given.
    package static func current(mounts: [MountEntry], process: String = "self") throws(RuntimeError) -> HostCgroups {
        let membership = try doing("find the cgroups") { () throws(SysError) in
            try Files.readText("/proc/\(process)/cgroup")
        }
        return find(mounts: mounts, membership: membership)
    }

    private static func relative(_ path: String, to root: String) -> String {
        if root == "/" { return path }
        if path == root { return "/" }
        return path.hasPrefix(root + "/") ? String(path.dropFirst(root.utf8.count)) : "/"
    }
}

/// Where one container's cgroups are.
package struct CgroupLayout: Hashable, Sendable {
    package struct Tree: Hashable, Sendable {
        package let hierarchy: HostCgroups.Hierarchy
        /// The container's directory: "/sys/fs/cgroup/memory/default/web".
        package let path: String

        package init(hierarchy: HostCgroups.Hierarchy, path: String) {
            self.hierarchy = hierarchy
            self.path = path
        }

        /// What the hierarchy is called below /sys/fs/cgroup inside the container: "cpu,cpuacct", "systemd", "unified".
        package var directoryName: String {
            if hierarchy.version == 2 { return "unified" }
            let names = hierarchy.controllers
            let name = names.count == 1 ? names[0] : names.joined(separator: ",")
            return name.hasPrefix("name=") ? String(name.dropFirst(5)) : name
        }
    }

    package let mode: CgroupMode
    package let trees: [Tree]
    /// The unit of systemd that has the directories; nil if they are made by us alone.
    package let unit: SystemdUnit?

    package init(mode: CgroupMode, trees: [Tree], unit: SystemdUnit? = nil) {
        self.mode = mode
        self.trees = trees
        self.unit = unit
    }

    /// No cgroups at all: the processes stay where the caller is.
    package static func none(_ host: HostCgroups) -> CgroupLayout { CgroupLayout(mode: host.mode, trees: []) }

    /// Works out the directories for `cgroupsPath`: absolute below the mount, relative below the caller's own cgroup.
    ///
    /// In version 2 a cgroup that has processes cannot pass controllers on, so "relative" means below its parent.
    package init(_ host: HostCgroups, cgroupsPath: String?, id: String) throws(RuntimeError) {
        let wanted = cgroupsPath.flatMap { $0.isEmpty ? nil : $0 } ?? id
        let parts = PathText.parts(wanted)
        if parts.contains("..") || wanted.utf8.count > 4095 {
            throw RuntimeError(
                .invalid,
                step: "cgroupsPath",
                subject: wanted,
                cause: "the path leads out of the cgroup tree"
            )
        }
        let relative = PathText.joined(parts.filter { $0 != "." })
        if relative.isEmpty {
            throw RuntimeError(
                .invalid,
                step: "cgroupsPath",
                subject: wanted,
                cause: "the root cgroup cannot be a container's"
            )
        }
        mode = host.mode
        unit = nil
        trees = host.hierarchies.map { hierarchy in
            var base = ""
            if !PathText.isAbsolute(wanted) {
                base = hierarchy.own == "/" ? "" : hierarchy.own
                if host.mode == .v2, let slash = base.lastIndex(of: "/") { base = String(base[..<slash]) }
            }
            return Tree(hierarchy: hierarchy, path: hierarchy.mountPoint + base + "/" + relative)
        }
    }

    /// The tree of a version 1 controller.
    package func tree(_ controller: String) -> Tree? { trees.first { $0.hierarchy.has(controller) } }

    /// The version 2 tree.
    package var unified: Tree? { trees.first { $0.hierarchy.version == 2 } }
}
