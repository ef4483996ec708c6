import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

@Suite("Id-mapped mounts", .enabled(if: Ability.containers, "needs root and /bin/busybox"))
struct IDMappedMountTests {
    private func bundle(_ mount: RuntimeSpec.Mount) throws -> TestBundle {
        let bundle = try TestBundle()
        try Files.makeDirectories(bundle.path + "/vol/sub")
        for file in ["vol/f", "vol/sub/g"] {
            try Files.replaceUnsynced(bundle.path + "/" + file, with: [], mode: 0o644)
            _ = unsafe chown(bundle.path + "/" + file, 100, 211)
        }
        bundle.spec.mounts?.append(mount)
        return bundle
    }

    private func maps(_ inside: UInt32, _ outside: UInt32) -> [RuntimeSpec.IDMapping] {
        [.init(containerID: inside, hostID: outside, size: 50)]
    }

    @Test("a mount has maps of its own, for users and for groups, without a user namespace of the container")
    func ownMaps() throws {
        let mount = RuntimeSpec.Mount(
            destination: "/m",
            source: "vol",
            options: ["bind"],
            uidMappings: maps(100, 1100),
            gidMappings: maps(200, 1900)
        )
        let bundle = try bundle(mount)
        bundle.shell("stat -c %u:%g /m/f; (echo x > /m/new) 2>/dev/null || echo refused")
        #expect(try bundle.run().output == "1100:1911\nrefused\n", "root of the container is not mapped")
    }

    @Test("idmap takes the maps of the container's user namespace, and new files belong to root outside")
    func containerMaps() throws {
        let bundle = try bundle(.init(destination: "/m", source: "vol", options: ["bind", "idmap"]))
        bundle.spec.linux?.namespaces?.append(.init(type: .user))
        bundle.spec.linux?.uidMappings = [.init(containerID: 0, hostID: 100_000, size: 65536)]
        bundle.spec.linux?.gidMappings = [.init(containerID: 0, hostID: 100_000, size: 65536)]
        try bundle.give(uid: 100_000, gid: 100_000)
        bundle.shell("stat -c %u:%g /m/f; echo x > /m/new; stat -c %u:%g /m/new")
        #expect(try bundle.run().output == "100:211\n0:0\n")
        let owner = try Files.owner(bundle.path + "/vol/new")
        #expect(owner.uid == 0)
    }

    @Test("idmap stops at the mounts below, ridmap does not", arguments: [("idmap", "100"), ("ridmap", "1100")])
    func depth(_ option: String, _ inner: String) throws {
        let mount = RuntimeSpec.Mount(
            destination: "/m",
            source: "vol",
            options: ["rbind", option],
            uidMappings: maps(100, 1100),
            gidMappings: maps(200, 1900)
        )
        let bundle = try bundle(mount)
        let sub = bundle.path + "/vol/sub"
        let bound = try Spawn.run(["/bin/mount", "--bind", sub, sub], environment: [])
        try #require(bound.code == 0)
        defer { _ = try? Spawn.run(["/bin/umount", sub], environment: []) }
        bundle.shell("stat -c %u /m/f; stat -c %u /m/sub/g")
        #expect(try bundle.run().output == "1100\n\(inner)\n")
    }

    @Test("what cannot be id-mapped is refused before anything is made")
    func refused() throws {
        let without = RuntimeSpec.Mount(destination: "/m", source: "/v", options: ["bind", "idmap"])
        let fresh = RuntimeSpec.Mount(
            destination: "/m",
            type: "tmpfs",
            source: "tmpfs",
            uidMappings: maps(0, 1),
            gidMappings: maps(0, 1)
        )
        let half = RuntimeSpec.Mount(destination: "/m", source: "/v", options: ["bind"], uidMappings: maps(0, 1))
        for mount in [without, fresh, half] {
            let failure = #expect(throws: RuntimeError.self) { try Samples.plan { $0.mounts?.append(mount) } }
            #expect(failure?.kind == .invalid)
        }
    }
}
