import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

@Suite("Attacks through descriptors", .enabled(if: Attack.isPossible, Attack.need))
struct DescriptorAttacks {
    /// A caller that left directories of the host open, without close-on-exec.
    private let careless = "exec 4</sys/fs/cgroup 5</etc 7</ 9</proc"

    /// Seen to fail with the calls of close_range(2) in `swl_op_close` taken out: 4, 5, 7 and 9 arrive in the container.
    @Test(
        "no descriptor of the host reaches the program of run or exec, however many the caller left open (CVE-2016-9962, GHSA-xr7r-f8xq-vfvv)"
    )
    func inherited() throws {
        let bundle = try TestBundle()
        bundle.shell("ls /proc/self/fd")
        // 3 is the directory that ls itself reads.
        #expect(try bundle.attack(setup: careless).output == "0\n1\n2\n3\n")
        bundle.spec.process?.args = ["sleep", "1000"]
        try bundle.writeConfig()
        #expect(try bundle.call(["run", "--detach", "--bundle", bundle.path, "e"]).code == 0)
        let result = try bundle.call(["exec", "e", "ls", "/proc/self/fd"], setup: careless)
        #expect(result.output == "0\n1\n2\n3\n", "\(result)")
        #expect(try bundle.call(["delete", "--force", "e"]).code == 0)
        #expect(try bundle.leftovers() == [])
    }

    /// Seen to fail without `StandardStreams.openMissing`: 0 is then the state directory's start pipe or a signalfd, 1 its
    /// result pipe, and 2 the file "tasks" of the container's cgroup on the host, open for writing.
    @Test(
        "streams that the caller closed are /dev/null for the program, not what the runtime opened next",
        arguments: [
            "exec <&-", "exec <&- >&-", "exec <&- >&- 2>&-", "exec >&- 2>&-",
        ]
    )
    func closedStreams(setup: String) throws {
        let bundle = try TestBundle()
        bundle.spec.process?.args = ["sleep", "1000"]
        try bundle.writeConfig()
        let pidFile = bundle.path + "/pid"
        let flags = ["--pid-file", pidFile]
        func streams() throws -> [String] {
            let pid = try Files.readText(pidFile)
            return try (0...2).map { try Files.linkTarget("/proc/\(pid)/fd/\($0)") }
        }
        func allowed(_ link: String) -> Bool { link == "/dev/null" || link.hasPrefix("/memfd:") }
        #expect(try bundle.call(["create", "--bundle", bundle.path] + flags + ["s"], setup: setup).code == 0)
        #expect(try streams().filter { !allowed($0) } == [])
        #expect(try bundle.call(["start", "s"]).code == 0)
        #expect(try bundle.call(["exec", "--detach"] + flags + ["s", "sleep", "1000"], setup: setup).code == 0)
        #expect(try streams().filter { !allowed($0) } == [])
        #expect(try bundle.call(["delete", "--force", "s"]).code == 0)
        #expect(try bundle.leftovers() == [])
    }

    /// Seen to fail with descriptors closed by the last operation only: the waiting init then holds 4, 5, 7 and 9, for
    /// everybody who shares its pid namespace (`swl_op_close` without close_range(2)).
    @Test("an init that waits for its start holds nothing but its streams and the pipes of its start")
    func waiting() throws {
        let bundle = try TestBundle()
        bundle.spec.process?.args = ["sleep", "1000"]
        try bundle.writeConfig()
        let pidFile = bundle.path + "/pid"
        let created = try bundle.call(
            ["create", "--bundle", bundle.path, "--pid-file", pidFile, "w"],
            setup: careless
        )
        #expect(created.code == 0, "\(created)")
        let pid = try Files.readText(pidFile)
        let links = try Files.list("/proc/\(pid)/fd").filter { (Int($0) ?? 0) > 2 }.map {
            try Files.linkTarget("/proc/\(pid)/fd/\($0)")
        }
        let foreign = links.filter { !$0.hasPrefix(bundle.root.path + "/w/exec.") && !$0.hasPrefix("socket:") }
        #expect(foreign == [])
        #expect(try bundle.call(["delete", "--force", "w"]).code == 0)
    }

