import Testing

@testable import NodeAgent

@Suite("The configuration")
struct ConfigurationTests {
    private func parse(_ text: String) throws(ConfigurationError) -> Configuration {
        try Configuration.parse(text, path: "c.toml")
    }

    @Test("the printed default is the default, and an empty file is too")
    func roundTrip() throws {
        #expect(try parse(Configuration.defaultText) == Configuration())
        #expect(try parse("") == Configuration())
        try Configuration().validate()
    }

    @Test("every key can be set")
    func everyKey() throws {
        let found = try parse(
            """
            root = "/r"
            state = "/s"
            log_dir = "/l"
            node_name = "n1"
            log_level = "debug"
            [api]
            insecure_http = "127.0.0.1:1"
            socket_group = "docker"
            [runtime]
            cgroup_root = "/c"
            binary_dir = "/b"
            seccomp_default = false
            pod_pids_limit = 7
            max_pods = 8
            [logs]
            max_size = 9
            max_files = 10
            [history]
            min_age = 11
            min_events = 12
            max_age = 13
            max_bytes = 14
            [journal]
            socket = ""
            """
        )
        var wanted = Configuration()
        wanted.root = "/r"
        wanted.state = "/s"
        wanted.logDirectory = "/l"
        wanted.nodeName = "n1"
        wanted.logLevel = "debug"
        wanted.insecureHTTP = "127.0.0.1:1"
        wanted.socketGroup = "docker"
        wanted.cgroupRoot = "/c"
        wanted.binaryDirectory = "/b"
        wanted.seccompDefault = false
        wanted.podPidsLimit = 7
        wanted.maximumPods = 8
        wanted.logMaxSize = 9
        wanted.logMaxFiles = 10
        wanted.historyMinimumAge = 11
        wanted.historyMinimumEvents = 12
        wanted.historyMaximumAge = 13
        wanted.historyMaximumBytes = 14
        wanted.journalSocket = ""
        #expect(found == wanted)
    }

    @Test(
        "unknown keys and sections are errors that name them",
        arguments: [
            ("rooot = \"/r\"", "rooot"), ("[runtime]\nseccomp = true", "runtime.seccomp"), ("[nets]\na = 1", "nets"),
            ("root.x = 1", "root"), ("api = 3", "api"),
        ]
    )
    func unknown(text: String, name: String) {
        let error = #expect(throws: ConfigurationError.self) { try parse(text) }
        #expect(error?.description.hasPrefix("c.toml: ") == true)
        #expect(error?.description.contains(name) == true)
    }

    @Test(
        "values of the wrong type or sign say what is expected",
        arguments: [
            ("root = 3", "c.toml: root must be like \"/var/lib/swiftlet\""),
            ("[runtime]\nseccomp_default = 1", "c.toml: runtime.seccomp_default must be like true"),
            ("[logs]\nmax_files = \"5\"", "c.toml: logs.max_files must be like 5"),
            ("[logs]\nmax_files = -1", "c.toml: logs.max_files must be like 5"),
            ("[runtime]\nmax_pods = 1.5", "c.toml: runtime.max_pods must be like 110"),
        ]
    )
    func types(text: String, message: String) {
        #expect(throws: ConfigurationError(message)) { try parse(text) }
    }

    @Test("what is no TOML is said with the file's name")
    func syntax() {
        let error = #expect(throws: ConfigurationError.self) { try parse("root = ") }
        #expect(error?.description.hasPrefix("c.toml: not TOML: ") == true)
    }

    @Test("paths are absolute and without ..")
    func paths() {
        for change: (inout Configuration) -> Void in [
            { $0.root = "relative" }, { $0.state = "" }, { $0.logDirectory = "/a/../b" },
            { $0.cgroupRoot = "kubepods" },
        ] {
            var configuration = Configuration()
            change(&configuration)
            let error = #expect(throws: ConfigurationError.self) { try configuration.validate() }
            #expect(error?.description.hasSuffix("is not an absolute path") == true)
        }
    }

    @Test("a state directory has at most 80 bytes, because of the sockets below it")
    func longState() throws {
        var configuration = Configuration()
        configuration.state = "/" + String(repeating: "s", count: 79)
        try configuration.validate()
        #expect(configuration.socketPath.utf8.count < 108)
        configuration.state += "s"
        let error = #expect(throws: ConfigurationError.self) { try configuration.validate() }
        #expect(error?.description.contains("is too long by 1 bytes") == true)
    }

    @Test(
        "a node's name is a DNS name",
        arguments: ["N1", "-n", ".n", "a b", "n/1", "ä", String(repeating: "n", count: 254)]
    )
    func nodeName(name: String) {
        var configuration = Configuration()
        configuration.nodeName = name
        #expect(throws: ConfigurationError.self) { try configuration.validate() }
    }
}
