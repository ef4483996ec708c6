package import Linux
package import OCI

/// Which namespaces are made, which are joined, and when.
package struct NamespacePlan: Hashable, Sendable {
    /// A namespace to join by its path.
    package struct Join: Hashable, Sendable {
        package var kind: NamespaceFlags
        package var path: String
    }

    /// Made by clone3.
    package private(set) var birth: NamespaceFlags = []
    /// Made by the child later.
    package private(set) var unshared: NamespaceFlags = []
    /// Joined by path; neither pid nor user namespaces.
    package private(set) var joined: [Join] = []
    package private(set) var pidPath: String?
    package private(set) var userPath: String?
    /// A time namespace is made, with the lines of its timens_offsets.
    package private(set) var timeOffsets: String?
    /// The maps of a new user namespace.
    package private(set) var idMaps: IDMaps?
    private var inherited: Set<RuntimeSpec.Namespace.Kind> = Set(RuntimeSpec.Namespace.Kind.allCases)

    package init(_ spec: RuntimeSpec) throws(RuntimeError) {
        let linux = spec.linux ?? RuntimeSpec.Linux()
        for namespace in linux.namespaces ?? [] {
            guard inherited.remove(namespace.type) != nil else {
                throw Self.invalid("linux.namespaces", "\(namespace.type.rawValue) is listed twice")
            }
            let flag = Self.flag(namespace.type)
            if let path = namespace.path, !path.isEmpty {
                guard path.hasPrefix("/") else {
                    throw RuntimeError(
                        .invalid,
                        step: "join the \(flag.title) namespace",
                        subject: path,
                        cause: "the path is not absolute"
                    )
                }
                switch namespace.type {
                case .pid: pidPath = path
                case .user: userPath = path
                default: joined.append(Join(kind: flag, path: path))
                }
                continue
            }
            switch namespace.type {
            case .cgroup: unshared.insert(.cgroup)
            case .time: timeOffsets = ""
            case .user:
                birth.insert(.user)
                idMaps = try IDMaps(uid: linux.uidMappings ?? [], gid: linux.gidMappings ?? [], subject: "linux")
            default: birth.insert(flag)
            }
        }
        try readOffsets(linux.timeOffsets ?? [:])
        if inherited.contains(.user), linux.uidMappings?.isEmpty == false || linux.gidMappings?.isEmpty == false {
            throw Self.invalid("linux.uidMappings", "id maps need a user namespace, and linux.namespaces lists none")
        }
    }

    private static func invalid(_ subject: String, _ cause: String) -> RuntimeError {
        RuntimeError(.invalid, step: "config.json", subject: subject, cause: cause)
    }

    private mutating func readOffsets(_ offsets: [String: RuntimeSpec.TimeOffset]) throws(RuntimeError) {
        if offsets.isEmpty { return }
        guard timeOffsets != nil else {
            throw Self.invalid("linux.timeOffsets", "time offsets need a new time namespace")
        }
        var lines = ""
        for (clock, offset) in offsets.sorted(by: { $0.key < $1.key }) {
            guard clock == "monotonic" || clock == "boottime" else {
                throw Self.invalid("linux.timeOffsets", "there is no clock \"\(clock)\"; monotonic and boottime are")
            }
            let nanoseconds = offset.nanosecs ?? 0
            guard nanoseconds < 1_000_000_000 else {
                throw Self.invalid("linux.timeOffsets.\(clock)", "\(nanoseconds) nanoseconds are a second or more")
            }
            lines += "\(clock) \(offset.secs ?? 0) \(nanoseconds)\n"
        }
        timeOffsets = lines
    }

    /// The container has a user namespace of its own, made or joined.
    package var hasUser: Bool { birth.contains(.user) || userPath != nil }

    /// The container's mounts are its own, not the host's.
    package var hasMount: Bool { !inherited.contains(.mount) }

    /// A process between the runtime and the child has to do the joining: the order of rights wants it.
    package var needsGoBetween: Bool { hasUser || joined.contains { $0.kind == .mount } }

    var joins: [Step] { needsGoBetween ? [] : joined.map { .joinNamespace($0.kind, path: $0.path) } }
    var unshares: [Step] { unshared.isEmpty ? [] : [.unshare(unshared)] }

    /// The namespace behind a kind of file system does not belong to the container's user namespace, maybe.
    func isForeign(_ kind: NamespaceFlags) -> Bool { hasUser && !birth.contains(kind) }

    /// Refuses a configuration that would change the host because a namespace is the host's.
    func check(_ spec: RuntimeSpec) throws(RuntimeError) {
        if !hasMount { try checkHostMounts(spec) }
        if inherited.contains(.uts), spec.hostname?.isEmpty == false || spec.domainname?.isEmpty == false {
            throw RuntimeError(
                .invalid,
                step: "config.json",
                subject: spec.hostname?.isEmpty == false ? "hostname" : "domainname",
                cause: "it needs a uts namespace; the host's own name would be changed"
            )
        }
        if spec.linux?.netDevices?.isEmpty == false, inherited.contains(.network) {
            throw Self.invalid("linux.netDevices", "unable to move network devices without a NET namespace")
        }
        for (name, _) in spec.linux?.sysctl ?? [:] {
            if SysctlRules.path(name) == "kernel/hostname" {
                throw RuntimeError(
                    .refused,
                    step: "set the sysctl",
                    subject: name,
                    cause: "it is not allowed, as it conflicts with the field hostname"
                )
            }
            guard let kind = SysctlRules.namespace(of: name) else {
                throw RuntimeError(
                    .refused,
                    step: "set the sysctl",
                    subject: name,
                    cause: "it is not in a namespace of the container; the whole host would be changed"
                )
            }
            if inherited.contains(kind) {
                throw RuntimeError(
                    .refused,
                    step: "set the sysctl",
                    subject: name,
                    cause: "the container uses the host's \(kind.rawValue) namespace; the host would be changed"
                )
            }
        }
    }

    /// What cannot be done to the mounts of the host itself.
    private func checkHostMounts(_ spec: RuntimeSpec) throws(RuntimeError) {
        func needs(_ subject: String, _ cause: String) -> RuntimeError {
            Self.invalid(subject, cause + " without a private MNT namespace")
        }
        if spec.linux?.maskedPaths?.isEmpty == false || spec.linux?.readonlyPaths?.isEmpty == false {
            throw needs("linux.maskedPaths, linux.readonlyPaths", "unable to restrict sys entries")
        }
        if hasUser { throw needs("linux.namespaces", "unable to use a user namespace") }
        if spec.root?.readonly == true { throw needs("root.readonly", "unable to make the root read-only") }
        if spec.linux?.rootfsPropagation?.isEmpty == false {
            throw needs("linux.rootfsPropagation", "unable to set the propagation of the root")
        }
        if spec.process?.terminal == true { throw needs("process.terminal", "unable to make a console") }
    }

    private static func flag(_ kind: RuntimeSpec.Namespace.Kind) -> NamespaceFlags {
        switch kind {
        case .pid: .pid
        case .network: .network
        case .mount: .mount
        case .ipc: .ipc
        case .uts: .uts
        case .user: .user
        case .cgroup: .cgroup
        case .time: .time
        }
    }
}

