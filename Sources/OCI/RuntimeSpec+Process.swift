extension RuntimeSpec {
    /// The container's first process.
    package struct Process: Encodable, Hashable, Sendable {
        /// True: standard streams are a pseudo terminal. Absent means false.
        package var terminal: Bool?
        /// The terminal's size; ignored without `terminal`.
        package var consoleSize: Box?
        package var user: User?
        /// The program and its arguments; required to start, absent in a sandbox that runs none.
        package var args: [String]?
        /// "NAME=value"
        package var env: [String]?
        /// Absolute inside the container.
        package var cwd: String
        package var capabilities: Capabilities?
        package var rlimits: [Rlimit]?
        /// prctl(PR_SET_NO_NEW_PRIVS)
        package var noNewPrivileges: Bool?
        /// The AppArmor profile of the process.
        package var apparmorProfile: String?
        /// Written to /proc/self/oom_score_adj; absent: inherited.
        package var oomScoreAdj: Int?
        package var scheduler: Scheduler?
        /// The SELinux label of the process.
        package var selinuxLabel: String?
        package var ioPriority: IOPriority?
        /// Only for `exec`: on which CPUs the process is moved into the container, and runs afterwards.
        package var execCPUAffinity: CPUAffinity?

        package init(
            terminal: Bool? = nil,
            consoleSize: Box? = nil,
            user: User? = nil,
            args: [String]? = nil,
            env: [String]? = nil,
            cwd: String,
            capabilities: Capabilities? = nil,
            rlimits: [Rlimit]? = nil,
            noNewPrivileges: Bool? = nil,
            apparmorProfile: String? = nil,
            oomScoreAdj: Int? = nil,
            scheduler: Scheduler? = nil,
            selinuxLabel: String? = nil,
            ioPriority: IOPriority? = nil,
            execCPUAffinity: CPUAffinity? = nil
        ) {
            self.terminal = terminal
            self.consoleSize = consoleSize
            self.user = user
            self.args = args
            self.env = env
            self.cwd = cwd
            self.capabilities = capabilities
            self.rlimits = rlimits
            self.noNewPrivileges = noNewPrivileges
            self.apparmorProfile = apparmorProfile
            self.oomScoreAdj = oomScoreAdj
            self.scheduler = scheduler
            self.selinuxLabel = selinuxLabel
            self.ioPriority = ioPriority
            self.execCPUAffinity = execCPUAffinity
        }
    }

    /// Rows and columns of a terminal.
    package struct Box: Codable, Hashable, Sendable {
        package var height: UInt
        package var width: UInt

        package init(
            height: UInt,
            width: UInt
        ) {
            self.height = height
            self.width = width
        }
    }

    /// Who the process is.
    package struct User: Encodable, Hashable, Sendable {
        package var uid: UInt32
        package var gid: UInt32
        /// umask(2); absent: the runtime's default, 0022.
        package var umask: UInt32?
        package var additionalGids: [UInt32]?

        package init(
            uid: UInt32 = 0,
            gid: UInt32 = 0,
            umask: UInt32? = nil,
            additionalGids: [UInt32]? = nil
        ) {
            self.uid = uid
            self.gid = gid
            self.umask = umask
            self.additionalGids = additionalGids
        }
    }

    /// The five sets of capabilities(7), each a list of names as "CAP_NET_BIND_SERVICE".
    package struct Capabilities: Encodable, Hashable, Sendable {
        package var bounding: [String]?
        package var effective: [String]?
        package var inheritable: [String]?
        package var permitted: [String]?
        package var ambient: [String]?

        package init(
            bounding: [String]? = nil,
            effective: [String]? = nil,
            inheritable: [String]? = nil,
            permitted: [String]? = nil,
            ambient: [String]? = nil
        ) {
            self.bounding = bounding
            self.effective = effective
            self.inheritable = inheritable
            self.permitted = permitted
            self.ambient = ambient
        }
    }

    /// One limit of setrlimit(2).
    package struct Rlimit: Encodable, Hashable, Sendable {
        /// "RLIMIT_NOFILE"
        package var type: String
        package var hard: UInt64
        package var soft: UInt64

        package init(
            type: String,
            hard: UInt64,
            soft: UInt64
        ) {
            self.type = type
            self.hard = hard
            self.soft = soft
        }
    }

    /// Parameters of sched_setattr(2).
    package struct Scheduler: Codable, Hashable, Sendable {
        package var policy: Policy
        package var nice: Int32?
        package var priority: Int32?
        /// "SCHED_FLAG_RESET_ON_FORK", …
        package var flags: [String]?
        /// Nanoseconds, for the deadline policy.
        package var runtime: UInt64?
        package var deadline: UInt64?
        package var period: UInt64?

        package init(
            policy: Policy,
            nice: Int32? = nil,
            priority: Int32? = nil,
            flags: [String]? = nil,
            runtime: UInt64? = nil,
            deadline: UInt64? = nil,
            period: UInt64? = nil
        ) {
            self.policy = policy
            self.nice = nice
            self.priority = priority
            self.flags = flags
            self.runtime = runtime
            self.deadline = deadline
            self.period = period
        }

        package enum Policy: String, Codable, Sendable {
            case other = "SCHED_OTHER"
            case fifo = "SCHED_FIFO"
            case roundRobin = "SCHED_RR"
            case batch = "SCHED_BATCH"
            case iso = "SCHED_ISO"
            case idle = "SCHED_IDLE"
            case deadline = "SCHED_DEADLINE"
        }
    }

    /// Parameters of ioprio_set(2).
    package struct IOPriority: Codable, Hashable, Sendable {
        package var `class`: Class
        /// 0 (highest, also if absent) to 7.
        package var priority: Int?

        package init(
            `class`: Class,
            priority: Int? = nil
        ) {
            self.class = `class`
            self.priority = priority
        }

        package enum Class: String, Codable, Sendable {
            case realtime = "IOPRIO_CLASS_RT"
            case bestEffort = "IOPRIO_CLASS_BE"
            case idle = "IOPRIO_CLASS_IDLE"
        }
    }

    /// Lists of CPUs as in cpuset(7): "0-3,7".
    package struct CPUAffinity: Codable, Hashable, Sendable {
        /// Before the process enters the container's cgroup.
        package var initial: String?
        /// After it did.
        package var final: String?

        package init(
            initial: String? = nil,
            final: String? = nil
        ) {
            self.initial = initial
            self.final = final
        }
    }
}
