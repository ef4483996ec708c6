import Linux
import OCI

/// Which namespaces are made, which are joined, and when.
struct NamespacePlan {
    /// Made by clone3.
    var birth: NamespaceFlags = []
    /// Made by the child later.
    var unshared: NamespaceFlags = []
    /// Joined by path.
    var joined: [(NamespaceFlags, String)] = []
    var pidPath: String?
    private var inherited: Set<RuntimeSpec.Namespace.Kind> = Set(RuntimeSpec.Namespace.Kind.allCases)

    init(_ list: [RuntimeSpec.Namespace]) throws(RuntimeError) {
        for namespace in list {
            guard inherited.remove(namespace.type) != nil else {
                throw RuntimeError(
                    .invalid,
                    step: "config.json",
                    subject: "linux.namespaces",
                    cause: "\(namespace.type.rawValue) is listed twice"
                )
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
                if namespace.type == .pid { pidPath = path } else { joined.append((flag, path)) }
                if namespace.type == .user || namespace.type == .mount {
                    throw RuntimeError(
                        .unsupported,
                        step: "join the \(flag.title) namespace",
                        subject: path,
                        cause: "joining a \(flag.title) namespace by path is not supported"
                    )
                }
                continue
            }
            switch namespace.type {
            case .cgroup: unshared.insert(.cgroup)
            case .user, .time:
                throw RuntimeError(
                    .unsupported,
                    step: "make a \(flag.title) namespace",
                    cause: "\(flag.title) namespaces are not supported"
                )
            default: birth.insert(flag)
            }
        }
    }

    var joins: [Step] { joined.map { .joinNamespace($0.0, path: $0.1) } }
    var unshares: [Step] { unshared.isEmpty ? [] : [.unshare(unshared)] }

    /// Refuses a configuration that would change the host because a namespace is the host's.
    func check(_ spec: RuntimeSpec) throws(RuntimeError) {
        guard birth.contains(.mount) else {
            throw RuntimeError(
                .invalid,
                step: "config.json",
                subject: "linux.namespaces",
                cause: "a new mount namespace is required"
            )
        }
        if inherited.contains(.uts), spec.hostname?.isEmpty == false || spec.domainname?.isEmpty == false {
            throw RuntimeError(
                .invalid,
                step: "config.json",
                subject: "hostname",
                cause: "it needs a uts namespace; the host's own name would be changed"
            )
        }
        for (name, _) in spec.linux?.sysctl ?? [:] {
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
        if path == "kernel/domainname" || path == "kernel/hostname" { return .uts }
        let ipc: Set<String> = [
            "kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem", "kernel/shmall", "kernel/shmmax",
            "kernel/shmmni", "kernel/shm_rmid_forced",
        ]
        return ipc.contains(path) ? .ipc : nil
    }
}
