package import Linux

/// One operation between clone3 and execve. A plan is a list of them; the order is the meaning.
package enum Step: Hashable, Sendable {
    /// Points at which the child waits for its parent.
    package enum Rendezvous: UInt32, Hashable, Sendable {
        /// The child is in its user namespace; the parent writes the id maps.
        case idMaps = 1
        /// The mounts are made, the root is not changed yet; the parent runs prestart, createRuntime, createContainer.
        case hooks = 2
        /// The parent sets limits and scheduling that the child has lost the right to in its user namespace.
        case attributes = 3
        /// The child is in its namespaces; the parent moves network devices there, and the child into a resctrl group.
        case placement = 4
        /// Before the child joins its cgroups; the parent has systemd make them around it.
        case cgroup = 5
    }

    case joinNamespace(NamespaceFlags, path: String)
    /// Joins namespaces of the process that the stage is aimed at.
    case joinProcess(NamespaceFlags)
    case unshare(NamespaceFlags)
    case rendezvous(Rendezvous)
    /// Moves the child into a cgroup by its `cgroup.procs`.
    case joinCgroup(String)
    /// Writes a file below the host's /proc: oom_score_adj, a sysctl, a security label.
    case writeProc(path: String, content: String)
    case hostname(String)
    case domainname(String)
    case loopbackUp
    case newSession
    case keyring(String)
    case resourceLimit(name: String, number: Int32, soft: UInt64, hard: UInt64)
    case ioPriority(Int)
    case scheduler(SchedulerValues)
    case personality(UInt64)
    case affinity([UInt8])
    /// The child becomes root of its user namespace, or if that has no root the user of the process.
    case rootIDs(uid: UInt32, gid: UInt32)
    /// Makes a time namespace with these lines of timens_offsets and enters it.
    case timeNamespace(offsets: String)
    case memoryPolicy(mode: UInt64, nodes: [UInt8])

    case propagation(path: String, MountPropagation)
    case root(String, MountPropagation?)
    /// A directory as root, without a mount of its own: in a mount namespace that is the host's.
    case plainRoot(String)
    case changeRoot
    /// Uses the root of the joined mount namespace.
    case rootHere
    case mount(MountStep)
    case bind(BindStep)
    case mask(String)
    case readOnlyPath(String)
    /// A mount made earlier by the plan becomes read-only, without those below it.
    case readOnlyMount(String)
    case device(DeviceStep)
    case symlink(target: String, path: String)
    /// `attach` also binds the terminal to /dev/console.
    case console(rows: UInt16, columns: UInt16, owner: UInt32, attach: Bool)
    case pivot
    case moveRoot
    case rootReadOnly
    case rootPropagation(MountPropagation)

    /// The three descriptors become 0, 1 and 2; pipes among them are given to `owner` if that is not 0.
    case stdio(Int32, Int32, Int32, owner: UInt32)
    case controllingTerminal
    /// `lenient`: a directory that only the user of the process may enter is tried again by the next such step.
    /// `makes`: it is made if it is missing.
    case workingDirectory(String, lenient: Bool, makes: Bool = false)
    case noNewPrivileges
    case boundingSet(CapabilitySet, last: UInt64)
    case keepCapabilities(Bool)
    /// `lenient`: where the user namespace denies setgroups(2), having none to set is no error.
    case groups([UInt32], lenient: Bool)
    case gid(UInt32)
    case uid(UInt32)
    case capabilities(effective: CapabilitySet, permitted: CapabilitySet, inheritable: CapabilitySet)
    case ambient(CapabilitySet)
    case umask(UInt32)
    case seccomp(SeccompProgram)
    /// The candidates for the program, in the order of PATH, and its name as it was given.
    case findExecutable([String], name: String)
    case closeDescriptors(preserve: Int)
    case ready
    case awaitStart
    case execute
}

