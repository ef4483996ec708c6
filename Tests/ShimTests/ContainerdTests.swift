import Glibc
import JSON
import Linux
import TTRPC
import TestSupport
import Testing

/// Debian's containerd and ctr, unmodified, with our shim: whatever they do is right.
@Suite(.enabled(if: ContainerdHarness.isAvailable), .serialized) struct ContainerdTests {
    @Test("ctr runs containers: output, exit codes, errors, and nothing is left")
    func run() throws {
        try ContainerdHarness.with { node in
            let hello = try node.run("r1", ["sh", "-c", "echo out; echo err >&2"])
            #expect(hello.code == 0)
            #expect(String(decoding: hello.output, as: UTF8.self) == "out\n")
            #expect(String(decoding: hello.errors, as: UTF8.self) == "err\n")
            #expect(try node.run("r2", ["sh", "-c", "exit 7"]).code == 7)
            let missing = try node.run("r3", ["no-such-program"])
            #expect(missing.code == 1)
            #expect(String(decoding: missing.errors, as: UTF8.self).contains("no-such-program"))
            let many = try node.run("r4", ["seq", "1", "50000"])
            #expect(many.output.split(separator: UInt8(ascii: "\n")).count == 50000)
            #expect(try node.ctr(["tasks", "ls", "-q"]).output.isEmpty)
            #expect(try node.ctr(["containers", "ls", "-q"]).output.isEmpty)
            try node.eventually("no shim is left") { try node.shims().isEmpty }
        }
    }

    @Test("ctr lists, execs, pauses, measures, kills and deletes a task")
    func everydayCommands() throws {
        try ContainerdHarness.with { node in
            #expect(try node.run("d1", ["sleep", "1000"], detached: true).code == 0)
            #expect(try node.text(["tasks", "ls"]).contains("RUNNING"))
            let exec = try node.ctr([
                "tasks", "exec", "--fifo-dir", node.root + "/fifo", "--exec-id", "x1", "d1", "sh", "-c",
                "echo in; exit 5",
            ])
            #expect(exec.code == 5)
            #expect(String(decoding: exec.output, as: UTF8.self) == "in\n")
            let pid = try #require(
                try node.text(["tasks", "ls"]).split(separator: "\n").last?.split(separator: " ").dropFirst().first
            )
            #expect(try node.text(["tasks", "ps", "d1"]).contains(pid))
            #expect(try node.text(["tasks", "metrics", "d1"]).contains("pids.current"))
            #expect(try node.ctr(["tasks", "pause", "d1"]).code == 0)
            #expect(try node.text(["tasks", "ls"]).contains("PAUSED"))
            #expect(try node.ctr(["tasks", "resume", "d1"]).code == 0)
            #expect(try node.ctr(["tasks", "checkpoint", "d1"]).code != 0)
            #expect(try node.ctr(["tasks", "rm", "d1"]).code != 0)
            #expect(try node.ctr(["tasks", "kill", "-s", "SIGKILL", "d1"]).code == 0)
            try node.eventually("STOPPED") { try node.text(["tasks", "ls"]).contains("STOPPED") }
            #expect(try node.exitCode(removing: ["d1"]) == 137)
            #expect(try node.ctr(["containers", "rm", "d1"]).code == 0)
            try node.eventually("no shim is left") { try node.shims().isEmpty }
        }
    }

    @Test("an exec ends with its process, whatever that left running, and all that it wrote arrives")
    func background() throws {
        try ContainerdHarness.with { node in
            #expect(try node.run("d1", ["sleep", "1000"], detached: true).code == 0)
            let exec = { (id: String, script: String) in
                try node.ctr([
                    "tasks", "exec", "--fifo-dir", node.root + "/fifo", "--exec-id", id, "d1", "sh", "-c", script,
                ])
            }
            let short = try exec("x1", "sleep 997 & echo in; echo bad >&2; exit 5")
            #expect(short.code == 5)
            #expect(String(decoding: short.output, as: UTF8.self) == "in\n")
            #expect(String(decoding: short.errors, as: UTF8.self).contains("bad\n"))
            // One that goes on writing, too; and much that was written before.
            let long = try exec("x2", "seq 1 300000; (while :; do echo more; done) & exit 6")
            #expect(long.code == 6)
            let lines = String(decoding: long.output, as: UTF8.self).split(separator: "\n")
            #expect(lines.prefix(300_000).elementsEqual((1...300_000).map { Substring(String($0)) }))
            #expect(try node.text(["tasks", "ps", "d1"]).split(separator: "\n").count >= 3, "the sleeper goes on")
            #expect(try node.exitCode(removing: ["-f", "d1"]) == 137)
            #expect(try node.ctr(["containers", "rm", "d1"]).code == 0)
            try node.eventually("no shim is left") { try node.shims().isEmpty }
        }
    }

    @Test("a container outlives a kill -9 of containerd, and its exit while containerd was away is found")
    func restart() throws {
        try ContainerdHarness.with { node in
            #expect(try node.run("d1", ["sh", "-c", "sleep 1; exit 9"], detached: true).code == 0)
            #expect(try node.run("d2", ["sleep", "1000"], detached: true).code == 0)
            let before = try node.text(["tasks", "ls"]).split(separator: "\n").first { $0.contains("d2") }
            try node.kill()
            let bundle = node.bundle("d1")
            try node.eventually("exit.json") { Files.exists(bundle + "/exit.json") }
            try node.start()
            let after = try node.text(["tasks", "ls"]).split(separator: "\n")
            #expect(after.first { $0.contains("d2") } == before)
            #expect(after.first { $0.contains("d1") }?.contains("STOPPED") == true)
            #expect(try node.exitCode(removing: ["d1"]) == 9)
            #expect(try node.exitCode(removing: ["-f", "d2"]) == 137)
            for id in ["d1", "d2"] { #expect(try node.ctr(["containers", "rm", id]).code == 0) }
            try node.eventually("no shim is left") { try node.shims().isEmpty }
        }
    }

    @Test("containerd cleans up after a kill -9 of the shim")
    func shimKilled() throws {
        try ContainerdHarness.with { node in
            #expect(try node.run("d1", ["sleep", "1000"], detached: true).code == 0)
            let pid = try #require(Int32(try Files.readText(node.bundle("d1") + "/init.pid")))
            for shim in try node.shims() { _ = Glibc.kill(shim, SIGKILL) }
            try node.eventually("the container ends") { hasEnded(pid) }
            try node.eventually("no task") { try node.ctr(["tasks", "ls", "-q"]).output.isEmpty }
            try node.eventually("no mount") {
                !(try Files.readText("/proc/self/mountinfo").contains(node.bundle("d1")))
            }
            #expect(try node.ctr(["containers", "rm", "d1"]).code == 0)
        }
    }
}

