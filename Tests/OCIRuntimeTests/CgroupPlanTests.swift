import Linux
import OCI
import Testing

@testable import OCIRuntime

@Suite("Cgroups: detection, places and values")
struct CgroupPlanTests {
    private let hybridMounts = """
        30 26 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
        31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
        32 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
        33 30 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
        34 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
        35 30 0:28 / /mnt/again rw - cgroup cgroup rw,memory
        """

    private func find(_ mounts: String, _ membership: String) -> HostCgroups {
        HostCgroups.find(mounts: MountTable.parse(Array(mounts.utf8)), membership: membership)
    }

    @Test("hierarchies are what is mounted, not what /proc/self/cgroup lists or a directory suggests")
    func detection() {
        let host = find(
            hybridMounts,
            "9:cpuset:/x\n4:memory:/own\n3:cpu,cpuacct:/\n1:name=systemd:/user.slice\n0::/u\n"
        )
        #expect(host.mode == .hybrid)
        #expect(host.hierarchies.count == 4, "a second mount of a hierarchy is the same one")
        #expect(host.hierarchies.first { $0.has("memory") }?.own == "/own")
        #expect(!host.hierarchies.contains { $0.has("cpuset") })
        #expect(host.hierarchies.first { $0.version == 2 }?.own == "/u")
        #expect(find("31 30 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw", "0::/a").mode == .v2)
        #expect(find("31 30 0:27 / /c/memory rw - cgroup cgroup rw,memory", "4:memory:/").mode == .v1)
    }

    @Test("inside a container, paths count from the root of the mount")
    func nested() throws {
        let host = find("31 30 0:27 /docker/ab /c/memory rw - cgroup cgroup rw,memory", "4:memory:/docker/ab/sub")
        #expect(host.hierarchies[0].own == "/sub")
        #expect(try CgroupLayout(host, cgroupsPath: "x", id: "c").trees[0].path == "/c/memory/sub/x")
        #expect(try CgroupLayout(host, cgroupsPath: "/x", id: "c").trees[0].path == "/c/memory/x")
    }

    @Test("on version 2 a relative path starts beside the caller's cgroup, which has processes")
    func relativeUnified() throws {
        let host = find("31 30 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw", "0::/system.slice/agent.service")
        #expect(try CgroupLayout(host, cgroupsPath: nil, id: "c").trees[0].path == "/sys/fs/cgroup/system.slice/c")
    }

    @Test(
        "cgroup paths that leave the tree or are its root are refused",
        arguments: ["/..", "a/../../b", "/", "//", "."]
    )
    func badPaths(_ path: String) {
        #expect(throws: RuntimeError.self) { try CgroupLayout(Samples.hosts(.hybrid), cgroupsPath: path, id: "c") }
    }

