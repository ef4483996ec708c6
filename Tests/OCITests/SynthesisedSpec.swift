// The types of RuntimeSpec with nothing but what the compiler synthesises, to compare their reading with.

struct SynthesisedSpec: Codable {
    var ociVersion: String
    var process: Process?
    var root: Root?
    var hostname: String?
    var domainname: String?
    var mounts: [Mount]?
    var hooks: Hooks?
    var annotations: [String: String]?
    var linux: Linux?
}
extension SynthesisedSpec {
    struct Root: Codable {
        var path: String
        var readonly: Bool?
    }
    struct Mount: Codable {
        var destination: String
        var type: String?
        var source: String?
        var options: [String]?
        var uidMappings: [IDMapping]?
        var gidMappings: [IDMapping]?
    }
    struct IDMapping: Codable {
        var containerID: UInt32
        var hostID: UInt32
        var size: UInt32
    }
    struct Hooks: Codable {
        var prestart: [Hook]?
        var createRuntime: [Hook]?
        var createContainer: [Hook]?
        var startContainer: [Hook]?
        var poststart: [Hook]?
        var poststop: [Hook]?
    }
    struct Hook: Codable {
        var path: String
        var args: [String]?
        var env: [String]?
        var timeout: Int?
    }
}
extension SynthesisedSpec {
    struct Process: Codable {
        var terminal: Bool?
        var consoleSize: Box?
        var user: User?
        var args: [String]?
        var env: [String]?
        var cwd: String
        var capabilities: Capabilities?
        var rlimits: [Rlimit]?
        var noNewPrivileges: Bool?
        var apparmorProfile: String?
        var oomScoreAdj: Int?
        var scheduler: Scheduler?
        var selinuxLabel: String?
        var ioPriority: IOPriority?
        var execCPUAffinity: CPUAffinity?
    }
    struct Box: Codable {
        var height: UInt
        var width: UInt
    }
    struct User: Codable {
        var uid: UInt32
        var gid: UInt32
        var umask: UInt32?
        var additionalGids: [UInt32]?
        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            uid = try fields.decodeIfPresent(UInt32.self, forKey: .uid) ?? 0
            gid = try fields.decodeIfPresent(UInt32.self, forKey: .gid) ?? 0
            umask = try fields.decodeIfPresent(UInt32.self, forKey: .umask)
            additionalGids = try fields.decodeIfPresent([UInt32].self, forKey: .additionalGids)
        }
    }
    struct Capabilities: Codable {
        var bounding: [String]?
        var effective: [String]?
        var inheritable: [String]?
        var permitted: [String]?
        var ambient: [String]?
    }
    struct Rlimit: Codable {
        var type: String
        var hard: UInt64
        var soft: UInt64
    }
    struct Scheduler: Codable {
        var policy: Policy
        var nice: Int32?
        var priority: Int32?
        var flags: [String]?
        var runtime: UInt64?
        var deadline: UInt64?
        var period: UInt64?
        enum Policy: String, Codable {
            case other = "SCHED_OTHER"
            case fifo = "SCHED_FIFO"
            case roundRobin = "SCHED_RR"
            case batch = "SCHED_BATCH"
            case iso = "SCHED_ISO"
            case idle = "SCHED_IDLE"
            case deadline = "SCHED_DEADLINE"
        }
    }
    struct IOPriority: Codable {
        var `class`: Class
        var priority: Int?
        enum Class: String, Codable {
            case realtime = "IOPRIO_CLASS_RT"
            case bestEffort = "IOPRIO_CLASS_BE"
            case idle = "IOPRIO_CLASS_IDLE"
        }
    }
    struct CPUAffinity: Codable {
        var initial: String?
        var final: String?
    }
}
extension SynthesisedSpec {
    struct Linux: Codable {
        var uidMappings: [IDMapping]?
        var gidMappings: [IDMapping]?
        var sysctl: [String: String]?
        var resources: Resources?
        var cgroupsPath: String?
        var namespaces: [Namespace]?
        var devices: [Device]?
        var netDevices: [String: NetDevice]?
        var seccomp: Seccomp?
        var rootfsPropagation: String?
        var maskedPaths: [String]?
        var readonlyPaths: [String]?
        var mountLabel: String?
        var intelRdt: IntelRdt?
        var personality: Personality?
        var timeOffsets: [String: TimeOffset]?
        var memoryPolicy: MemoryPolicy?
    }
    struct Namespace: Codable {
        var type: Kind
        var path: String?
        enum Kind: String, Codable {
            case pid, network, mount, ipc, uts, user, cgroup, time
        }
    }
    struct Device: Codable {
        var type: Kind
        var path: String
        var major: Int64?
        var minor: Int64?
        var fileMode: UInt32?
        var uid: UInt32?
        var gid: UInt32?
        enum Kind: String, Codable {
            case character = "c"
            case unbuffered = "u"
            case block = "b"
            case pipe = "p"
        }
    }
    struct NetDevice: Codable {
        var name: String?
    }
    struct IntelRdt: Codable {
        var closID: String?
        var schemata: [String]?
        var l3CacheSchema: String?
        var memBwSchema: String?
        var enableMonitoring: Bool?
        var enableCMT: Bool?
        var enableMBM: Bool?
    }
    struct Personality: Codable {
        var domain: String
        var flags: [String]?
    }
    struct MemoryPolicy: Codable {
        var mode: String?
        var nodes: String?
        var flags: [String]?
    }
    struct TimeOffset: Codable {
        var secs: Int64?
        var nanosecs: UInt32?
    }
    struct Seccomp: Codable {
        var defaultAction: Action
        var defaultErrnoRet: UInt32?
        var architectures: [String]?
        var flags: [String]?
        var listenerPath: String?
        var listenerMetadata: String?
        var syscalls: [Rule]?
        enum Action: String, Codable {
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
        enum Operator: String, Codable {
            case notEqual = "SCMP_CMP_NE"
            case less = "SCMP_CMP_LT"
            case lessOrEqual = "SCMP_CMP_LE"
            case equal = "SCMP_CMP_EQ"
            case greaterOrEqual = "SCMP_CMP_GE"
            case greater = "SCMP_CMP_GT"
            case maskedEqual = "SCMP_CMP_MASKED_EQ"
        }
        struct Rule: Codable {
            var names: [String]
            var action: Action
            var errnoRet: UInt32?
            var args: [Argument]?
        }
        struct Argument: Codable {
            var index: UInt
            var value: UInt64
            var valueTwo: UInt64?
            var op: Operator
        }
    }
}
extension SynthesisedSpec {
    struct Resources: Codable {
        var devices: [DeviceRule]?
        var memory: Memory?
        var cpu: CPU?
        var pids: Pids?
        var blockIO: BlockIO?
        var hugepageLimits: [HugepageLimit]?
        var network: Network?
        var rdma: [String: Rdma]?
        var unified: [String: String]?
    }
    struct DeviceRule: Codable {
        var allow: Bool
        var type: String?
        var major: Int64?
        var minor: Int64?
        var access: String?
    }
    struct Memory: Codable {
        var limit: Int64?
        var reservation: Int64?
        var swap: Int64?
        var kernel: Int64?
        var kernelTCP: Int64?
        var swappiness: UInt64?
        var disableOOMKiller: Bool?
        var useHierarchy: Bool?
        var checkBeforeUpdate: Bool?
    }
    struct CPU: Codable {
        var shares: UInt64?
        var quota: Int64?
        var burst: UInt64?
        var period: UInt64?
        var realtimeRuntime: Int64?
        var realtimePeriod: UInt64?
        var cpus: String?
        var mems: String?
        var idle: Int64?
    }
    struct Pids: Codable {
        var limit: Int64?
    }
    struct BlockIO: Codable {
        var weight: UInt16?
        var leafWeight: UInt16?
        var weightDevice: [WeightDevice]?
        var throttleReadBpsDevice: [ThrottleDevice]?
        var throttleWriteBpsDevice: [ThrottleDevice]?
        var throttleReadIOPSDevice: [ThrottleDevice]?
        var throttleWriteIOPSDevice: [ThrottleDevice]?
        struct WeightDevice: Codable {
            var major: Int64
            var minor: Int64
            var weight: UInt16?
            var leafWeight: UInt16?
        }
        struct ThrottleDevice: Codable {
            var major: Int64
            var minor: Int64
            var rate: UInt64
        }
    }
    struct HugepageLimit: Codable {
        var pageSize: String
        var limit: UInt64
    }
    struct Network: Codable {
        var classID: UInt32?
        var priorities: [InterfacePriority]?
        struct InterfacePriority: Codable {
            var name: String
            var priority: UInt32
        }
    }
    struct Rdma: Codable {
        var hcaHandles: UInt32?
        var hcaObjects: UInt32?
    }
}