/// A containerd of its own with an image of busybox.
final class ContainerdHarness {
    private static let image = "docker.io/library/swiftlet-test:1"
    private static let programs = ["/usr/bin/containerd", "/usr/bin/ctr"]

    static var isAvailable: Bool {
        let missing = programs.filter { !Files.exists($0) }
        if !missing.isEmpty { print("skipped tests with containerd: needs \(missing.joined(separator: ", "))") }
        return missing.isEmpty && ShimTestNeeds.areMet
    }

    let root: String
    private var process: Int32 = 0

    static func with(_ body: (ContainerdHarness) throws -> Void) throws {
        let directory = try TemporaryDirectory(prefix: "swiftlet-test-ctrd")
        let node = ContainerdHarness(directory.path)
        do {
            try node.start()
            try node.importImage()
            try body(node)
        } catch {
            node.cleanUp()
            throw error
        }
        node.cleanUp()
        _ = consume directory
    }

    private init(_ root: String) { self.root = root }

    func bundle(_ id: String) -> String { "\(root)/state/io.containerd.runtime.v2.task/default/\(id)" }

    func start() throws {
        let config = """
            version = 2
            root = "\(root)/root"
            state = "\(root)/state"
            disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
            [grpc]
            address = "\(root)/c.sock"
            """
        try Files.replace(root + "/config.toml", with: Array(config.utf8))
        let log = try Descriptor.open(root + "/containerd.log", O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
        let binaries = ShimTestNeeds.binary.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
        process = try Spawn.start(
            ["/usr/bin/containerd", "-c", root + "/config.toml"],
            environment: ["PATH=\(binaries):/usr/sbin:/usr/bin:/sbin:/bin", "SWIFTLET_SHIM_SOCKET_DIR=\(root)/s"],
            standardOutput: log.raw,
            standardError: log.raw
        )
        try eventually("containerd answers") { try ctr(["version"]).code == 0 }
    }

    func kill() throws {
        _ = Glibc.kill(process, SIGKILL)
        _ = try Spawn.wait(process)
        process = 0
    }

    /// Pids of the shims of this containerd.
    func shims() throws -> [Int32] {
        try Files.list("/proc").compactMap { Int32($0) }.filter { pid in
            // Processes come and go while we look.
            guard !hasEnded(pid), let line = try? Files.readText("/proc/\(pid)/cmdline") else { return false }
            return line.contains("containerd-shim-swiftlet-v1") && line.contains(root)
        }
    }

    @discardableResult
    func ctr(_ arguments: [String]) throws -> Spawn.Outcome {
        try Spawn.run(
            ["/usr/bin/timeout", "-k", "1", "60", "/usr/bin/ctr", "-a", root + "/c.sock"] + arguments,
            environment: ["PATH=/usr/bin:/bin"]
        )
    }

    /// Removes a task; ctr says a code other than 0 in a warning.
    func exitCode(removing arguments: [String]) throws -> Int {
        let outcome = try ctr(["tasks", "rm"] + arguments)
        #expect(outcome.code == 0)
        let digits = String(decoding: outcome.errors, as: UTF8.self).split(separator: " ").last ?? "0"
        return Int(digits.filter(\.isNumber)) ?? 0
    }

    func text(_ arguments: [String]) throws -> String { String(decoding: try ctr(arguments).output, as: UTF8.self) }

    func run(
        _ id: String,
        _ command: [String],
        detached: Bool = false,
        flags: [String] = []
    ) throws -> Spawn.Outcome {
        try ctr(runArguments(id, command, [detached ? "-d" : "--rm"] + flags))
    }

    /// Fifos and cgroups of our own, so that no other containerd of the machine is touched.
    func runArguments(_ id: String, _ command: [String], _ flags: [String]) -> [String] {
        let places = ["--fifo-dir", root + "/fifo", "--cgroup", "\(cgroupParent)/\(id)"]
        return ["run", "--runtime", "io.containerd.swiftlet.v1"] + flags + places + [Self.image, id] + command
    }

    /// The directories of a container's cgroup in all hierarchies.
    func cgroupFiles(_ id: String) -> [String] {
        ((try? Files.list("/sys/fs/cgroup")) ?? []).map { "/sys/fs/cgroup/\($0)\(cgroupParent)/\(id)" }
            + ["/sys/fs/cgroup\(cgroupParent)/\(id)"]
    }

    /// As a line of a shell.
    func ctrCommand(_ arguments: [String]) -> String {
        (["/usr/bin/timeout", "--foreground", "-k", "1", "40", "/usr/bin/ctr", "-a", root + "/c.sock"] + arguments)
            .map { "'" + $0.replacing("'", with: "'\\''") + "'" }.joined(separator: " ")
    }

    func shell(_ line: String) throws -> (code: Int32, text: String) {
        let outcome = try Spawn.run(
            ["/usr/bin/timeout", "-k", "1", "60", "/bin/sh", "-c", line],
            environment: ["PATH=/usr/bin:/bin", "TERM=dumb"]
        )
        return (outcome.code, String(decoding: outcome.output, as: UTF8.self))
    }

    /// Runs ctr on a pseudo terminal, as a person has one, who types a line when a text is shown.
    ///
    /// The command is to wait for that line: ctr loses the output of one that ends before ctr has opened its own end of it,
    /// whatever the shim.
    func onTerminal(_ arguments: [String], showing text: String) throws -> (code: Int32, text: String) {
        let outcome = try Spawn.run(
            [
                "/usr/bin/timeout", "-k", "1", "60", "/usr/bin/python3", "-c", Self.person, text, "/usr/bin/ctr", "-a",
                root + "/c.sock",
            ] + arguments,
            environment: ["PATH=/usr/bin:/bin", "TERM=dumb"]
        )
        return (outcome.code, String(decoding: outcome.output, as: UTF8.self))
    }

    private static let person = """
        import os, pty, sys
        text, command = sys.argv[1].encode(), sys.argv[2:]
        pid, terminal = pty.fork()
        if pid == 0: os.execv(command[0], command)
        seen, typed = b"", False
        while True:
            try: part = os.read(terminal, 65536)
            except OSError: break
            if not part: break
            seen += part
            if text in seen and not typed:
                typed = True
                os.write(terminal, b"\\n")
        sys.stdout.buffer.write(seen)
        sys.stdout.flush()
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) % 256)
        """

    private var cgroupParent: String {
        "/swiftlet-test-" + (root.split(separator: ".").last.map(String.init) ?? "ctrd")
    }

    func eventually(_ what: String, _ condition: () throws -> Bool) throws {
        for _ in 0..<3000 {
            if try condition() { return }
            usleep(20_000)
        }
        let log = String(decoding: (try? Files.read(root + "/containerd.log")) ?? [], as: UTF8.self)
        Issue.record("never: \(what)\n\(log.suffix(2000))")
    }

    private func importImage() throws {
        let script = """
            set -e; cd \(root); mkdir -p img/rootfs/bin img/rootfs/proc img/rootfs/dev img/rootfs/sys img/rootfs/mnt; cp /bin/busybox img/rootfs/bin/
            for a in sh echo sleep seq cat id pwd touch tail test; do ln -s busybox img/rootfs/bin/$a; done
            tar -C img/rootfs -cf img/layer.tar .
            digest=$(sha256sum img/layer.tar | cut -d' ' -f1)
            echo '{"architecture":"\(Self.architecture)","os":"linux","config":{"Env":["PATH=/bin"],"Cmd":["sh"]},"rootfs":{"type":"layers","diff_ids":["sha256:'$digest'"]}}' > img/config.json
            echo '[{"Config":"config.json","RepoTags":["\(Self.image)"],"Layers":["layer.tar"]}]' > img/manifest.json
            tar -C img -cf image.tar config.json manifest.json layer.tar
            """
        let made = try Spawn.run(["/bin/sh", "-c", script], environment: ["PATH=/usr/bin:/bin"])
        try #require(made.code == 0, "\(String(decoding: made.errors, as: UTF8.self))")
        let imported = try ctr(["images", "import", root + "/image.tar"])
        try #require(imported.code == 0, "\(String(decoding: imported.errors, as: UTF8.self))")
    }

    #if arch(arm64)
    private static let architecture = "arm64"
    #else
    private static let architecture = "amd64"
    #endif

    private func cleanUp() {
        // All best effort: a test that failed may have left any part of it.
        for shim in (try? shims()) ?? [] { _ = Glibc.kill(shim, SIGKILL) }
        for id in (try? Files.list("\(root)/state/io.containerd.runtime.v2.task/default")) ?? [] {
            if let text = try? Files.readText(bundle(id) + "/init.pid"), let pid = Int32(text), pid > 1 {
                _ = Glibc.kill(pid, SIGKILL)
            }
        }
        usleep(200_000)
        if process > 0 {
            _ = Glibc.kill(process, SIGTERM)
            _ = try? Spawn.wait(process)
        }
        // The deepest first.
        let mounts = (try? Files.readText("/proc/self/mountinfo").split(separator: "\n")) ?? []
        for line in mounts.reversed() where line.contains(" \(root)/") {
            let fields = line.split(separator: " ")
            if fields.count > 4 { _ = unsafe umount2(String(fields[4]), Int32(MNT_DETACH)) }
        }
        for tree in (try? Files.list("/sys/fs/cgroup")) ?? [] {
            let parent = "/sys/fs/cgroup/\(tree)\(cgroupParent)"
            for id in (try? Files.list(parent)) ?? [] { _ = unsafe rmdir(parent + "/" + id) }
            _ = unsafe rmdir(parent)
        }
    }
}
