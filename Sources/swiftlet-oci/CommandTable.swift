/// One flag of a command, as it is parsed and as the help shows it.
struct Flag {
    let name: String
    let short: String?
    /// What the value is called in the help; nil for a switch.
    let value: String?
    let help: String

    static func option(_ name: String, _ short: String? = nil, _ value: String, _ help: String) -> Flag {
        Flag(name: name, short: short, value: value, help: help)
    }

    static func toggle(_ name: String, _ short: String? = nil, _ help: String) -> Flag {
        Flag(name: name, short: short, value: nil, help: help)
    }
}

/// One command: its name, what it takes, what it is for.
struct Command {
    let name: String
    /// The operands: "<container-id>".
    let operands: String
    let summary: String
    var flags: [Flag] = []
    /// How many operands there may be.
    var count: ClosedRange<Int> = 1...1
    /// Flags end at the first operand: what follows belongs to another program.
    var stopsAtOperand = false

    var grammar: Arguments.Grammar {
        var grammar = Arguments.Grammar(flags + [.toggle("help", "h", "show help")])
        grammar.stopsAtOperand = stopsAtOperand
        return grammar
    }
}

extension Arguments.Grammar {
    init(_ flags: [Flag]) {
        self.init()
        for flag in flags {
            if flag.value == nil { switches.insert(flag.name) } else { options.insert(flag.name) }
            if let short = flag.short { self.short[short] = flag.name }
        }
    }
}

/// All commands, in the order of the help.
enum CommandTable {
    static let globalFlags: [Flag] = [
        .toggle("debug", nil, "write more into the log"),
        .option("log", nil, "FILE", "write errors and warnings to FILE as well"),
        .option("log-format", nil, "FORMAT", "of the log: text or json (text)"),
        .option("root", nil, "DIR", "where the state of containers is kept (/run/swiftlet-oci)"),
        .toggle("systemd-cgroup", nil, "let systemd make the cgroups; cgroupsPath is then \"slice:prefix:name\""),
        .option("cgroup-manager", nil, "NAME", "who makes the cgroups: cgroupfs, systemd or disabled (cgroupfs)"),
        .option("rootless", nil, "VALUE", "true, false or auto: accepted; what the caller may do is found out"),
        .option("criu", nil, "PATH", "accepted and not used: checkpoints are not supported"),
        .option("config", nil, "FILE", "accepted for create and run: another name of config.json"),
        .toggle("help", "h", "show help"),
        .toggle("version", "v", "print the version"),
    ]

    private static let bundleFlags: [Flag] = [
        .option("bundle", "b", "DIR", "the bundle: a directory with a config.json (the current one)"),
        .option("console-socket", nil, "PATH", "a unix socket that gets the master of the terminal"),
        .option("pidfd-socket", nil, "PATH", "a unix socket that gets a pidfd of the first process"),
        .option("pid-file", nil, "FILE", "where the pid of the first process is written"),
        .toggle("no-pivot", nil, "do not use pivot_root (for a root on a ramdisk)"),
        .toggle("no-new-keyring", nil, "leave the session keyring as it is"),
        .option("preserve-fds", nil, "N", "pass N more descriptors on, from 3 (0)"),
        .option("config", "f", "FILE", "the configuration, instead of config.json in the bundle"),
    ]

