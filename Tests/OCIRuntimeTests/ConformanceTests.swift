import Glibc
import JSON
import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

/// What callers of other runtimes rely on and no other suite has a place for.
@Suite(
    "swiftlet-oci: what callers of other runtimes rely on",
    .enabled(if: Ability.containers && BuiltRuntime.path != nil, "needs root, /bin/busybox and a built swiftlet-oci")
)
struct ConformanceTests {
    private let bundle: TestBundle

    init() throws {
        bundle = try TestBundle()
        bundle.spec.process?.args = ["sleep", "1000"]
    }

    private func call(_ arguments: [String]) throws -> (code: Int32, output: String, errors: String) {
        try bundle.writeConfig()
        let output = try MemoryFile(name: "out")
        let errors = try MemoryFile(name: "err")
        let child = try Spawn.start(
            [try #require(BuiltRuntime.path), "--root", bundle.root.path] + arguments,
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

    @Test("a signal to all processes of a container that has ended is no error, one to its first process is")
    func killAll() throws {
        #expect(try call(["run", "-d", "k"]).code == 0)
        #expect(try call(["kill", "--all", "k", "KILL"]).code == 0)
        let process = try Container.load(id: "k", root: bundle.root)
        while try process.state().status != .stopped { Pause.microseconds(1000) }
        #expect(try call(["kill", "--all", "k", "KILL"]).code == 0)
        #expect(try call(["kill", "k", "KILL"]).errors.contains("container not running"))
        #expect(try call(["delete", "k"]).code == 0)
        #expect(try call(["kill", "--all", "k", "KILL"]).errors.contains("container does not exist"))
    }

    @Test("--debug writes to standard error, or with --log into the log alone, in its format")
    func debug() throws {
        bundle.spec.process?.args = ["true"]
        var result = try call(["--debug", "run", "d"])
        #expect(result.code == 0 && result.errors.contains(" level=debug msg=\""), "\(result.errors)")
        let log = bundle.path + "/log"
        result = try call(["--debug", "--log", log, "--log-format", "json", "run", "d"])
        #expect(result.code == 0 && result.errors.isEmpty, "\(result.errors)")
        let line = try #require(try Files.readText(log).split(separator: "\n").first)
        #expect(try JSONValue(parsing: String(line))["level"]?.stringValue == "debug")
    }

    @Test("exec --cap makes a capability ambient only where some are inheritable; who cannot have one is warned")
    func capabilities() throws {
        func ambient(_ text: String) -> Substring? {
            text.split(separator: "\n").first { $0.hasPrefix("CapAmb:") }?.suffix(16)
        }
        let status = ["cat", "/proc/self/status"]
        bundle.spec.process?.capabilities = .init()
        #expect(try call(["run", "-d", "c"]).code == 0)
        #expect(ambient(try call(["exec", "--cap", "CAP_KILL", "c"] + status).output) == "0000000000000000")
        #expect(try call(["delete", "-f", "c"]).code == 0)
        let both = ["CAP_KILL", "CAP_CHOWN"]
        bundle.spec.process?.capabilities = .init(
            bounding: both,
            effective: both,
            inheritable: ["CAP_KILL"],
            permitted: both,
            ambient: ["CAP_CHOWN"]
        )
        #expect(try call(["run", "-d", "c"]).code == 0)
        let result = try call(["exec", "--cap", "CAP_KILL", "c"] + status)
        #expect(ambient(result.output) == "0000000000000020")
        #expect(result.errors.contains("can't raise ambient capability CAP_CHOWN: "), "\(result.errors)")
        #expect(try call(["delete", "-f", "c"]).code == 0)
    }

    @Test("a container is not made in a cgroup that others are in, nor in a frozen one")
    func usedCgroup() throws {
        #expect(try call(["run", "-d", "first"]).code == 0)
        for command in [["run", "-d"], ["create"]] {
            let result = try call(command + ["second"])
            #expect(result.code == 1 && result.errors.contains("container's cgroup is not empty"), "\(result.errors)")
            #expect(try bundle.root.containers() == ["first"])
        }
        let first = try Container.load(id: "first", root: bundle.root)
        #expect(try first.state().status == .running)
        #expect(try call(["pause", "first"]).code == 0)
        let file = try #require(first.cgroup.freezer(true)).order.file
        #expect(try call(["delete", "-f", "first"]).code == 0)

        let directory = String(file[..<(try #require(file.lastIndex(of: "/")))])
        try Files.makeDirectories(directory)
        try Files.put(file.hasSuffix("freezer.state") ? "FROZEN" : "1", to: file)
        let errors = try call(["run", "-d", "second"]).errors
        #expect(errors.contains("container's cgroup unexpectedly frozen"), "\(errors)")
        try Files.put(file.hasSuffix("freezer.state") ? "THAWED" : "0", to: file)
        #expect(try call(["run", "-d", "second"]).code == 0)
        #expect(try call(["delete", "-f", "second"]).code == 0)
        #expect(try bundle.leftovers() == [])
    }

    @Test("a path that is masked or read-only twice is mounted once")
    func repeatedPaths() throws {
        try Files.makeDirectories(bundle.path + "/rootfs/secret")
        bundle.spec.linux?.maskedPaths = ["/secret", "/secret/", "/proc/keys", "/proc/keys"]
        bundle.spec.linux?.readonlyPaths = ["/etc", "/etc"]
        bundle.spec.process?.args = ["cat", "/proc/self/mounts"]
        let result = try call(["run", "m"])
        let places = result.output.split(separator: "\n").map { $0.split(separator: " ")[1] }
        for path in ["/secret", "/proc/keys", "/etc"] {
            #expect(places.count { $0 == path } == 1, "\(result)")
        }
    }

    @Test("an exec that the kernel refuses names the program as the kernel was given it; idle needs no priority")
    func execFailure() throws {
        try Files.replaceUnsynced(bundle.path + "/rootfs/run.sh", with: Array("#!/none\n".utf8), mode: 0o755)
        #expect(try call(["run", "-d", "e"]).code == 0)
        let result = try call(["exec", "e", "/run.sh"])
        #expect(result.code == 255 && result.errors.hasSuffix("exec /run.sh: no such file or directory\n"))
        #expect(result.errors.split(separator: "\n").count == 1)
        let process = bundle.path + "/process.json"
        let text = #"{"cwd": "/", "args": ["/bin/true"], "ioPriority": {"class": "IOPRIO_CLASS_IDLE"}}"#
        try Files.replaceUnsynced(process, with: Array(text.utf8))
        #expect(try call(["exec", "-p", process, "e"]).code == 0)
        #expect(try call(["delete", "-f", "e"]).code == 0)
    }

    // Seen to fail when exec read the bundle's config.json alone.
    @Test("exec knows the configuration of a container that was made with --config")
    func foreignConfiguration() throws {
        bundle.spec.process?.env = ["PATH=/bin", "FROM=elsewhere"]
        try bundle.writeConfig()
        let other = bundle.path + "/other.json"
        try Files.replaceUnsynced(other, with: try Files.read(bundle.path + "/config.json"))
        bundle.spec.process?.env = ["PATH=/bin", "FROM=bundle"]
        #expect(try call(["run", "-d", "--config", other, "f"]).code == 0)
        try Files.remove(other)
        let result = try call(["exec", "f", "sh", "-c", "echo $FROM"])
        #expect(result.code == 0 && result.output == "elsewhere\n", "\(result)")
        #expect(try call(["delete", "-f", "f"]).code == 0)
        #expect(try bundle.leftovers() == [])
    }
}