/// A new file system and where it is mounted.
package struct MountStep: Hashable, Sendable {
    package var type: String
    package var source: String?
    /// Options of the file system: "mode=755", "newinstance".
    package var options: [String] = []
    package var attributes: MountAttributes = []
    package var propagation: MountPropagation?
    package var target: String
    /// No component of the target may be a symbolic link.
    package var strictTarget = false
    /// The target may lie on a procfs.
    package var mayCoverProc = false
    /// A tmpfs takes the mode of the directory it covers.
    package var inheritsMode = false
    /// A tmpfs starts with a copy of what it covers.
    package var copiesUp = false
    package var superReadOnly = false
    /// Without the right to mount it, the host's own is bound: in a user namespace that does not own what is behind it.
    package var mayBindHosts = false
}

/// A bind mount.
package struct BindStep: Hashable, Sendable {
    /// A path of the host.
    package var source: String
    package var recursive = false
    package var set: MountAttributes = []
    package var clear: MountAttributes = []
    /// For the whole tree ("rro").
    package var setAll: MountAttributes = []
    package var clearAll: MountAttributes = []
    package var propagation: MountPropagation?
    package var target: String
    package var strictTarget = false
    package var mayCoverProc = false
    /// The source must be a procfs.
    package var sourceIsProc = false
    /// The parent makes the mount with its own rights, the child attaches it.
    package var prepared = false
    package var idMap: MountIDMap?
}

/// Whose id maps an idmapped mount has, and how deep.
package struct MountIDMap: Hashable, Sendable {
    package enum Source: Hashable, Sendable {
        case maps(IDMaps)
        /// Those of a user namespace that exists.
        case namespace(String)
    }

    package var source: Source
    /// The mounts below it too.
    package var recursive: Bool
}

/// A device node.
package struct DeviceStep: Hashable, Sendable {
    package var path: String
    /// Type and permission bits as in stat(2).
    package var mode: UInt32
    package var major: UInt32
    package var minor: UInt32
    package var uid: UInt32 = 0
    package var gid: UInt32 = 0

    /// dev_t as the kernel's new encoding has it.
    package var number: UInt64 {
        let (major, minor) = (UInt64(major), UInt64(minor))
        return (minor & 0xFF) | (major & 0xFFF) << 8 | (minor & ~0xFF) << 12 | (major & ~0xFFF) << 32
    }
}

/// struct sched_attr (sched_setattr(2)).
package struct SchedulerValues: Hashable, Sendable {
    package var policy: UInt32
    package var flags: UInt64
    package var nice: Int32
    package var priority: UInt32
    package var runtime: UInt64
    package var deadline: UInt64
    package var period: UInt64
}

/// A compiled filter: `struct sock_filter[]` as bytes, and the flags to load it with.
package struct SeccompProgram: Hashable, Sendable {
    package var bytes: [UInt8]
    package var flags: UInt64

    package init(bytes: [UInt8], flags: UInt64) {
        self.bytes = bytes
        self.flags = flags
    }

    /// SECCOMP_FILTER_FLAG_NEW_LISTENER
    package static let listenerFlag: UInt64 = 8

    /// Loading it gives a notification descriptor.
    package var listens: Bool { flags & Self.listenerFlag != 0 }
}

