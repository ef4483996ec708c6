import Glibc
import JSON
import Linux
import OCI
import Synchronization
import TestSupport
import Testing

@testable import OCIRuntime

/// What the machine lets tests do.
enum Ability {
    static let root = geteuid() == 0
    static let busybox = Files.exists("/bin/busybox")
    static let containers = root && busybox
}

/// A bundle with Debian's static busybox as its root file system, a state directory and a cgroup of its own.
final class TestBundle {
    private static let counter = Atomic(0)
    private let directory: TemporaryDirectory
    let name: String
    let path: String
    let root: RuntimeRoot
    var spec: RuntimeSpec

    init() throws {
        directory = try TemporaryDirectory(prefix: "swiftlet-test-oci")
        path = directory.path
        name = "swiftlet-test-\(getpid())-\(Self.counter.add(1, ordering: .relaxed).newValue)"
        root = RuntimeRoot(path: path + "/state")
        spec = RuntimeSpec.template
        spec.process?.terminal = false
        spec.root?.readonly = false
        spec.linux?.cgroupsPath = "/" + name
        try Files.makeDirectories(path + "/rootfs/bin")
        try Files.makeDirectories(path + "/rootfs/etc")
        // Copied by another process: a descriptor of ours that is open for writing would be inherited by the containers
        // that other tests start at this moment, and the program would be "busy".
        let copy = try Spawn.run(["/bin/cp", "/bin/busybox", path + "/rootfs/bin/busybox"], environment: [])
        guard copy.code == 0 else { throw SysError(call: "cp", subject: path, errno: .io) }
        for applet in [
            "sh", "cat", "echo", "sleep", "id", "ls", "mount", "mknod", "head", "tr", "true", "readlink", "stat",
        ] {
            try link("/bin/" + applet, to: "busybox")
        }
    }

    deinit {
        // Whatever a failed test left running must not stay.
        for id in (try? root.containers()) ?? [] { try? Container.delete(id: id, force: true, root: root) }
    }

    /// Gives the image to other ids.
    func give(uid: UInt32, gid: UInt32) throws {
        let outcome = try Spawn.run(["/bin/chown", "-hR", "\(uid):\(gid)", path + "/rootfs"], environment: [])
        guard outcome.code == 0 else { throw SysError(call: "chown", subject: path, errno: .io) }
    }

    /// Makes a symbolic link in the image.
    func link(_ place: String, to target: String) throws {
        try sys("symlink", place) { unsafe symlink(target, path + "/rootfs" + place) }
    }

    func shell(_ script: String) { spec.process?.args = ["sh", "-c", script] }

    func writeConfig() throws {
        try Files.replaceUnsynced(path + "/config.json", with: try JSONCoding.encode(spec), mode: 0o644)
    }

    func create(_ id: String = "c", output: Int32 = 1) throws -> CreatedContainer {
        try writeConfig()
        let null = try Descriptor.open("/dev/null", O_RDWR)
        return try Container.create(
            spec,
            options: CreateOptions(
                id: id,
                bundle: path,
                stdio: .descriptors(input: null.raw, output: output, errors: output)
            ),
            root: root
        )
    }

    struct Outcome {
        var code: Int32
        var output: String
        var warnings: [String]
        var oomKills: Int
    }

    /// Creates, starts, waits for the end and deletes.
    func run(_ id: String = "c") throws -> Outcome {
        let pipe = try Pipe()
        let created = try create(id, output: pipe.writeNumber)
        pipe.closeWriteEnd()
        try created.container.start()
        let output = try Files.readAll(pipe.readEnd.raw, subject: "output")
        let code = try Child.wait(created.pid)
        let kills = created.container.oomCount()
        try created.container.delete(force: true)
        return Outcome(
            code: code,
            output: String(decoding: output, as: UTF8.self),
            warnings: created.warnings,
            oomKills: kills
        )
    }

    /// What is left of the containers of this bundle: mounts, cgroups, state. Empty after a clean end.
    func leftovers() throws -> [String] {
        var left = try MountTable.current().map(\.mountPoint).filter { $0.hasPrefix(path) }
        let host = try HostCgroups.current(mounts: try MountTable.current())
        left += host.hierarchies.map { $0.mountPoint + "/" + name }.filter { Files.exists($0) }
        if Files.exists(root.path) { left += try Files.list(root.path).filter { $0 != ".seccomp" } }
        return left
    }
}