/// Which kernel parameters belong to which namespace.
enum SysctlRules {
    /// "net.ipv4.ip_forward" and "net/ipv4/conf/eth0.1/forwarding" as a path below /proc/sys.
    ///
    /// The first separator decides, as in sysctl(8).
    static func path(_ name: String) -> String {
        // By byte, as the kernel reads it: a dot with a combining mark is another character to Swift.
        let (dot, slash): (UInt8, UInt8) = (0x2E, 0x2F)
        guard let first = name.utf8.first(where: { $0 == dot || $0 == slash }), first == dot else { return name }
        return String(
            decoding: name.utf8.map { byte in byte == dot ? slash : byte == slash ? dot : byte },
            as: UTF8.self
        )
    }

    static func namespace(of name: String) -> RuntimeSpec.Namespace.Kind? {
        let path = path(name)
        if PathText.parts(path, keepingEmpty: true).contains(where: { $0.isEmpty || $0 == ".." }) {
            return nil
        }
        if path.hasPrefix("net/") { return .network }
        if path.hasPrefix("fs/mqueue/") { return .ipc }
        // The host name is not here: it has a field of its own.
        if path == "kernel/domainname" { return .uts }
        let ipc: Set<String> = [
            "kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem", "kernel/shmall", "kernel/shmmax",
            "kernel/shmmni", "kernel/shm_rmid_forced",
        ]
        return ipc.contains(path) ? .ipc : nil
    }
}
