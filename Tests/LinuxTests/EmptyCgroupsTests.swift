import Glibc
import Linux
import Testing

@Suite(
    "Removing cgroups",
    .serialized,
    .enabled(if: getuid() == 0 && Hierarchy.any != nil, "needs root and a cgroup hierarchy that can be written to")
)
struct EmptyCgroupsTests {
    private let name = "/swiftlet-test-cgroups-\(getpid())"

    @Test("an empty cgroup goes with the empty ones above it, and a second time is fine")
    func removesEmpty() throws {
        let top = try #require(Hierarchy.any) + name
        try Files.makeDirectories(top + "/besteffort/pod1")
        try EmptyCgroups.remove(name + "/besteffort/pod1")
        #expect(!Files.exists(top))
        try EmptyCgroups.remove(name + "/besteffort/pod1")
    }

    @Test("a cgroup above that has another child stays")
    func keepsSiblings() throws {
        let top = try #require(Hierarchy.any) + name
        try Files.makeDirectories(top + "/besteffort/pod1")
        try Files.makeDirectories(top + "/besteffort/pod2")
        try EmptyCgroups.remove(name + "/besteffort/pod1")
        #expect(!Files.exists(top + "/besteffort/pod1"))
        #expect(Files.exists(top + "/besteffort/pod2"))
        try EmptyCgroups.remove(name + "/besteffort/pod2")
        #expect(!Files.exists(top))
    }

    @Test("a hierarchy that is mounted elsewhere too, as in the root directory of a container, is taken once")
    func mountedTwice() {
        let mounts = MountTable.parse(
            Array(
                """
                70 69 0:29 /c1 /bundle/rootfs/sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu
                32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
                35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
                41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
                71 69 0:32 /c1 /bundle/rootfs/sys/fs/cgroup/memory ro - cgroup cgroup rw,memory
                72 69 0:38 / /chroot/sys/fs/cgroup ro - cgroup2 cgroup2 rw

                """.utf8
            )
        )
        #expect(
            MountTable.cgroups(in: mounts).map(\.mountPoint) == [
                "/sys/fs/cgroup/cpu", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified",
            ]
        )
    }

    @Test("a cgroup that holds a process stays, and so does the process")
    func keepsUsed() throws {
        let top = try #require(Hierarchy.any) + name
        try Files.makeDirectories(top + "/pod1")
        let quiet = try Descriptor.open("/dev/null", O_WRONLY)
        let child = try Spawn.start(
            ["sleep", "1000"],
            environment: ["PATH=/bin:/usr/bin"],
            standardOutput: quiet.raw,
            standardError: quiet.raw
        )
        do {
            try Files.put("\(child)", to: top + "/pod1/cgroup.procs")
            try EmptyCgroups.remove(name + "/pod1")
            #expect(Files.exists(top + "/pod1"))
            #expect(try ProcessFacts.of(child)?.isZombie == false)
        } catch {
            Issue.record(error)
        }
        kill(child, SIGKILL)
        _ = try Spawn.wait(child)
        try EmptyCgroups.remove(name + "/pod1")
        #expect(!Files.exists(top))
    }
}

private enum Hierarchy {
    /// The mount point of a hierarchy in which directories can be made.
    static let any: String? = {
        // Without a readable mount table there is no hierarchy to test with.
        guard let mounts = try? MountTable.current() else { return nil }
        let cgroups = mounts.filter { $0.type == "cgroup" || $0.type == "cgroup2" }.map(\.mountPoint)
        return cgroups.first { unsafe access($0, W_OK) == 0 }
    }()
}
