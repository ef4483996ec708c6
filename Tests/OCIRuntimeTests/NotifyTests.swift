import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

/// A service manager that listens for notifications (sd_notify(3)).
private final class Manager {
    let path: String
    private let socket: Descriptor

    init(_ directory: String) throws {
        path = directory + "/manager.sock"
        socket = try UnixSocket.receiveDatagrams(path, mode: 0o600)
    }

    /// The next datagram; what came with it is closed, which is what a barrier waits for.
    func next() throws -> String {
        #expect(try BlockingWait.until(socket.raw, writable: false, milliseconds: 60_000))
        return String(decoding: try Descriptor.receiveSome(socket.raw, limit: 4096, subject: "manager"), as: UTF8.self)
    }

    func isSilent() throws -> Bool { try !BlockingWait.until(socket.raw, writable: false, milliseconds: 0) }
}

/// Seen failing before `NotifySocket`: the variable never reached the container, and nothing the manager.
@Suite(
    "Notifications of the service manager",
    .enabled(if: Ability.containers && BuiltRuntime.path != nil, "needs root, /bin/busybox and a built swiftlet-oci")
)
struct NotifyTests {
    private let bundle: TestBundle
    private let manager: Manager

    init() throws {
        bundle = try TestBundle()
        manager = try Manager(bundle.path)
        try bundle.link("/bin/logger", to: "busybox")
        try bundle.link("/bin/ln", to: "busybox")
    }

    /// The log socket of syslog(3) is one for datagrams: so a shell can speak to any.
    private func script(_ words: String) -> String {
        "ln -s $NOTIFY_SOCKET /dev/log; logger 'STATUS=waking up\nMAINPID=1'; logger 'x\n\(words)\n'; exec sleep 1000"
    }

    private func start(_ arguments: String...) throws -> Int32 {
        let null = try Descriptor.open("/dev/null", O_RDWR)
        return try Spawn.start(
            [try #require(BuiltRuntime.path), "--root", bundle.root.path] + arguments,
            environment: ["PATH=/usr/bin:/bin", "NOTIFY_SOCKET=" + manager.path],
            workingDirectory: bundle.path,
            standardOutput: null.raw,
            standardError: 2
        )
    }

    private func container() throws -> Container { try Container.load(id: "n", root: bundle.root) }

    @Test("start returns when the program is ready; the manager learns that and the pid, and nothing else of its words")
    func createAndStart() throws {
        bundle.shell(script("READY=1"))
        try bundle.writeConfig()
        #expect(try Child.wait(try start("create", "--bundle", bundle.path, "n")) == 0)
        let starting = try start("start", "n")
        #expect(try manager.next() == "READY=1\nMAINPID=\(try container().pid)")
        #expect(try manager.next() == "BARRIER=1")
        #expect(try Child.wait(starting) == 0)
        #expect(try manager.isSilent())
        try Container.delete(id: "n", force: true, root: bundle.root)
        #expect(try bundle.leftovers() == [])
    }

    @Test("run --detach too, in the foreground the runtime's own pid stands for the container")
    func run() throws {
        bundle.shell(script("READY=1"))
        try bundle.writeConfig()
        let detached = try start("run", "--detach", "--bundle", bundle.path, "n")
        #expect(try manager.next() == "READY=1\nMAINPID=\(try container().pid)")
        #expect(try manager.next() == "BARRIER=1")
        #expect(try Child.wait(detached) == 0)
        try Container.delete(id: "n", force: true, root: bundle.root)
        let foreground = try start("run", "--bundle", bundle.path, "n")
        #expect(try manager.next() == "READY=1\nMAINPID=\(foreground)")
        #expect(try manager.next() == "BARRIER=1")
        try container().kill(signal: SIGKILL)
        #expect(try Child.wait(foreground) == 128 + SIGKILL)
        #expect(try bundle.leftovers() == [])
    }

    @Test("a program that ends before it is ready lets start return, and the manager hears nothing")
    func ends() throws {
        bundle.shell("exit 3")
        try bundle.writeConfig()
        #expect(try Child.wait(try start("run", "--detach", "--bundle", bundle.path, "n")) == 0)
        #expect(try manager.isSilent())
        try Container.delete(id: "n", force: false, root: bundle.root)
        #expect(try bundle.leftovers() == [])
    }
}
