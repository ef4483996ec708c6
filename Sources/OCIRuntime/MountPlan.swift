import Linux
import OCI

/// The steps that make the container's file system view from `mounts`, `devices`, masked and read-only paths.
struct MountPlan {
    var steps: [Step] = []
    /// After the devices.
    var late: [Step] = []
    var hasBoundDev = false
    let bundle: String
    let cgroup: CgroupLayout
    /// The container has a cgroup namespace of its own.
    let privateCgroups: Bool
    let namespaces: NamespacePlan
    /// The container has another user namespace, and the caller may mount: what is bound is opened with its rights.
    let prepares: Bool
    /// The SELinux context of new file systems, or empty.
    let label: String
    var warnings: [String] = []

    /// Paths of procfs that may be covered by a mount: they only inform, the runtime never writes to them.
    static let coverable = [
        "/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps", "/proc/uptime",
        "/proc/loadavg", "/proc/slabinfo", "/proc/net/dev", "/proc/sys/kernel/ns_last_pid",
        "/proc/sys/crypto/fips_enabled",
    ]

    /// File systems whose read-only state is a matter of the mount alone.
    private static let pseudo = [
        "proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2", "devtmpfs", "securityfs", "debugfs",
        "tracefs", "bpf", "overlay", "ramfs",
    ]

    mutating func add(_ mounts: [RuntimeSpec.Mount]) throws(RuntimeError) {
        let targets = mounts.map { Self.clean($0.destination) }
        for (index, mount) in mounts.enumerated() {
            let later = targets[(index + 1)...]
            // The targets of others are made in it first.
            let isHeldOpen =
                mount.type == "tmpfs" && later.contains { PathText.isBelow($0, targets[index]) }
                && !later.contains(targets[index])
            try add(mount, isHeldOpen: isHeldOpen)
        }
        let dev = mounts.last { Self.clean($0.destination) == "/dev" }
        let bound = dev.map { MountOptions($0.options ?? []).bind || $0.type == "bind" } ?? false
        hasBoundDev = bound
        if !bound { addStandardDevices() }
        if let dev, !bound, MountOptions(dev.options ?? []).set.contains(.readOnly) {
            late.append(.readOnlyMount("/dev"))
        }
    }