    @Test(
        "a caller without a delegated cgroup has none, but may ask for no limit and no place then",
        arguments: [CgroupMode.v1, .hybrid, .v2]
    )
    func undelegated(_ mode: CgroupMode) throws {
        let layout = Samples.layout(mode)
        let devices = RuntimeSpec.Resources(devices: [.init(allow: false, access: "rwm")])
        let none = try layout.delegated(cgroupsPath: "", resources: devices) { _ in .accessDenied }
        #expect(none.layout.trees.isEmpty && none.warnings.count == 1)
        #expect(none.resources.devices?.map(\.allow) == [true])
        let plain = try layout.delegated(cgroupsPath: nil, resources: .init()) { _ in .accessDenied }
        #expect(plain.layout.trees.isEmpty && plain.warnings.isEmpty, "nothing that was asked for is missing")
        let all = try layout.delegated(cgroupsPath: "/a", resources: resources) { _ in nil }
        #expect(all.layout == layout && all.resources == resources && all.warnings.isEmpty)
        let cases: [(String?, RuntimeSpec.Resources, String)] = [
            ("/a", devices, "make the cgroup"),
            (nil, .init(memory: .init(limit: 1 << 20)), "set the cgroup limits memory."),
            (nil, .init(pids: .init(limit: 9)), "pids.max: the caller may not make a cgroup"),
            (nil, .init(cpu: .init(cpus: "0")), "cpuset.cpus"),
            (nil, .init(hugepageLimits: [.init(pageSize: "2MB", limit: 0)]), mode == .v2 ? "hugetlb.2MB.max" : ""),
            (nil, .init(unified: ["memory.high": "1"]), mode == .v2 ? "memory.high" : ""),
        ]
        for (path, resources, words) in cases where !words.isEmpty {
            let failure = #expect(throws: RuntimeError.self) {
                try layout.delegated(cgroupsPath: path, resources: resources) { _ in .accessDenied }
            }
            #expect(failure?.kind == .refused && failure?.errno == .accessDenied)
            #expect(failure?.description.contains(words) == true, "\(failure?.description ?? "")")
        }
    }

    @Test("where some hierarchies are the caller's, their limits are set, and those of the others refused")
    func delegatedInPart() throws {
        let layout = Samples.layout(.hybrid)
        func delegated(_ resources: RuntimeSpec.Resources) throws -> CgroupLayout.Delegated {
            try layout.delegated(cgroupsPath: nil, resources: resources) {
                $0.contains("/memory/") ? .accessDenied : nil
            }
        }
        let wanted = RuntimeSpec.Resources(devices: [.init(allow: false, access: "rwm")], pids: .init(limit: 9))
        let given = try delegated(wanted)
        #expect(given.resources == wanted && given.warnings.isEmpty)
        #expect(given.layout.tree("memory") == nil && given.layout.trees.count == layout.trees.count - 1)
        let failure = #expect(throws: RuntimeError.self) {
            try delegated(.init(memory: .init(limit: 1 << 20), pids: .init(limit: 9)))
        }
        #expect(failure?.description.hasPrefix("set the cgroup limits memory.limit_in_bytes: ") == true)
    }

    private var resources: RuntimeSpec.Resources {
        RuntimeSpec.Resources(
            memory: .init(limit: 1 << 20, reservation: 4096, swap: 3 << 20),
            cpu: .init(shares: 512, quota: 50_000, period: 100_000),
            pids: .init(limit: 64)
        )
    }

    @Test("limits of version 1 are written in an order that the kernel accepts")
    func v1() {
        #expect(
            CgroupLimits.v1(resources) == [
                CgroupWrite("memory", "memory.limit_in_bytes", "1048576"),
                CgroupWrite("memory", "memory.memsw.limit_in_bytes", "3145728"),
                CgroupWrite("memory", "memory.soft_limit_in_bytes", "4096"),
                CgroupWrite("cpu", "cpu.shares", "512"), CgroupWrite("cpu", "cpu.cfs_period_us", "100000"),
                CgroupWrite("cpu", "cpu.cfs_quota_us", "50000"), CgroupWrite("pids", "pids.max", "64"),
            ]
        )
    }

    @Test("limits of version 2 are the same in its own words")
    func v2() throws {
        #expect(
            try CgroupLimits.v2(resources) == [
                CgroupWrite("memory", "memory.swap.max", "2097152"), CgroupWrite("memory", "memory.max", "1048576"),
                CgroupWrite("memory", "memory.low", "4096"), CgroupWrite("cpu", "cpu.weight", "20"),
                CgroupWrite("cpu", "cpu.max", "50000 100000"), CgroupWrite("pids", "pids.max", "64"),
            ]
        )
    }

    @Test(
        "cpu shares map onto weights with the ends on the ends",
        arguments: [(0, 1), (2, 1), (1024, 39), (262_144, 10_000), (999_999, 10_000)] as [(UInt64, UInt64)]
    )
    func weights(_ shares: UInt64, _ weight: UInt64) {
        #expect(CgroupLimits.weight(shares: shares) == weight)
    }

    @Test("-1 lifts a limit, 0 leaves it")
    func unlimited() throws {
        let lifted = RuntimeSpec.Resources(
            memory: .init(limit: -1, swap: -1),
            cpu: .init(quota: -1),
            pids: .init(limit: -1)
        )
        #expect(try CgroupLimits.v2(lifted).map(\.value) == ["max", "max", "max 100000", "max"])
        #expect(CgroupLimits.v1(lifted).map(\.value) == ["-1", "-1", "-1", "max"])
        let zero = RuntimeSpec.Resources(
            memory: .init(limit: 0, swap: 0),
            cpu: .init(shares: 0, quota: 0),
            pids: .init(limit: 0)
        )
        #expect(try CgroupLimits.v2(zero).isEmpty && CgroupLimits.v1(zero).isEmpty)
    }

    @Test("impossible values are refused")
    func refused() {
        #expect(throws: RuntimeError.self) { try CgroupLimits.v2(.init(memory: .init(limit: 100, swap: 50))) }
        #expect(throws: RuntimeError.self) { try CgroupLimits.v2(.init(memory: .init(swap: 50))) }
        #expect(throws: RuntimeError.self) { try CgroupLimits.v2(.init(unified: ["../cgroup.procs": "1"])) }
        #expect(throws: RuntimeError.self) { try CgroupLimits.v2(.init(unified: [".procs": "1"])) }
    }
}