    /// Seen to fail with the look at FD_CLOEXEC in `swl_op_close` taken out: the container starts and holds the host's
    /// /proc and its own cgroups' files for writing, which the runtime had opened at these numbers.
    @Test(
        "a number of descriptors to preserve that the caller did not open is refused, not filled with the runtime's own"
    )
    func preservedTooMany() throws {
        let bundle = try TestBundle()
        bundle.shell("ls -l /proc/self/fd")
        for count in ["1", "4", "40", "1000000", "4294967295", "99999999999"] {
            try bundle.refuses("preserve", flags: ["--preserve-fds", count])
        }
        try bundle.refuses("not open", setup: "exec 3</dev/null", flags: ["--preserve-fds", "2"])
        bundle.spec.process?.args = ["sleep", "1000"]
        try bundle.writeConfig()
        #expect(try bundle.call(["run", "--detach", "--bundle", bundle.path, "e"]).code == 0)
        let result = try bundle.call(["exec", "--preserve-fds", "4", "e", "ls", "/proc/self/fd"])
        #expect(result.code != 0 && result.output.isEmpty && result.errors.contains("not open"), "\(result)")
        #expect(try bundle.call(["delete", "--force", "e"]).code == 0)
    }

    /// Seen to fail with close_range(2) taken out: 4, 5, 7 and 9 arrive beside the one that was meant.
    @Test("with --preserve-fds the descriptors that are meant arrive, and no other (CVE-2024-21626)")
    func preserved() throws {
        let bundle = try TestBundle()
        try Files.replaceUnsynced(bundle.path + "/gift", with: Array("gift\n".utf8), mode: 0o644)
        bundle.shell("ls /proc/self/fd; cat <&3")
        let setup = "exec 3<\(bundle.path)/gift 4</sys/fs/cgroup 5</etc 7</ 9</proc"
        let result = try bundle.attack(setup: setup, flags: ["--preserve-fds", "1"])
        #expect(result.output == "0\n1\n2\n3\n4\ngift\n", "\(result)")
    }

    /// Seen to fail with `swl_op_cwd` changed to a plain chdir(2): the process starts in the host's / and reads its files.
    @Test(
        "a working directory behind a descriptor of the host is refused, for run and for exec (CVE-2024-21626)",
        arguments: ["5", "7", "8", "9"]
    )
    func workingDirectory(_ number: String) throws {
        let bundle = try TestBundle()
        bundle.shell("pwd; ls")
        for path in ["/proc/self/fd/\(number)", "/proc/thread-self/fd/\(number)/../etc"] {
            bundle.spec.process?.cwd = path
            try bundle.refuses("working directory", setup: careless)
        }
        bundle.spec.process?.cwd = "/"
        bundle.spec.process?.args = ["sleep", "1000"]
        try bundle.writeConfig()
        #expect(try bundle.call(["run", "--detach", "--bundle", bundle.path, "e"]).code == 0)
        let result = try bundle.call(["exec", "--cwd", "/proc/self/fd/\(number)", "e", "ls"], setup: careless)
        #expect(result.code != 0 && result.output.isEmpty, "\(result)")
        #expect(result.errors.contains("working directory"), "\(result)")
        #expect(try bundle.call(["delete", "--force", "e"]).code == 0)
    }

    /// Seen to fail with all PR_SET_DUMPABLE of the stage taken out: the neighbour reads where the waiting init's root is
    /// and which descriptors it holds.
    @Test(
        "an init cannot be looked into by a neighbour of its pid namespace before it runs its program (CVE-2016-9962)"
    )
    func dumpable() throws {
        let bundle = try TestBundle()
        bundle.spec.process?.args = ["sleep", "1000"]
        try bundle.writeConfig()
        let pidFile = bundle.path + "/pid"
        #expect(
            try bundle.call(["run", "--detach", "--bundle", bundle.path, "--pid-file", pidFile, "a"]).code == 0
        )
        let pid = try Files.readText(pidFile)
        let index = try #require(bundle.spec.linux?.namespaces?.firstIndex { $0.type == .pid })
        bundle.spec.linux?.namespaces?[index].path = "/proc/\(pid)/ns/pid"
        bundle.spec.linux?.cgroupsPath = "/\(bundle.name)/b"
        try bundle.writeConfig()
        #expect(try bundle.call(["create", "--bundle", bundle.path, "b"]).code == 0)
        let script = """
            for p in /proc/[0-9]*; do read n <$p/comm; [ "$n" = swiftlet:init ] || continue
            echo found; readlink $p/root; readlink $p/exe; readlink $p/fd/*; cat $p/environ; done 2>/dev/null
            """
        let result = try bundle.call(["exec", "a", "sh", "-c", script])
        #expect(result.output == "found\n", "\(result)")
        #expect(try bundle.call(["delete", "--force", "b"]).code == 0)
        #expect(try bundle.call(["delete", "--force", "a"]).code == 0)
        #expect(try bundle.leftovers() == [])
    }
}