    /// - Parameter isHeldOpen: A new file system that shall be read-only becomes it after all mounts.
    private mutating func add(_ mount: RuntimeSpec.Mount, isHeldOpen: Bool) throws(RuntimeError) {
        let options = MountOptions(mount.options ?? [])
        let target = Self.clean(mount.destination)
        let title = "mount \(mount.type ?? "bind")"
        guard target != "/" else {
            throw RuntimeError(
                .invalid,
                step: title,
                subject: "on /",
                cause: "the destination must be below the rootfs"
            )
        }
        let isBind = options.bind || mount.type == "bind" || mount.type == nil && mount.source != nil
        let idMap = try idMap(mount, options, isBind: isBind, target: target)
        // Others' runtimes write and check below these paths by name; a link there would lead them elsewhere.
        let strict =
            target == "/proc" || target == "/sys" || target == "/dev" || PathText.isBelow(target, "/dev")
            || mount.type == "proc" || mount.type == "sysfs"
        if isBind {
            guard let source = mount.source, !source.isEmpty else {
                throw RuntimeError(.invalid, step: "bind mount", subject: "on \(target)", cause: "it has no source")
            }
            steps.append(
                .bind(
                    BindStep(
                        source: PathText.isAbsolute(source) ? source : bundle + "/" + source,
                        recursive: options.recursive,
                        set: options.set,
                        clear: options.clear,
                        setAll: options.setAll,
                        clearAll: options.clearAll,
                        propagation: options.propagation,
                        target: target,
                        strictTarget: strict,
                        mayCoverProc: target == "/proc" || Self.coverable.contains(target),
                        sourceIsProc: target == "/proc",
                        prepared: prepares,
                        idMap: idMap
                    )
                )
            )
            return
        }
        guard let type = mount.type, !type.isEmpty else {
            throw RuntimeError(.invalid, step: "mount", subject: "on \(target)", cause: "it has no type")
        }
        if target == "/proc", type != "proc" {
            throw RuntimeError(.refused, step: title, subject: "on /proc", cause: "only a procfs may be mounted there")
        }
        if type == "cgroup" || type == "cgroup2" && !privateCgroups {
            addCgroups(target, options)
            return
        }
        var step = MountStep(type: type, source: mount.source, target: target)
        step.options = options.data
        step.attributes = options.set.union(options.setAll)
        // Device nodes are made in it first.
        if target == "/dev" { step.attributes.remove(.readOnly) }
        if isHeldOpen, step.attributes.contains(.readOnly) {
            step.attributes.remove(.readOnly)
            late.append(.readOnlyMount(target))
        }
        step.propagation = options.propagation
        step.strictTarget = strict
        step.mayCoverProc = type == "proc" && target == "/proc"
        step.copiesUp = options.copiesUp && type == "tmpfs"
        step.inheritsMode = type == "tmpfs" && !options.data.contains { $0.hasPrefix("mode=") }
        switch type {
        case "sysfs": step.mayBindHosts = namespaces.isForeign(.network)
        case "mqueue": step.mayBindHosts = namespaces.isForeign(.ipc)
        case "proc": step.mayBindHosts = namespaces.isForeign(.pid) && namespaces.pidPath == nil
        case "devpts": dropUnmappedGroup(from: &step)
        default: break
        }
        if !label.isEmpty, type != "proc", type != "sysfs", !type.hasPrefix("cgroup") {
            step.options.append("context=" + label)
        }
        step.superReadOnly = step.attributes.contains(.readOnly) && !Self.pseudo.contains(type)
        steps.append(.mount(step))
    }

    private func idMap(
        _ mount: RuntimeSpec.Mount,
        _ options: MountOptions,
        isBind: Bool,
        target: String
    ) throws(RuntimeError) -> MountIDMap? {
        let (uid, gid) = (mount.uidMappings ?? [], mount.gidMappings ?? [])
        guard options.idMap != nil || !uid.isEmpty || !gid.isEmpty else { return nil }
        func refuse(_ cause: String) -> RuntimeError {
            RuntimeError(.invalid, step: "id-mapped mount", subject: "on \(target)", cause: cause)
        }
        guard isBind else { throw refuse("only bind mounts can be id-mapped") }
        let recursive = options.idMap == .recursive
        if !uid.isEmpty || !gid.isEmpty {
            let maps = try IDMaps(uid: uid, gid: gid, subject: "mounts[\(target)]")
            return MountIDMap(source: .maps(maps), recursive: recursive)
        }
        if let path = namespaces.userPath { return MountIDMap(source: .namespace(path), recursive: recursive) }
        guard let maps = namespaces.idMaps else {
            throw refuse(
                "it has no uidMappings and gidMappings, and the container has no user namespace to take them from"
            )
        }
        return MountIDMap(source: .maps(maps), recursive: recursive)
    }

    /// The kernel refuses a devpts whose group the user namespace does not have; "gid=5" is in every template.
    private mutating func dropUnmappedGroup(from step: inout MountStep) {
        guard let maps = namespaces.idMaps,
            let option = step.options.first(where: { $0.hasPrefix("gid=") }),
            let group = UInt32(option.dropFirst(4)), IDMaps.outside(group, maps.gid) == nil
        else { return }
        step.options.removeAll { $0 == option }
        warnings.append("\(option) of \(step.target) is dropped: the user namespace does not map this group")
    }

