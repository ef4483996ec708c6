import Glibc
import Linux
import TestSupport
import Testing

/// Built by `swift build -c release --product …`; `make test` does that first.
private let built = ModuleTable.staticExecutables.allSatisfy { BuiltProducts.path($0) != nil }
private let isRoot = getuid() == 0

@Suite(
    "The static executables",
    .enabled(if: built, "build them first: swift build -c release --product swiftlet-oci, and the shim")
)
struct BinaryTests {
    @Test("they need no dynamic linker and no library", arguments: ModuleTable.staticExecutables)
    func linkedStatically(_ product: String) throws {
        let file = try ExecutableFile(try #require(BuiltProducts.path(product)))
        #expect(!file.interpreter)
        #expect(!file.dynamicSection)
    }

    /// Its queues start with the program, and conformances of the concurrency library are searched whenever any is. Seen to
    /// fail with `AsyncStream` used anywhere in `Linux`.
    @Test("they do not carry libdispatch", arguments: ModuleTable.staticExecutables)
    func withoutDispatch(_ product: String) throws {
        let file = try Files.read(try #require(BuiltProducts.path(product)))
        let label = Array("com.apple.root.".utf8)
        let found = file.indices.contains { file[$0] == label[0] && file[$0...].starts(with: label) }
        #expect(!found, "something in or below \(product) uses Swift's concurrency")
    }

    @Test(
        "a stripped release build has less than 12 MB",
        .enabled(
            if: ModuleTable.staticExecutables.allSatisfy {
                BuiltProducts.path($0).map(BuiltProducts.isRelease) == true
            },
            "only a debug build is there"
        ),
        .enabled(if: Files.exists("/usr/bin/strip"), "strip of binutils is not installed"),
        arguments: ModuleTable.staticExecutables
    )
    func small(_ product: String) throws {
        let directory = try TemporaryDirectory()
        let copy = directory.path + "/stripped"
        let path = try #require(BuiltProducts.path(product))
        let outcome = try Spawn.run(["/usr/bin/strip", "-o", copy, path], environment: [])
        try #require(outcome.code == 0, "\(String(decoding: outcome.errors, as: UTF8.self))")
        let size = try Files.read(copy).count
        #expect(size < 12_000_000, "\(product) has \(size) bytes")
    }

    @Test("the runtime has one thread while it reads a bundle", .enabled(if: isRoot, "needs root"))
    func runtimeHasOneThread() throws {
        let directory = try TemporaryDirectory()
        let config = directory.path + "/config.json"
        try sys("mkfifo", config) { unsafe mkfifo(config, 0o600) }
        let runtime = try #require(BuiltProducts.path("swiftlet-oci"))
        let quiet = try Descriptor.open("/dev/null", O_WRONLY)
        let child = try Spawn.start(
            [
                runtime, "--root", directory.path + "/root", "create", "--bundle", directory.path,
                "swiftlet-test-one-thread",
            ],
            environment: [],
            standardOutput: quiet.raw,
            standardError: quiet.raw
        )
        var code: Int32 = 0
        do {
            // Opening the pipe to write succeeds as soon as the runtime has opened it to read, and there it then waits.
            let writer = try open(pipe: config, whileRunning: child)
            defer { close(writer) }
            #expect(try threads(of: child) == 1)
            try Files.writeAll(writer, Array("no configuration".utf8), subject: config)
        } catch {
            _ = kill(child, SIGKILL)
            _ = try Spawn.wait(child)
            throw error
        }
        code = try Spawn.wait(child)
        #expect(code == 1, "what is no configuration is an error, not a crash")
    }

    @Test("an idle shim has one thread", .enabled(if: isRoot, "needs root"))
    func shimHasOneThread() throws {
        let directory = try TemporaryDirectory()
        let shim = try #require(BuiltProducts.path("containerd-shim-swiftlet-v1"))
        let outcome = try Spawn.run(
            [shim, "-namespace", "swiftlet-test", "-id", "one-thread", "-address", "", "start"],
            environment: ["SWIFTLET_SHIM_SOCKET_DIR=\(directory.path)/s"],
            workingDirectory: directory.path
        )
        try #require(outcome.code == 0, "\(String(decoding: outcome.errors, as: UTF8.self))")
        let pid = try #require(Int32(try Files.readText(directory.path + "/shim.pid")))
        defer { end(pid) }
        let address = String(decoding: outcome.output, as: UTF8.self)
        #expect(address.hasPrefix("unix://\(directory.path)/s/"))
        // It serves as soon as its socket takes a connection.
        _ = try UnixSocket.connect(String(address.dropFirst("unix://".count)))
        #expect(try threads(of: pid) == 1)
    }

    /// Opens a named pipe for writing once somebody reads it.
    private func open(pipe path: String, whileRunning child: Int32) throws -> Int32 {
        while true {
            let raw = unsafe Glibc.open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
            if raw >= 0 { return raw }
            let failure = Errno.current
            guard failure.code == ENXIO, try ProcessFacts.of(child)?.isZombie == false else {
                throw SysError(call: "open", subject: path, errno: failure)
            }
            usleep(1000)
        }
    }

    /// Kills a process that is no child of ours and waits until it is gone.
    private func end(_ pid: Int32) {
        _ = kill(pid, SIGKILL)
        while kill(pid, 0) == 0 { usleep(1000) }
    }

    private func threads(of pid: Int32) throws -> Int {
        let status = try Files.readText("/proc/\(pid)/status")
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("Threads:") })
        return try #require(Int(line.split(separator: "\t").last ?? ""))
    }
}

@Suite("What the program says about itself")
struct ProgramTests {
    @Test(
        "deploy/config.toml is what `swiftlet config default` prints",
        .enabled(if: BuiltProducts.path("swiftlet", debug: true) != nil, "swiftlet was not built beside the tests")
    )
    func defaultConfiguration() throws {
        let program = try #require(BuiltProducts.path("swiftlet", debug: true))
        let outcome = try Spawn.run([program, "config", "default"], environment: [])
        try #require(outcome.code == 0, "\(String(decoding: outcome.errors, as: UTF8.self))")
        let committed = try Files.read(try PackageRoot.path() + "/deploy/config.toml")
        #expect(String(decoding: outcome.output, as: UTF8.self) == String(decoding: committed, as: UTF8.self))
    }
}