extension Step {
    /// What the step does and on what, for the error that names it.
    package var title: (step: String, subject: String) {
        switch self {
        case .joinNamespace(let kind, let path): ("join the \(kind.title) namespace", path)
        case .joinProcess(let kinds): ("join the container's namespaces", kinds.title)
        case .unshare(let kind): ("make a \(kind.title) namespace", "")
        case .rendezvous: ("wait for the runtime", "")
        case .joinCgroup(let path): ("join the cgroup", path)
        case .writeProc(let path, let content):
            path.hasPrefix("sys/")
                ? ("set the sysctl", path.dropFirst(4).map { $0 == "/" ? "." : String($0) }.joined() + "=" + content)
                : ("write", "/proc/\(path) (\"\(content)\")")
        case .hostname(let name): ("set the host name", name)
        case .domainname(let name): ("set the domain name", name)
        case .loopbackUp: ("bring up the network interface", "lo")
        case .newSession: ("start a session", "")
        case .keyring(let name): ("join a new session keyring", name)
        case .resourceLimit(let name, _, let soft, let hard): ("set the rlimit", "\(name) to \(soft), \(hard)")
        case .ioPriority: ("set the io priority", "")
        case .scheduler: ("set the scheduler", "")
        case .personality: ("set the personality", "")
        case .affinity: ("set the CPU affinity", "")
        case .rootIDs: ("become root of the user namespace", "")
        case .timeNamespace(let offsets):
            ("make a time namespace", offsets.split(separator: "\n").joined(separator: ", "))
        case .memoryPolicy: ("set the memory policy", "")
        case .propagation(let path, _): ("set the mount propagation of", path)
        case .plainRoot(let path): ("open the rootfs", path)
        case .changeRoot: ("change the root", "")
        case .root(let path, _): ("prepare the rootfs", path)
        case .rootHere: ("open the container's root", "/")
        case .mount(let mount): ("mount \(mount.type) on", mount.target)
        case .bind(let bind): ("bind mount", "\(bind.source) on \(bind.target)")
        case .mask(let path): ("mask the path", path)
        case .readOnlyPath(let path), .readOnlyMount(let path): ("make read-only the path", path)
        case .device(let device): ("make the device", device.path)
        case .symlink(_, let path): ("make the link", path)
        case .console: ("set up the terminal", "/dev/console")
        case .pivot: ("pivot_root", "")
        case .moveRoot: ("move the root mount", "")
        case .rootReadOnly: ("make the rootfs read-only", "")
        case .rootPropagation: ("set the propagation of the rootfs", "")
        case .stdio: ("set up the standard descriptors", "")
        case .controllingTerminal: ("set the controlling terminal", "")
        case .workingDirectory(let path, _, _): ("change to the working directory", path)
        case .noNewPrivileges: ("set no_new_privs", "")
        case .boundingSet: ("set the capability bounding set", "")
        case .keepCapabilities: ("set keepcaps", "")
        case .groups: ("set the additional groups", "")
        case .gid(let id): ("set the group id", "\(id)")
        case .uid(let id): ("set the user id", "\(id)")
        case .capabilities: ("set the capabilities", "")
        case .ambient: ("set the ambient capabilities", "")
        case .umask: ("set the umask", "")
        case .seccomp: ("load the seccomp filter", "")
        case .findExecutable(_, let name): ("exec", "\"\(name)\"")
        case .closeDescriptors: ("close descriptors", "")
        case .ready: ("report readiness", "")
        case .awaitStart: ("wait for start", "")
        case .execute: ("exec", "")
        }
    }
}

extension Step {
    /// Joins what a process has of `namespaces`, after `goBetween` if it has a user namespace.
    static func joins(pid: Int32, _ namespaces: NamespaceFlags) -> [Step] {
        guard namespaces.contains(.user) else {
            let joined = namespaces.subtracting(.pid)
            return joined.isEmpty ? [] : [.joinProcess(joined)]
        }
        // The files of the host are still needed before.
        return [("cgroup", .cgroup), ("mnt", .mount)].filter { namespaces.contains($0.1) }.map { (name, kind) in
            .joinNamespace(kind, path: "/proc/\(pid)/ns/\(name)")
        }
    }
}

extension Step {
    /// Finds or executes the program.
    var isOfProgram: Bool {
        switch self {
        case .findExecutable, .execute: true
        default: false
        }
    }

    /// The root of a container's process, after its namespaces are joined.
    static func containerRoot(pid: Int32, _ namespaces: NamespaceFlags) -> [Step] {
        // Without a mount namespace of its own it was only changed by chroot(2).
        namespaces.contains(.mount) ? [.rootHere] : [.plainRoot("/proc/\(pid)/root"), .changeRoot]
    }
}

extension NamespaceFlags {
    /// Names of the files below /proc/PID/ns.
    static let files: [(String, NamespaceFlags)] = [
        ("mnt", .mount), ("uts", .uts), ("ipc", .ipc), ("net", .network), ("pid", .pid), ("cgroup", .cgroup),
        ("user", .user), ("time", .time),
    ]

    /// The names of the runtime specification.
    package var title: String {
        let table: [(NamespaceFlags, String)] = [
            (.mount, "mount"), (.uts, "uts"), (.ipc, "ipc"), (.network, "network"), (.pid, "pid"), (.user, "user"),
            (.cgroup, "cgroup"), (.time, "time"),
        ]
        return table.filter { contains($0.0) }.map { $0.1 }.joined(separator: "+")
    }
}
