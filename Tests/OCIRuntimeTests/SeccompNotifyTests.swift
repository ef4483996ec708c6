import Glibc
import JSON
import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

@Suite("Seccomp notification", .enabled(if: Ability.containers, "needs root and /bin/busybox"))
struct SeccompNotifyTests {
    private func bundle(_ calls: [String], _ noNewPrivileges: Bool) throws -> (TestBundle, UnixListener) {
        let bundle = try TestBundle()
        let path = bundle.path + "/agent.sock"
        bundle.spec.process?.noNewPrivileges = noNewPrivileges
        bundle.spec.linux?.seccomp = .init(
            defaultAction: .allow,
            listenerPath: path,
            listenerMetadata: "meta",
            syscalls: [.init(names: calls, action: .notify)]
        )
        return (bundle, try UnixListener(path))
    }

    /// Answers one notification: an errno, or 0 to let the call happen.
    private func answer(_ listener: Int32, errno: Int32) throws -> Int32 {
        // struct seccomp_notif is 80 bytes: id, pid, flags, nr, …; struct seccomp_notif_resp 24.
        var request = [UInt64](repeating: 0, count: 10)
        try sys("ioctl(RECV)", "") { unsafe ioctl(listener, 0xC050_2100, &request) }
        let flags: UInt64 = errno == 0 ? 1 << 32 : UInt64(UInt32(bitPattern: -errno))
        var response: [UInt64] = [request[0], 0, flags]
        try sys("ioctl(SEND)", "") { unsafe ioctl(listener, 0xC018_2101, &response) }
        return Int32(truncatingIfNeeded: request[2])
    }

    @Test(
        "the descriptor goes to the listener with the state of the process, and its answers count",
        arguments: [true, false]
    )
    func create(_ noNewPrivileges: Bool) throws {
        let (bundle, socket) = try bundle(["mkdir"], noNewPrivileges)
        bundle.spec.annotations = ["a": "b"]
        bundle.shell("busybox mkdir /new; exit $?")
        let created = try bundle.create("n")
        let (listener, text) = try socket.receive()
        defer { close(listener) }
        let told = try JSONCoding.decode(ContainerProcessState.self, from: text)
        #expect(told.fds == ["seccompFd"] && told.metadata == "meta" && told.pid == Int(created.pid))
        #expect(told.state.id == "n" && told.state.status == .creating && told.state.annotations == ["a": "b"])
        try created.container.start()
        #expect(try answer(listener, errno: EMEDIUMTYPE) == 83)
        #expect(try Child.wait(created.pid) == 1)
        #expect(!Files.exists(bundle.path + "/rootfs/new"))
        try created.container.delete()
        #expect(try bundle.leftovers() == [])
    }

    @Test("a further process has a descriptor of its own", arguments: [true, false])
    func exec(_ noNewPrivileges: Bool) throws {
        let (bundle, socket) = try bundle(["mkdir"], noNewPrivileges)
        bundle.spec.process?.args = ["sleep", "1000"]
        let created = try bundle.create("n")
        close(try socket.receive().descriptor)
        try created.container.start()
        var process = RuntimeSpec.Process(args: ["busybox", "mkdir", "/new"], env: ["PATH=/bin"], cwd: "/")
        process.noNewPrivileges = noNewPrivileges
        process.capabilities = bundle.spec.process?.capabilities
        let executed = try created.container.exec(process)
        let (listener, text) = try socket.receive()
        let told = try JSONCoding.decode(ContainerProcessState.self, from: text)
        #expect(told.pid == Int(executed.pid) && told.state.status == .running && told.state.pid == Int(created.pid))
        #expect(try answer(listener, errno: 0) == 83)
        close(listener)
        #expect(try Child.wait(executed.pid) == 0)
        #expect(Files.exists(bundle.path + "/rootfs/new"))
        try created.container.delete(force: true)
        _ = try Child.wait(created.pid)
    }

    @Test("without a listener, or for calls that nobody could answer, the container is refused, and nothing stays")
    func refused() throws {
        let (bundle, _) = try bundle(["mkdir"], true)
        bundle.shell("true")
        let listening = try #require(bundle.spec.linux?.seccomp)
        var bad: [(RuntimeSpec.Seccomp, String)] = []
        var profile = listening
        profile.listenerPath = bundle.path + "/nobody"
        bad.append((profile, "failed to connect with seccomp agent"))
        profile.listenerPath = nil
        bad.append((profile, "listenerPath"))
        profile.listenerPath = "@abstract"
        bad.append((profile, "not absolute"))
        profile = listening
        profile.syscalls = [.init(names: ["read", "write"], action: .notify)]
        bad.append((profile, "SCMP_ACT_NOTIFY cannot be used for the write syscall"))
        profile.syscalls = []
        profile.defaultAction = .notify
        bad.append((profile, "cannot be used as default action"))
        for (profile, words) in bad {
            bundle.spec.linux?.seccomp = profile
            let failure = #expect(throws: RuntimeError.self) { try bundle.run() }
            #expect(failure?.description.contains(words) == true, "\(failure?.description ?? "")")
            #expect(try bundle.leftovers() == [])
        }
    }
}
