/// The system call filter of containers that ask for no other: an allow list, as Docker's and containerd's are.
///
/// Refused with EPERM is what a container has no business with: loading modules and kernels, changing the clock or the
/// swap, kernel keys, other processes' descriptors and memory, user fault handling, io_uring, namespaces. Calls that a
/// capability guards are allowed to those who hold it, for the kernel checks them itself.
package enum DefaultSeccomp {
    /// The profile for a container with the usual fourteen capabilities.
    package static let profile = profile(
        capabilities: [
            "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
            "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
            "CAP_AUDIT_WRITE",
        ]
    )

    /// The profile for a container whose bounding set is `capabilities`, as names ("CAP_SYS_PTRACE").
    package static func profile(capabilities: [String]) -> RuntimeSpec.Seccomp {
        let held = Set(capabilities.map { $0.uppercased() })
        var names = files + descriptors + polling + memory + processes + signals + time + sockets + communication
        names += scheduling + limitsAndIdentity + machine
        for (capability, calls) in guarded where held.contains(capability) { names += calls }
        var rules = [allow(names)]
        rules += conditional
        if !held.contains("CAP_SYS_ADMIN") { rules += restrictedClone }
        return RuntimeSpec.Seccomp(
            defaultAction: .errno,
            defaultErrnoRet: notPermitted,
            architectures: architectures,
            syscalls: rules
        )
    }

    private static let notPermitted: UInt32 = 1
    private static let notImplemented: UInt32 = 38

    private static func allow(
        _ names: [String],
        _ arguments: [RuntimeSpec.Seccomp.Argument]? = nil
    ) -> RuntimeSpec.Seccomp.Rule {
        RuntimeSpec.Seccomp.Rule(names: names, action: .allow, args: arguments)
    }

    // The machine's own and what it can run besides.
    #if arch(x86_64)
    private static let architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    private static let machine = ["arch_prctl", "modify_ldt", "map_shadow_stack", "set_thread_area", "get_thread_area"]
    #elseif arch(arm64)
    private static let architectures = ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]
    private static let machine = [
        "arm_fadvise64_64", "arm_sync_file_range", "sync_file_range2", "breakpoint", "cacheflush", "set_tls", "get_tls",
    ]
    #else
    private static let architectures: [String] = []
    private static let machine: [String] = []
    #endif

    // Names with 64, 32 or _time64 are those of 32-bit programs.

    private static let files = [
        "access", "chdir", "chmod", "chown", "chown32", "creat", "faccessat", "faccessat2", "fchdir", "fchmod",
        "fchmodat",
        "fchmodat2", "fchown", "fchown32", "fchownat", "fgetxattr", "flistxattr", "fremovexattr", "fsetxattr", "fstat",
        "fstat64", "fstatat64", "fstatfs", "fstatfs64", "futimesat", "getcwd", "getdents", "getdents64", "getxattr",
        "getxattrat", "lchown", "lchown32", "lgetxattr", "link", "linkat", "listmount", "listxattr", "listxattrat",
        "llistxattr", "lremovexattr", "lsetxattr", "lstat", "lstat64", "mkdir", "mkdirat", "mknod", "mknodat",
        "name_to_handle_at", "newfstatat", "open", "openat", "openat2", "readlink", "readlinkat", "removexattr",
        "removexattrat", "rename", "renameat", "renameat2", "rmdir", "setxattr", "setxattrat", "stat", "stat64",
        "statfs",
        "statfs64", "statmount", "statx", "symlink", "symlinkat", "umask", "unlink", "unlinkat", "utime", "utimensat",
        "utimensat_time64", "utimes",
    ]

    private static let descriptors = [
        "_llseek", "cachestat", "close", "close_range", "copy_file_range", "dup", "dup2", "dup3", "fadvise64",
        "fadvise64_64", "fallocate", "fcntl", "fcntl64", "fdatasync", "flock", "fsync", "ftruncate", "ftruncate64",
        "ioctl",
        "lseek", "pipe", "pipe2", "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read",
        "readahead",
        "readv", "sendfile", "sendfile64", "splice", "sync", "sync_file_range", "syncfs", "tee", "truncate",
        "truncate64",
        "vmsplice", "write", "writev",
    ]

    private static let polling = [
        "_newselect", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_pwait", "epoll_pwait2",
        "epoll_wait", "epoll_wait_old", "eventfd", "eventfd2", "fanotify_mark", "inotify_add_watch", "inotify_init",
        "inotify_init1", "inotify_rm_watch", "io_cancel", "io_destroy", "io_getevents", "io_pgetevents",
        "io_pgetevents_time64", "io_setup", "io_submit", "poll", "ppoll", "ppoll_time64", "pselect6", "pselect6_time64",
        "select",
    ]

    private static let memory = [
        "brk", "madvise", "membarrier", "memfd_create", "memfd_secret", "mincore", "mlock", "mlock2", "mlockall",
        "mmap",
        "mmap2", "mprotect", "mremap", "mseal", "msync", "munlock", "munlockall", "munmap", "pkey_alloc", "pkey_free",
        "pkey_mprotect", "remap_file_pages",
    ]

    private static let processes = [
        "capget", "capset", "execve", "execveat", "exit", "exit_group", "fork", "get_robust_list", "getpgid", "getpgrp",
        "getpid", "getppid", "getsid", "gettid", "landlock_add_rule", "landlock_create_ruleset",
        "landlock_restrict_self",
        "lsm_get_self_attr", "lsm_list_modules", "lsm_set_self_attr", "pidfd_open", "prctl", "process_mrelease",
        "restart_syscall", "rseq", "seccomp", "set_robust_list", "set_tid_address", "setpgid", "setsid", "vfork",
        "wait4",
        "waitid", "waitpid",
    ]

    private static let signals = [
        "alarm", "kill", "pause", "pidfd_send_signal", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
        "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64",
        "rt_tgsigqueueinfo", "sigaltstack", "signalfd", "signalfd4", "sigprocmask", "sigreturn", "tgkill", "tkill",
    ]

    private static let time = [
        "adjtimex", "clock_adjtime", "clock_adjtime64", "clock_getres", "clock_getres_time64", "clock_gettime",
        "clock_gettime64", "clock_nanosleep", "clock_nanosleep_time64", "getitimer", "gettimeofday", "nanosleep",
        "setitimer", "time", "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime", "timer_gettime64",
        "timer_settime", "timer_settime64", "timerfd_create", "timerfd_gettime", "timerfd_gettime64", "timerfd_settime",
        "timerfd_settime64", "times",
    ]

    private static let sockets = [
        "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recv",
        "recvfrom",
        "recvmmsg", "recvmmsg_time64", "recvmsg", "send", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown",
        "socketcall", "socketpair",
    ]

    private static let communication = [
        "futex", "futex_requeue", "futex_time64", "futex_wait", "futex_waitv", "futex_wake", "ipc", "mq_getsetattr",
        "mq_notify", "mq_open", "mq_timedreceive", "mq_timedreceive_time64", "mq_timedsend", "mq_timedsend_time64",
        "mq_unlink", "msgctl", "msgget", "msgrcv", "msgsnd", "semctl", "semget", "semop", "semtimedop",
        "semtimedop_time64", "shmat", "shmctl", "shmdt", "shmget",
    ]

    private static let scheduling = [
        "getcpu", "getpriority", "ioprio_get", "ioprio_set", "sched_get_priority_max", "sched_get_priority_min",
        "sched_getaffinity", "sched_getattr", "sched_getparam", "sched_getscheduler", "sched_rr_get_interval",
        "sched_rr_get_interval_time64", "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler",
        "sched_yield", "setpriority",
    ]

    private static let limitsAndIdentity = [
        "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getgroups", "getgroups32", "getrandom",
        "getresgid", "getresgid32", "getresuid", "getresuid32", "getrlimit", "getrusage", "getuid", "getuid32",
        "prlimit64",
        "setfsgid", "setfsgid32", "setfsuid", "setfsuid32", "setgid", "setgid32", "setgroups", "setgroups32",
        "setregid",
        "setregid32", "setresgid", "setresgid32", "setresuid", "setresuid32", "setreuid", "setreuid32", "setrlimit",
        "setuid", "setuid32", "sysinfo", "ugetrlimit", "uname",
        // The kernel asks for the right over the other process itself (ptrace access mode, since 4.8).
        "process_vm_readv", "process_vm_writev", "ptrace",
    ]

    /// Calls that are useless without a capability, and wanted by who holds it.
    private static let guarded: [(capability: String, calls: [String])] = [
        ("CAP_DAC_READ_SEARCH", ["open_by_handle_at"]),
        (
            "CAP_SYS_ADMIN",
            [
                "bpf", "clone", "clone3", "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick", "lookup_dcookie",
                "mount", "mount_setattr", "move_mount", "open_tree", "perf_event_open", "pivot_root", "quotactl",
                "quotactl_fd", "setdomainname", "sethostname", "setns", "syslog", "umount", "umount2", "unshare",
            ]
        ),
        ("CAP_BPF", ["bpf"]),
        ("CAP_PERFMON", ["perf_event_open"]),
        ("CAP_SYS_BOOT", ["reboot"]),
        ("CAP_SYS_CHROOT", ["chroot"]),
        ("CAP_SYS_MODULE", ["delete_module", "finit_module", "init_module"]),
        ("CAP_SYS_NICE", ["get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node"]),
        ("CAP_SYS_PACCT", ["acct"]),
        ("CAP_SYS_PTRACE", ["kcmp", "pidfd_getfd", "process_madvise"]),
        ("CAP_SYS_RAWIO", ["ioperm", "iopl"]),
        ("CAP_SYS_TIME", ["clock_settime", "clock_settime64", "settimeofday", "stime"]),
        ("CAP_SYS_TTY_CONFIG", ["vhangup"]),
        ("CAP_SYSLOG", ["syslog"]),
    ]

    /// Calls that are allowed with some arguments only.
    private static let conditional: [RuntimeSpec.Seccomp.Rule] = {
        // personality(2): PER_LINUX, PER_LINUX32, each with UNAME26, and the question for the current one.
        let personalities: [UInt64] = [0x0, 0x0008, 0x20000, 0x20008, 0xFFFF_FFFF]
        let rules = personalities.map { allow(["personality"], [.init(index: 0, value: $0, op: .equal)]) }
        // AF_VSOCK reaches the hypervisor past every network policy.
        return rules + [allow(["socket"], [.init(index: 0, value: 40, op: .notEqual)])]
    }()

    /// Processes and threads, but no new namespaces; the flags of clone3 are behind a pointer that a filter cannot read,
    /// so it is "not implemented" and the C library falls back to clone.
    private static let restrictedClone: [RuntimeSpec.Seccomp.Rule] = {
        // CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
        let namespaces: UInt64 = 0x7E02_0000
        #if arch(s390x)
        let index: UInt = 1
        #else
        let index: UInt = 0
        #endif
        return [
            allow(["clone"], [.init(index: index, value: namespaces, valueTwo: 0, op: .maskedEqual)]),
            RuntimeSpec.Seccomp.Rule(names: ["clone3"], action: .errno, errnoRet: notImplemented),
        ]
    }()
}
