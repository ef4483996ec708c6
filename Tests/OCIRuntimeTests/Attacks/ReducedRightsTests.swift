import Glibc
import JSON
import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

@Suite(
    "A caller who lacks rights",
    .enabled(
        if: Attack.isPossible && Files.exists("/usr/bin/setpriv"),
        "needs root, /bin/busybox, setpriv (util-linux) and a built swiftlet-oci"
    )
)
struct ReducedRightsTests {
    private let bundle: TestBundle
    private let log: String

    init() throws {
        bundle = try TestBundle()
        log = bundle.path + "/log.json"
    }

    /// Calls the runtime as root without some capabilities.
    private func call(without capabilities: String, _ arguments: String...) throws -> Attack.Result {
        let program = try #require(BuiltRuntime.path)
        let set = capabilities.split(separator: ",").map { "-" + $0 }.joined(separator: ",")
        return try Attack.command(
            ["/usr/bin/setpriv", "--bounding-set", set, "--inh-caps", "-all", program, "--root", bundle.root.path]
                + ["--log", log, "--log-format", "json"] + arguments,
            in: bundle.path
        )
    }

    /// The warnings in the log so far.
    private func warnings() throws -> [String] {
        try Files.readText(log).split(separator: "\n").map { try JSONValue(parsing: String($0)) }
            .filter { $0["level"]?.stringValue == "warning" }.compactMap { $0["msg"]?.stringValue }
    }

    /// Seen to fail with `host.hardLimits` left empty and with the score written as it is: EPERM ends the create.
    @Test("rlimits and oom_score_adj are clamped to what is possible without CAP_SYS_RESOURCE, and the log says so")
    func limits() throws {
        bundle.spec.process?.rlimits = [
            .init(type: "RLIMIT_NOFILE", hard: 1 << 40, soft: 1 << 40), .init(type: "RLIMIT_CORE", hard: 7, soft: 5),
        ]
        bundle.spec.process?.oomScoreAdj = -999
        bundle.shell("ulimit -Hn; ulimit -n; cat /proc/self/oom_score_adj; ulimit -Hc")
        try bundle.writeConfig()
        let result = try call(without: "sys_resource", "run", "--bundle", bundle.path, "x")
        let own = try Files.readText("/proc/self/oom_score_adj")
        let hard = try Privileges.limit(7).hard
        #expect(result.code == 0 && result.errors.isEmpty, "\(result)")
        let lines = result.output.split(separator: "\n").map(String.init)
        #expect(lines.prefix(3) == ["\(hard)", "\(hard)", own], "\(result)")
        let told = try warnings()
        #expect(told.contains { $0.contains("RLIMIT_NOFILE") && $0.contains("\(hard)") }, "\(told)")
        #expect(told.contains { $0.contains("oom_score_adj") && $0.contains("-999") }, "\(told)")
        #expect(!told.contains { $0.contains("RLIMIT_CORE") }, "\(told)")
        #expect(try bundle.leftovers() == [])
    }

    /// Seen to fail with `addCapabilities` not intersecting with what the host holds: EPERM from capset(2) ends the create.
    @Test("capabilities that the caller lacks are dropped, from run and from exec, and the log names them")
    func capabilities() throws {
        let wanted = ["CAP_KILL", "CAP_SYS_TIME", "CAP_NET_RAW"]
        bundle.spec.process?.capabilities = .init(
            bounding: wanted,
            effective: wanted,
            inheritable: [],
            permitted: wanted,
            ambient: []
        )
        let show = "while read a b; do case $a in CapPrm:|CapBnd:|CapEff:) echo $b;; esac; done </proc/self/status"
        bundle.shell(show)
        try bundle.writeConfig()
        let lacking = "sys_time,net_raw,sys_resource"
        var result = try call(without: lacking, "run", "--bundle", bundle.path, "x")
        // CAP_KILL is bit 5.
        #expect(result.output == String(repeating: "0000000000000020\n", count: 3), "\(result)")
        #expect(try warnings().filter { $0.contains("CAP_SYS_TIME") || $0.contains("CAP_NET_RAW") }.count == 2)
        bundle.spec.process?.args = ["sleep", "1000"]
        try bundle.writeConfig()
        #expect(try call(without: lacking, "run", "--detach", "--bundle", bundle.path, "e").code == 0)
        try Files.replaceUnsynced(log, with: [])
        result = try call(without: lacking, "exec", "--cap", "CAP_SYS_PTRACE", "e", "sh", "-c", show)
        // CAP_SYS_PTRACE is bit 19; the caller holds it.
        #expect(result.output == String(repeating: "0000000000080020\n", count: 3), "\(result)")
        #expect(try warnings().filter { $0.contains("CAP_SYS_TIME") || $0.contains("CAP_NET_RAW") }.count == 2)
        #expect(try bundle.call(["delete", "--force", "e"]).code == 0)
        #expect(try bundle.leftovers() == [])
    }

    @Test("without the right to mount, one line says what is not permitted, and nothing is left")
    func noMounting() throws {
        bundle.shell("true")
        try bundle.writeConfig()
        let result = try call(without: "sys_admin", "run", "--bundle", bundle.path, "x")
        #expect(result.code == 1, "\(result)")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result)")
        #expect(result.errors.contains("not permitted"), "\(result)")
        #expect(try bundle.leftovers() == [])
    }

    /// Security is never clamped.
    @Test("a filter is loaded also for a user without any right and without no_new_privs")
    func noSeccomp() throws {
        bundle.spec.process?.noNewPrivileges = false
        bundle.spec.process?.user = .init(uid: 1000, gid: 1000)
        bundle.spec.process?.capabilities = .init(bounding: [], effective: [], permitted: [])
        bundle.spec.linux?.seccomp = .init(defaultAction: .allow)
        bundle.shell("grep Seccomp: /proc/self/status")
        try bundle.link("/bin/grep", to: "busybox")
        try bundle.writeConfig()
        let plain = try bundle.call(["run", "--bundle", bundle.path, "x"])
        #expect(plain.output == "Seccomp:\t2\n", "\(plain)")
        #expect(try bundle.leftovers() == [])
    }
}
