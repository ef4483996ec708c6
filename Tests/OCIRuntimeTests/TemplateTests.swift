import Glibc
import JSON
import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

@Suite(
    "The configuration that spec writes",
    .enabled(if: Ability.containers && BuiltRuntime.path != nil, "needs root, /bin/busybox and a built swiftlet-oci")
)
struct TemplateTests {
    private let bundle: TestBundle
    private var config: String { bundle.path + "/config.json" }

    init() throws { bundle = try TestBundle() }

    /// What `spec` of a runtime writes.
    private func spec(_ program: String, _ flags: String...) throws -> RuntimeSpec {
        if Files.exists(config) { try Files.remove(config) }
        let outcome = try Spawn.run([program, "spec", "--bundle", bundle.path] + flags, environment: [])
        try #require(outcome.code == 0, "\(String(decoding: outcome.errors, as: UTF8.self))")
        return try JSONCoding.decode(RuntimeSpec.self, from: try Files.read(config))
    }

    private func write(_ spec: RuntimeSpec, running script: String) throws {
        var spec = spec
        spec.process?.terminal = false
        spec.process?.args = ["sh", "-c", script]
        try Files.replaceUnsynced(config, with: try JSONCoding.encode(spec), mode: 0o644)
    }

    /// Seen to fail for crun 1.8 with 1.3.0 as the template's version: "unknown version specified".
    @Test("Debian's runc and crun run it as well", arguments: ["/usr/sbin/runc", "/usr/bin/crun"])
    func others(_ runtime: String) throws {
        guard Files.exists(runtime) else {
            print("not tried: \(runtime) is not installed")
            return
        }
        let template = try spec(try #require(BuiltRuntime.path))
        try write(template, running: "echo $$ $(hostname); echo x >/f 2>/dev/null || echo no")
        // crun refuses a machine with both versions of cgroups: it sees only the first here.
        let script = """
            cgroup2=$(sed -n 's/^[^ ]* \\([^ ]*\\) cgroup2 .*/\\1/p' /proc/mounts)
            if grep -q '^[^ ]* [^ ]* cgroup ' /proc/mounts && [ -n "$cgroup2" ]; then umount $cgroup2; fi
            exec "$@"
            """
        let outcome = try Spawn.run(
            [
                "/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script, "sh", runtime,
                "--root", bundle.root.path + "-other", "run", "--bundle", bundle.path, bundle.name,
            ],
            environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
        )
        let errors = String(decoding: outcome.errors, as: UTF8.self)
        #expect(outcome.code == 0 && String(decoding: outcome.output, as: UTF8.self) == "1 swiftlet\nno\n", "\(errors)")
        try Files.removeTree(bundle.root.path + "-other")
    }

    /// Seen failing: /sys/fs/cgroup was left out, and /sys came last, over what was mounted before it.
    @Test(
        "--rootless has the mounts of runc's, in its order",
        .enabled(if: Files.exists("/usr/sbin/runc"), "needs runc (apt install runc)")
    )
    func rootless() throws {
        let ours = try spec(try #require(BuiltRuntime.path), "--rootless")
        let theirs = try spec("/usr/sbin/runc", "--rootless")
        #expect(ours.mounts?.map(\.destination) == theirs.mounts?.map(\.destination))
        for (mine, other) in zip(ours.mounts ?? [], theirs.mounts ?? []) {
            #expect(mine.type == other.type && mine.source == other.source, "\(mine.destination)")
            // runc's /proc has none of the restrictions that it has in every other template.
            if mine.destination != "/proc" { #expect(mine.options == other.options, "\(mine.destination)") }
        }
        #expect(ours.linux?.uidMappings == theirs.linux?.uidMappings)
        #expect(ours.linux?.gidMappings == theirs.linux?.gidMappings)
        #expect(ours.linux?.resources == nil && theirs.linux?.resources == nil)
        let kinds = Set((ours.linux?.namespaces ?? []).map(\.type))
        #expect(kinds == Set((theirs.linux?.namespaces ?? []).map(\.type) + [.cgroup]))
    }

    @Test("a user without rights runs what --rootless writes")
    func rootlessRuns() throws {
        let id: UInt32 = 54321
        var spec = try spec(try #require(BuiltRuntime.path), "--rootless")
        spec.linux?.uidMappings = [.init(containerID: 0, hostID: id, size: 1)]
        spec.linux?.gidMappings = [.init(containerID: 0, hostID: id, size: 1)]
        try write(spec, running: "id -u; ls /sys/fs/cgroup >/dev/null && echo cgroups")
        try bundle.give(uid: id, gid: id)
        try Files.makeDirectories(bundle.root.path)
        _ = unsafe chown(bundle.root.path, id, id)
        try Files.setMode(bundle.path, 0o755)
        let become = ["/usr/bin/setpriv", "--reuid", "\(id)", "--regid", "\(id)", "--clear-groups"]
        let program = try #require(BuiltRuntime.path)
        let outcome = try Spawn.run(
            become + [program, "--root", bundle.root.path, "run", "--bundle", bundle.path, "r"],
            environment: []
        )
        let errors = String(decoding: outcome.errors, as: UTF8.self)
        #expect(String(decoding: outcome.output, as: UTF8.self) == "0\ncgroups\n", "\(errors)")
        #expect(try bundle.leftovers() == [])
    }
}
