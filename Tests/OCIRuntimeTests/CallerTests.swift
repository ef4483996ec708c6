import Glibc
import JSON
import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

/// The built program, beside the test bundle.
enum BuiltRuntime {
    static let path: String? = {
        guard let own = try? Files.linkTarget("/proc/self/exe"), let slash = own.lastIndex(of: "/") else { return nil }
        let path = own[..<slash] + "/swiftlet-oci"
        return Files.exists(String(path)) ? String(path) : nil
    }()
}

@Suite(
    "swiftlet-oci, called as containerd, conmon and podman call runc",
    .enabled(if: Ability.containers && BuiltRuntime.path != nil, "needs root, /bin/busybox and a built swiftlet-oci")
)
struct CallerTests {
    private let bundle: TestBundle

    init() throws {
        bundle = try TestBundle()
        bundle.spec.process?.args = ["sleep", "1000"]
    }

    /// Runs the program with the bundle's own state directory. Containers that stay must not hold our pipes, so the
    /// output goes to files.
    private func call(_ arguments: String..., program: String? = nil) throws -> (
        code: Int32, output: String, errors: String
    ) {
        let output = try MemoryFile(name: "out")
        let errors = try MemoryFile(name: "err")
        let built = try #require(BuiltRuntime.path)
        let child = try Spawn.start(
            [program ?? built, "--root", bundle.root.path] + arguments,
            environment: ["PATH=/usr/bin:/bin"],
            workingDirectory: bundle.path,
            standardOutput: output.descriptor.raw,
            standardError: errors.descriptor.raw
        )
        let code = try Child.wait(child)
        return (
            code, String(decoding: try output.content(), as: UTF8.self),
            String(decoding: try errors.content(), as: UTF8.self)
        )
    }

    @Test("create, state, start, ps, kill, delete, each by a process of its own")
    func lifecycle() throws {
        try bundle.writeConfig()
        let pidFile = bundle.path + "/pid"
        var result = try call("create", "--bundle", bundle.path, "--pid-file", pidFile, "x")
        #expect(result.code == 0 && result.output.isEmpty && result.errors.isEmpty)
        let pid = try #require(Int32(try Files.readText(pidFile)))
        result = try call("state", "x")
        let state = try JSONValue(parsing: result.output)
        #expect(state["status"]?.stringValue == "created")
        #expect(state["pid"]?.int64Value == Int64(pid))
        #expect(state["bundle"]?.stringValue == bundle.path)
        #expect(state["rootfs"]?.stringValue == bundle.path + "/rootfs")
        #expect(try call("start", "x").code == 0)
        #expect(try call("ps", "--format", "json", "x").output == "[\(pid)]\n")
        #expect(try call("list", "-q").output == "x\n")
        result = try call("delete", "x")
        #expect(result.code == 1 && result.errors.contains("cannot delete container x that is not stopped"))
        #expect(try call("kill", "x", "SIGKILL").code == 0)
        let process = try? ProcessDescriptor(pid: pid)
        _ = try process?.waitForEnd(milliseconds: 10_000)
        #expect(try call("state", "x").output.contains("\"stopped\""))
        result = try call("kill", "x", "TERM")
        #expect(result.code == 1 && result.errors.contains("container not running"))
        #expect(try call("delete", "x").code == 0)
        result = try call("state", "x")
        #expect(result.code == 1 && result.errors.contains("container does not exist"))
        #expect(try call("delete", "--force", "x").code == 0, "what is gone may be deleted by force")
        #expect(try bundle.leftovers() == [])
    }

    @Test("run passes output and exit code on and cleans up")
    func run() throws {
        bundle.shell("echo out; echo err >&2; exit 23")
        try bundle.writeConfig()
        let result = try call("run", "-b", bundle.path, "r")
        #expect(result.code == 23)
        #expect(result.output == "out\n" && result.errors == "err\n")
        #expect(try bundle.leftovers() == [])
    }

