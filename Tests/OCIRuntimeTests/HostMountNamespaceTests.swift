import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

@Suite("Without a mount namespace", .enabled(if: Ability.containers, "needs root and /bin/busybox"))
struct HostMountNamespaceTests {
    private func bundle() throws -> TestBundle {
        let bundle = try TestBundle()
        bundle.spec.linux?.namespaces?.removeAll { $0.type == .mount }
        bundle.spec.linux?.maskedPaths = nil
        bundle.spec.linux?.readonlyPaths = nil
        return bundle
    }

    @Test("the program has its root by chroot and its mounts, which end with the container; those of others stay")
    func runs() throws {
        let bundle = try bundle()
        let other = bundle.path + "/rootfs/other"
        try Files.makeDirectories(other)
        try #require(try Spawn.run(["/bin/mount", "-t", "tmpfs", "swiftlet-test", other], environment: []).code == 0)
        defer { _ = try? Spawn.run(["/bin/umount", other], environment: []) }
        bundle.spec.process?.args = ["sleep", "1000"]
        bundle.spec.hooks = .init(
            startContainer: [.init(path: "/bin/busybox", args: ["busybox", "touch", "/hooked"])]
        )
        let created = try bundle.create()
        try created.container.start()
        #expect(try Files.linkTarget("/proc/\(created.pid)/ns/mnt") == Files.linkTarget("/proc/self/ns/mnt"))
        #expect(try Files.linkTarget("/proc/\(created.pid)/root") == bundle.path + "/rootfs")
        #expect(Files.exists(bundle.path + "/rootfs/hooked"))
        let executed = try created.container.exec(
            .init(args: ["sh", "-c", "[ -e /bin/busybox ] && [ ! -e /usr ] && exit 9"], env: ["PATH=/bin"], cwd: "/")
        )
        #expect(try Child.wait(executed.pid) == 9)
        try created.container.delete(force: true)
        _ = try Child.wait(created.pid)
        #expect(try bundle.leftovers() == [other])
        #expect(Files.exists("/sys/fs/cgroup/memory") || Files.exists("/sys/fs/cgroup/cgroup.procs"))
    }

    @Test("a create that fails leaves no mounts")
    func fails() throws {
        let bundle = try bundle()
        bundle.spec.process?.args = ["nosuch"]
        #expect(throws: RuntimeError.self) { _ = try bundle.create() }
        #expect(try bundle.leftovers() == [])
    }

    @Test(
        "what would change the host's own mounts is refused",
        arguments: [
            { $0.linux?.maskedPaths = ["/proc/keys"] }, { $0.linux?.readonlyPaths = ["/proc/sys"] },
            { $0.root?.readonly = true }, { $0.linux?.rootfsPropagation = "shared" },
            { $0.process?.terminal = true },
        ] as [@Sendable (inout RuntimeSpec) -> Void]
    )
    func refused(_ change: @Sendable (inout RuntimeSpec) -> Void) {
        let failure = #expect(throws: RuntimeError.self) {
            try Samples.plan {
                $0.linux?.namespaces?.removeAll { $0.type == .mount }
                $0.linux?.maskedPaths = nil
                $0.linux?.readonlyPaths = nil
                $0.root?.readonly = false
                change(&$0)
            }
        }
        #expect(failure?.description.contains("without a private MNT namespace") == true)
    }
}
