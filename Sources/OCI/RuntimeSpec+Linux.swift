extension RuntimeSpec {
    /// What only Linux has (config-linux.md).
    package struct Linux: Encodable, Hashable, Sendable {
        package var uidMappings: [IDMapping]?
        package var gidMappings: [IDMapping]?
        /// Kernel parameters of the container's namespaces: "net.ipv4.ip_forward" -> "1".
        package var sysctl: [String: String]?
        package var resources: Resources?
        /// Absolute: below the cgroup mount. Relative: below a directory of the runtime's choice. With the systemd driver
        /// "slice:prefix:name".
        package var cgroupsPath: String?
        /// A type that is not listed is inherited from the runtime.
        package var namespaces: [Namespace]?
        package var devices: [Device]?
        /// Host network devices to move into the container's network namespace, by host name (since 1.3).
        package var netDevices: [String: NetDevice]?
        package var seccomp: Seccomp?
        /// Propagation of the root mount: "shared", "slave", "private", "unbindable" and their recursive forms.
        package var rootfsPropagation: String?
        /// Absolute paths inside the container that shall be unreadable.
        package var maskedPaths: [String]?
        package var readonlyPaths: [String]?
        /// The SELinux context of the mounts.
        package var mountLabel: String?
        package var intelRdt: IntelRdt?
        package var personality: Personality?
        /// By clock: "monotonic" and "boottime".
        package var timeOffsets: [String: TimeOffset]?
        /// Where the process's memory comes from (since 1.3).
        package var memoryPolicy: MemoryPolicy?

        package init(
            uidMappings: [IDMapping]? = nil,
            gidMappings: [IDMapping]? = nil,
            sysctl: [String: String]? = nil,
            resources: Resources? = nil,
            cgroupsPath: String? = nil,
            namespaces: [Namespace]? = nil,
            devices: [Device]? = nil,
            netDevices: [String: NetDevice]? = nil,
            seccomp: Seccomp? = nil,
            rootfsPropagation: String? = nil,
            maskedPaths: [String]? = nil,
            readonlyPaths: [String]? = nil,
            mountLabel: String? = nil,
            intelRdt: IntelRdt? = nil,
            personality: Personality? = nil,
            timeOffsets: [String: TimeOffset]? = nil,
            memoryPolicy: MemoryPolicy? = nil
        ) {
            self.uidMappings = uidMappings
            self.gidMappings = gidMappings
            self.sysctl = sysctl
            self.resources = resources
            self.cgroupsPath = cgroupsPath
            self.namespaces = namespaces
            self.devices = devices
            self.netDevices = netDevices
            self.seccomp = seccomp
            self.rootfsPropagation = rootfsPropagation
            self.maskedPaths = maskedPaths
            self.readonlyPaths = readonlyPaths
            self.mountLabel = mountLabel
            self.intelRdt = intelRdt
            self.personality = personality
            self.timeOffsets = timeOffsets
            self.memoryPolicy = memoryPolicy
        }
    }

    /// A namespace to make, or with a path to join.
    package struct Namespace: Encodable, Hashable, Sendable {
        package var type: Kind
        /// Absolute in the runtime's mount namespace; absent: a new namespace.
        package var path: String?

        package init(
            type: Kind,
            path: String? = nil
        ) {
            self.type = type
            self.path = path
        }

        package enum Kind: String, Codable, CaseIterable, Sendable {
            case pid, network, mount, ipc, uts, user, cgroup, time
        }
    }

    /// A device node to make.
    package struct Device: Encodable, Hashable, Sendable {
        package var type: Kind
        /// Absolute inside the container.
        package var path: String
        /// Required but for a pipe.
        package var major: Int64?
        package var minor: Int64?
        /// Permission bits, decimal in the document.
        package var fileMode: UInt32?
        package var uid: UInt32?
        package var gid: UInt32?

        package init(
            type: Kind,
            path: String,
            major: Int64? = nil,
            minor: Int64? = nil,
            fileMode: UInt32? = nil,
            uid: UInt32? = nil,
            gid: UInt32? = nil
        ) {
            self.type = type
            self.path = path
            self.major = major
            self.minor = minor
            self.fileMode = fileMode
            self.uid = uid
            self.gid = gid
        }

        package enum Kind: String, Codable, Sendable {
            case character = "c"
            /// A character device too ("unbuffered"), by mknod(1).
            case unbuffered = "u"
            case block = "b"
            case pipe = "p"
        }
    }

    /// What a host network device is called inside the container.
    package struct NetDevice: Codable, Hashable, Sendable {
        /// Absent: its name on the host.
        package var name: String?

        package init(
            name: String? = nil
        ) {
            self.name = name
        }
    }

    /// Intel's Resource Director Technology, over resctrl.
    package struct IntelRdt: Codable, Hashable, Sendable {
        package var closID: String?
        package var schemata: [String]?
        package var l3CacheSchema: String?
        package var memBwSchema: String?
        package var enableMonitoring: Bool?
        package var enableCMT: Bool?
        package var enableMBM: Bool?

        package init(
            closID: String? = nil,
            schemata: [String]? = nil,
            l3CacheSchema: String? = nil,
            memBwSchema: String? = nil,
            enableMonitoring: Bool? = nil,
            enableCMT: Bool? = nil,
            enableMBM: Bool? = nil
        ) {
            self.closID = closID
            self.schemata = schemata
            self.l3CacheSchema = l3CacheSchema
            self.memBwSchema = memBwSchema
            self.enableMonitoring = enableMonitoring
            self.enableCMT = enableCMT
            self.enableMBM = enableMBM
        }
    }

    /// personality(2)
    package struct Personality: Codable, Hashable, Sendable {
        /// "LINUX" or "LINUX32".
        package var domain: String
        package var flags: [String]?

        package init(
            domain: String,
            flags: [String]? = nil
        ) {
            self.domain = domain
            self.flags = flags
        }
    }

    /// set_mempolicy(2)
    package struct MemoryPolicy: Codable, Hashable, Sendable {
        /// "MPOL_BIND", "MPOL_INTERLEAVE", …
        package var mode: String?
        /// A list of memory nodes: "0-3,7".
        package var nodes: String?
        /// "MPOL_F_STATIC_NODES", …
        package var flags: [String]?

        package init(mode: String? = nil, nodes: String? = nil, flags: [String]? = nil) {
            self.mode = mode
            self.nodes = nodes
            self.flags = flags
        }
    }

    /// An offset of a clock in the time namespace.
    package struct TimeOffset: Codable, Hashable, Sendable {
        package var secs: Int64?
        package var nanosecs: UInt32?

        package init(
            secs: Int64? = nil,
            nanosecs: UInt32? = nil
        ) {
            self.secs = secs
            self.nanosecs = nanosecs
        }
    }

    /// A system call filter.
    package struct Seccomp: Encodable, Hashable, Sendable {
        /// For every call that no rule matches.
        package var defaultAction: Action
        /// The errno of `defaultAction`, for "errno" and "trace"; absent: EPERM.
        package var defaultErrnoRet: UInt32?
        /// "SCMP_ARCH_X86_64", …; absent: the native one.
        package var architectures: [String]?
        /// "SECCOMP_FILTER_FLAG_LOG", …; absent: the runtime's default.
        package var flags: [String]?
        /// A unix socket that gets the notification descriptor of rules with the action "notify".
        package var listenerPath: String?
        /// Sent along with it.
        package var listenerMetadata: String?
        package var syscalls: [Rule]?

        package init(
            defaultAction: Action,
            defaultErrnoRet: UInt32? = nil,
            architectures: [String]? = nil,
            flags: [String]? = nil,
            listenerPath: String? = nil,
            listenerMetadata: String? = nil,
            syscalls: [Rule]? = nil
        ) {
            self.defaultAction = defaultAction
            self.defaultErrnoRet = defaultErrnoRet
            self.architectures = architectures
            self.flags = flags
            self.listenerPath = listenerPath
            self.listenerMetadata = listenerMetadata
            self.syscalls = syscalls
        }

        /// What the kernel does with a call.
        package enum Action: String, Codable, CaseIterable, Sendable {
            case kill = "SCMP_ACT_KILL"
            case killProcess = "SCMP_ACT_KILL_PROCESS"
            case killThread = "SCMP_ACT_KILL_THREAD"
            case trap = "SCMP_ACT_TRAP"
            case errno = "SCMP_ACT_ERRNO"
            case trace = "SCMP_ACT_TRACE"
            case allow = "SCMP_ACT_ALLOW"
            case log = "SCMP_ACT_LOG"
            case notify = "SCMP_ACT_NOTIFY"
        }

        /// How an argument is compared.
        package enum Operator: String, Codable, CaseIterable, Sendable {
            case notEqual = "SCMP_CMP_NE"
            case less = "SCMP_CMP_LT"
            case lessOrEqual = "SCMP_CMP_LE"
            case equal = "SCMP_CMP_EQ"
            case greaterOrEqual = "SCMP_CMP_GE"
            case greater = "SCMP_CMP_GT"
            case maskedEqual = "SCMP_CMP_MASKED_EQ"
        }

        /// Calls, and what is done with them if all arguments match.
        package struct Rule: Encodable, Hashable, Sendable {
            package var names: [String]
            package var action: Action
            /// For "errno" and "trace"; absent: EPERM.
            package var errnoRet: UInt32?
            package var args: [Argument]?

            package init(
                names: [String],
                action: Action,
                errnoRet: UInt32? = nil,
                args: [Argument]? = nil
            ) {
                self.names = names
                self.action = action
                self.errnoRet = errnoRet
                self.args = args
            }
        }

        /// A condition on one argument.
        package struct Argument: Encodable, Hashable, Sendable {
            /// 0 to 5.
            package var index: UInt
            /// The value compared with; for a masked comparison the mask.
            package var value: UInt64
            /// For a masked comparison the value.
            package var valueTwo: UInt64?
            package var op: Operator

            package init(
                index: UInt,
                value: UInt64,
                valueTwo: UInt64? = nil,
                op: Operator
            ) {
                self.index = index
                self.value = value
                self.valueTwo = valueTwo
                self.op = op
            }
        }
    }
}