    @Test("exec takes a process file or flags, and gives the exit code of its program")
    func exec() throws {
        try bundle.writeConfig()
        #expect(try call("run", "--detach", "--bundle", bundle.path, "e").code == 0)
        var result = try call(
            "exec",
            "--user",
            "7:8",
            "--env",
            "A=b",
            "--cwd",
            "/bin",
            "e",
            "sh",
            "-c",
            "id -u; id -g; echo $A; pwd; exit 4"
        )
        #expect(result.code == 4)
        #expect(result.output == "7\n8\nb\n/bin\n")
        let process = RuntimeSpec.Process(
            user: .init(uid: 9, gid: 9),
            args: ["id", "-u"],
            env: ["PATH=/bin"],
            cwd: "/"
        )
        try Files.replaceUnsynced(bundle.path + "/process.json", with: try JSONCoding.encode(process))
        result = try call("exec", "--process", bundle.path + "/process.json", "e")
        #expect(result.output == "9\n")
        for user in ["4294967295", "-1", "+1", "root", "1:2:3", ""] {
            #expect(try call("exec", "--user=\(user)", "e", "true").code == 1, "\(user)")
        }
        #expect(try call("delete", "-f", "e").code == 0)
        #expect(try bundle.leftovers() == [])
    }

    @Test("errors are one line on standard error and one JSON object in the log")
    func errorLog() throws {
        let log = bundle.path + "/log.json"
        let result = try call("--log", log, "--log-format=json", "create", "--bundle", bundle.path + "/none", "x")
        #expect(result.code == 1)
        #expect(result.errors.split(separator: "\n").count == 1)
        let record = try JSONValue(parsing: try Files.readText(log))
        #expect(record["level"]?.stringValue == "error")
        #expect(record["msg"]?.stringValue?.contains(bundle.path + "/none") == true)
        #expect(record["time"]?.stringValue?.hasSuffix("Z") == true)
    }

    @Test("a clamped limit is a warning in the log and nothing on standard error")
    func warnings() throws {
        bundle.spec.process?.capabilities?.bounding?.append("CAP_NOT_YET")
        bundle.shell("true")
        try bundle.writeConfig()
        let log = bundle.path + "/log.json"
        let result = try call("--log", log, "--log-format", "json", "run", "-b", bundle.path, "w")
        #expect(result.code == 0 && result.errors.isEmpty)
        #expect(try Files.readText(log).contains("CAP_NOT_YET"))
    }

    @Test(
        "a command line that is wrong changes nothing and says what is wrong",
        arguments: [
            ["create"], ["create", "--bundle"], ["create", "../x"], ["create", "a/b"], ["create", "--colour", "x"],
            ["start"], ["start", "a", "b"], ["kill"], ["kill", "x", "SIGNONE"], ["state", ".."], ["frobnicate"],
            ["--log-format", "xml", "list"], ["list", "--format", "xml"], ["exec", "x"], ["checkpoint", "x"],
            ["create", "--preserve-fds", "many", "x"], ["--systemd-cgroup", "create", "x"],
        ]
    )
    func usage(_ arguments: [String]) throws {
        let program = try #require(BuiltRuntime.path)
        let outcome = try Spawn.run(
            [program, "--root", bundle.root.path] + arguments,
            environment: ["PATH=/bin"],
            workingDirectory: bundle.path
        )
        #expect(outcome.code == 1)
        #expect(String(decoding: outcome.errors, as: UTF8.self).split(separator: "\n").count == 1)
        #expect(try bundle.leftovers() == [])
    }

    @Test("version, features and spec are as callers parse them")
    func facts() throws {
        #expect(try call("--version").output.hasPrefix("swiftlet-oci version "))
        let features = try JSONCoding.decode(RuntimeFeatures.self, from: Array(try call("features").output.utf8))
        #expect(features.linux?.namespaces?.contains("pid") == true)
        #expect(features.linux?.seccomp?.actions?.contains("SCMP_ACT_ERRNO") == true)
        #expect(try call("spec").code == 0)
        #expect(try call("spec").code == 1, "an existing file is not overwritten")
        #expect(try Bundle.load(bundle.path).spec == RuntimeSpec.template)
    }

    @Test("the master of a terminal goes to the console socket")
    func consoleSocket() throws {
        bundle.spec.process?.terminal = true
        bundle.shell("echo through the terminal")
        try bundle.writeConfig()
        let path = bundle.path + "/console.sock"
        let listener = try UnixListener(path)
        #expect(try call("create", "--bundle", bundle.path, "--console-socket", path, "t").code == 0)
        let master = try listener.receiveDescriptor()
        #expect(try call("start", "t").code == 0)
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = unsafe read(master.raw, &buffer, buffer.count)
        #expect(String(decoding: buffer[..<max(0, count)], as: UTF8.self).hasPrefix("through the terminal"))
        #expect(try call("delete", "-f", "t").code == 0)
        #expect(try call("create", "--bundle", bundle.path, "t").code == 1, "a terminal needs a socket")
        #expect(try bundle.leftovers() == [])
    }
}