    static let all: [Command] = [
        Command(
            name: "checkpoint",
            operands: "<container-id>",
            summary: "not supported",
            count: 0...64
        ),
        Command(
            name: "create",
            operands: "<container-id>",
            summary: "make a container up to its start",
            flags: bundleFlags
        ),
        Command(
            name: "delete",
            operands: "<container-id>",
            summary: "remove a container that has stopped",
            flags: [.toggle("force", "f", "kill it first if it runs; one that does not exist is fine")]
        ),
        Command(
            name: "events",
            operands: "<container-id>",
            summary: "print figures of a container, and when it runs out of memory, as lines of JSON",
            flags: [
                .option("interval", nil, "TIME", "between two lines of figures (5s)"),
                .toggle("stats", nil, "print the figures once and end"),
            ]
        ),
        Command(
            name: "exec",
            operands: "<container-id> <command> [arguments...]",
            summary: "start a further process in a container",
            flags: [
                .option("process", "p", "FILE", "the process as JSON, as in config.json; then no command is given"),
                .option("console-socket", nil, "PATH", "a unix socket that gets the master of the terminal"),
                .option("pidfd-socket", nil, "PATH", "a unix socket that gets a pidfd of the process"),
                .option("cwd", nil, "DIR", "the working directory"),
                .option("env", "e", "NAME=VALUE", "an environment variable; may be given several times"),
                .toggle("tty", "t", "give the process a terminal"),
                .option("user", "u", "UID[:GID]", "numbers, in the container"),
                .option("additional-gids", "g", "GID", "a further group; may be given several times"),
                .toggle("detach", "d", "do not wait for the end"),
                .option("pid-file", nil, "FILE", "where the pid of the process is written"),
                .option("process-label", nil, "LABEL", "its SELinux label"),
                .option("apparmor", nil, "PROFILE", "its AppArmor profile"),
                .toggle("no-new-privs", nil, "no program may give it more rights"),
                .option("cap", "c", "CAPABILITY", "a further capability; may be given several times"),
                .option("preserve-fds", nil, "N", "pass N more descriptors on, from 3 (0)"),
                .option("cgroup", nil, "[CONTROLLER:]PATH", "a cgroup below the container's to start in"),
                .toggle("ignore-paused", nil, "also in a paused container; the process waits for the thaw"),
                .toggle("no-subreaper", nil, "do not take over orphans"),
            ],
            count: 1...Int.max,
            stopsAtOperand: true
        ),
        Command(name: "features", operands: "", summary: "print what this runtime can do, as JSON", count: 0...0),
        Command(
            name: "kill",
            operands: "<container-id> [signal]",
            summary: "send a signal (SIGTERM) to the first process of a container",
            flags: [.toggle("all", "a", "to all its processes")],
            count: 1...2
        ),
        Command(
            name: "list",
            operands: "",
            summary: "list the containers",
            flags: [
                .option("format", "f", "FORMAT", "table or json (table)"),
                .toggle("quiet", "q", "only the ids"),
            ],
            count: 0...0
        ),
        Command(name: "pause", operands: "<container-id>", summary: "freeze all processes of a container"),
        Command(
            name: "ps",
            operands: "<container-id> [ps options]",
            summary: "list the processes of a container; the options are those of ps(1) (-ef)",
            flags: [.option("format", "f", "FORMAT", "table or json (table)")],
            count: 1...Int.max,
            stopsAtOperand: true
        ),
        Command(
            name: "restore",
            operands: "<container-id>",
            summary: "not supported",
            count: 0...64
        ),
        Command(name: "resume", operands: "<container-id>", summary: "thaw all processes of a container"),
        Command(
            name: "run",
            operands: "<container-id>",
            summary: "create and start a container, wait for its end and remove it",
            flags: bundleFlags + [
                .toggle("detach", "d", "do not wait for the end"),
                .toggle("keep", nil, "do not remove it at the end"),
                .toggle("no-subreaper", nil, "do not take over orphans"),
            ]
        ),
        Command(
            name: "spec",
            operands: "",
            summary: "write a config.json to start from",
            flags: [
                .option("bundle", "b", "DIR", "where to (the current directory)"),
                .toggle("rootless", nil, "for a caller who is not root"),
            ],
            count: 0...0
        ),
        Command(name: "start", operands: "<container-id>", summary: "execute the program of a created container"),
        Command(name: "state", operands: "<container-id>", summary: "print the state of a container as JSON"),
        Command(
            name: "update",
            operands: "<container-id>",
            summary: "change the limits of a container",
            flags: ResourceFlags.all
        ),
    ]

    static func named(_ name: String) -> Command? { all.first { $0.name == name } }
}
