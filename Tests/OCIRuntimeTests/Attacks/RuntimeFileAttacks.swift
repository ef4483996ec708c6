import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

@Suite("Attacks on the runtime's own file", .enabled(if: Attack.isPossible, Attack.need))
struct RuntimeFileAttacks {
    private let bundle: TestBundle
    /// A copy that no other test runs: a running file is "busy", which would hide what is tested.
    private let program: String

    init() throws {
        bundle = try TestBundle()
        bundle.spec.process?.args = ["sleep", "1000"]
        try bundle.writeConfig()
        program = bundle.path + "/runtime"
        let copy = try Spawn.run(["/bin/cp", try #require(BuiltRuntime.path), program], environment: [])
        #expect(copy.code == 0)
    }

    private func call(_ arguments: String...) throws -> Attack.Result {
        try Attack.command([program, "--root", bundle.root.path] + arguments, in: bundle.path)
    }

    private func expectUnwritable(_ kept: borrowing Descriptor) {
        let failure = #expect(throws: SysError.self) {
            // A sealed file in memory can be opened, but never written.
            let file = try Descriptor.open("/proc/self/fd/\(kept.raw)", O_WRONLY)
            try Files.writeAll(file.raw, Array("evil".utf8), subject: "")
        }
        #expect(failure?.errno == Errno(EROFS) || failure?.errno == .notPermitted, "\(String(describing: failure))")
    }

    /// Seen to fail with the C library's own entry point and `Commands.seal` returning at once: the last open succeeds, and whoever holds it
    /// owns the runtime of the next container.
    @Test(
        "the runtime's file, kept open through /proc/PID/exe of an init, cannot be written once nothing runs from it (CVE-2019-5736)"
    )
    func create() throws {
        let pidFile = bundle.path + "/pid"
        let created = try call("create", "--bundle", bundle.path, "--pid-file", pidFile, "x")
        #expect(created.code == 0, "\(created)")
        let kept = try Descriptor.open("/proc/\(try Files.readText(pidFile))/exe", O_RDONLY)
        #expect(try call("delete", "-f", "x").code == 0)
        expectUnwritable(kept)
        #expect(try bundle.leftovers() == [])
    }

    /// Without the seal the attacker must still win a race against "text file busy", so this one may pass by luck; the one
    /// above does not. The program of exec is a script with "#!/proc/self/exe": the kernel then runs the
    /// runtime's own file inside the container, which is how the container gets hold of it.
    @Test("a container that makes exec run /proc/self/exe does not get a writable runtime (CVE-2019-5736)")
    func exec() throws {
        try Files.replaceUnsynced(
            bundle.path + "/rootfs/bin/trap",
            with: Array("#!/proc/self/exe\n".utf8),
            mode: 0o755
        )
        let before = try Files.read(program)
        #expect(try call("run", "--detach", "--bundle", bundle.path, "x").code == 0)
        // A static program that is told nothing prints its help or an error; what counts is the file.
        for target in ["/bin/trap", "/proc/self/exe"] { _ = try call("exec", "x", target) }
        // The container's side, with all rights it could have on the file: it keeps what it finds and writes later.
        let script = """
            for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
            for p in /proc/[0-9]*; do [ $p = /proc/1 ] || (exec 9<$p/exe && echo evil >/proc/self/fd/9); done; done 2>/dev/null
            """
        let racer = try Attack.start(
            [program, "--root", bundle.root.path, "exec", "x", "sh", "-c", script],
            in: bundle.path
        )
        for _ in 0..<20 { _ = try call("exec", "x", "/proc/self/exe") }
        _ = try Child.wait(racer)
        #expect(try Files.read(program) == before)
        #expect(try call("delete", "-f", "x").code == 0)
        #expect(try bundle.leftovers() == [])
    }

    /// Seen to fail with `sealedCopy` that leaves out the seals: the copy in memory can be written.
    @Test("where the runtime may not mount, it runs from a sealed copy in memory (CVE-2019-5736)")
    func sealedCopy() throws {
        // It waits for the other side of the fifo, sealed by then.
        let waiting = bundle.path + "/waiting"
        try Files.makeDirectories(waiting)
        try Files.makeFIFO(waiting + "/config.json", mode: 0o600)
        let watched = try Attack.start(
            ["/usr/bin/setpriv", "--bounding-set", "-sys_admin", program, "create", "--bundle", waiting, "x"],
            in: bundle.path
        )
        var sealed = false
        for _ in 0..<5000 where !sealed {
            let link = (try? Files.linkTarget("/proc/\(watched)/exe")) ?? ""  // not started yet
            sealed = link.hasPrefix("/memfd:")
            if !sealed { Pause.microseconds(1000) }
        }
        #expect(sealed)
        let kept = try Descriptor.open("/proc/\(watched)/exe", O_RDONLY)
        #expect(kill(watched, SIGKILL) == 0)
        _ = try Child.wait(watched)
        expectUnwritable(kept)
    }
}