    /// The container's own cgroups: on v2 one tree, on v1 a directory with one tree per controller.
    private mutating func addCgroups(_ target: String, _ options: MountOptions) {
        let attributes = options.set.union([.noSetuid, .noDevices, .noExecute])
        if cgroup.mode == .v2 {
            guard let tree = cgroup.trees.first else { return }
            steps.append(.bind(cgroupBind(tree.path, on: target, attributes)))
            return
        }
        var base = MountStep(type: "tmpfs", source: "tmpfs", options: ["mode=755"], target: target)
        base.attributes = attributes.subtracting(.readOnly)
        base.strictTarget = true
        steps.append(.mount(base))
        for tree in cgroup.trees {
            let name = tree.directoryName
            steps.append(.bind(cgroupBind(tree.path, on: "\(target)/\(name)", attributes)))
            let controllers = tree.hierarchy.controllers
            for controller in controllers where controllers.count > 1 {
                steps.append(.symlink(target: name, path: "\(target)/\(controller)"))
            }
        }
        if attributes.contains(.readOnly) { steps.append(.readOnlyMount(target)) }
    }

    // A bind of the container's own directory shows the same as a new mount inside a cgroup namespace, and works without.
    private func cgroupBind(_ source: String, on target: String, _ attributes: MountAttributes) -> BindStep {
        BindStep(source: source, set: attributes, target: target, strictTarget: true)
    }

    private mutating func addStandardDevices() {
        let character: UInt32 = 0o020000
        let nodes: [(String, UInt32, UInt32)] = [
            ("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("tty", 5, 0), ("random", 1, 8), ("urandom", 1, 9),
        ]
        for (name, major, minor) in nodes {
            steps.append(
                .device(DeviceStep(path: "/dev/" + name, mode: character | 0o666, major: major, minor: minor))
            )
        }
        let links = [
            ("/proc/self/fd", "/dev/fd"), ("/proc/self/fd/0", "/dev/stdin"), ("/proc/self/fd/1", "/dev/stdout"),
            ("/proc/self/fd/2", "/dev/stderr"), ("pts/ptmx", "/dev/ptmx"),
        ]
        for (target, path) in links { steps.append(.symlink(target: target, path: path)) }
    }

    /// Adds device nodes, unless /dev is the caller's own.
    mutating func add(_ devices: [RuntimeSpec.Device]) throws(RuntimeError) {
        if hasBoundDev { return }
        for device in devices {
            let path = Self.clean(device.path)
            // Always the link to the container's own devpts; callers that list all of the host's devices name it too.
            if path == "/dev/ptmx" { continue }
            let type: UInt32 =
                switch device.type {
                case .character, .unbuffered: 0o020000
                case .block: 0o060000
                case .pipe: 0o010000
                }
            let major = device.major ?? 0
            let minor = device.minor ?? 0
            guard let major = UInt32(exactly: major), let minor = UInt32(exactly: minor), device.path.hasPrefix("/")
            else {
                throw RuntimeError(.invalid, step: "make the device", subject: device.path, cause: "bad number or path")
            }
            let step = DeviceStep(
                path: path,
                mode: type | (device.fileMode ?? 0o666) & 0o7777,
                major: major,
                minor: minor,
                uid: device.uid ?? 0,
                gid: device.gid ?? 0
            )
            // A device of the list replaces the standard one of the same path.
            steps.removeAll { earlier in
                if case .device(let other) = earlier { return other.path == path }
                return false
            }
            steps.append(.device(step))
        }
    }

    /// Nearly every path is; then nothing has to be taken apart.
    private static func isClean(_ path: String) -> Bool {
        var (length, dots) = (0, 0)
        guard path.utf8.first == 0x2F else { return false }
        for byte in path.utf8.dropFirst() {
            if byte == 0x2F {
                if length == dots, length <= 2 { return false }
                (length, dots) = (0, 0)
            } else {
                length += 1
                if byte == 0x2E { dots += 1 }
            }
        }
        return length != dots || length > 2
    }

    /// An absolute path without ".", "..", doubled and trailing slashes, by text alone.
    static func clean(_ path: String) -> String {
        if isClean(path) { return path }
        var parts: [Substring] = []
        for part in PathText.parts(path) {
            switch part {
            case ".": continue
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        return "/" + PathText.joined(parts)
    }
}
