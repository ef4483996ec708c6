import OCI
import Systemd
import Testing

@testable import OCIRuntime

@Suite("The systemd cgroup driver")
struct SystemdDriverTests {
    @Test(
        "cgroupsPath is slice, prefix and name",
        arguments: [
            ("machine.slice:libpod:abc", "machine.slice", "libpod-abc.scope", "/machine.slice/libpod-abc.scope"),
            (":p:n", "system.slice", "p-n.scope", "/system.slice/p-n.scope"),
            ("a-b.slice::n", "a-b.slice", "n.scope", "/a.slice/a-b.slice/n.scope"),
            (":x:pod-1.slice", "system.slice", "pod-1.slice", "/pod.slice/pod-1.slice"),
            (nil, "system.slice", "swiftlet-oci-c.scope", "/system.slice/swiftlet-oci-c.scope"),
        ] as [(String?, String, String, String)]
    )
    func unit(_ text: String?, _ slice: String, _ name: String, _ path: String) throws {
        let unit = try SystemdUnit(cgroupsPath: text, id: "c", user: false)
        #expect(unit.slice == slice && unit.name == name && unit.path == path)
    }

    @Test(
        "anything else is refused with the form that is expected",
        arguments: [
            "/a/b", "a:b", "a.slice:b:c:d", "a.slice:b:", "a:b:c", "a--b.slice:c:d", "a.slice:b:c/d", "../x.slice:a:b",
        ]
    )
    func refused(_ text: String) {
        #expect(throws: RuntimeError.self) { try SystemdUnit(cgroupsPath: text, id: "c", user: false) }
    }

    @Test("the directories are where systemd makes them, on every hierarchy")
    func layout() throws {
        let unit = try SystemdUnit(cgroupsPath: "a-b.slice:p:n", id: "c", user: false)
        #expect(
            try CgroupLayout(Samples.hosts(.v2), unit: unit).trees.map(\.path)
                == ["/sys/fs/cgroup/a.slice/a-b.slice/p-n.scope"]
        )
        let hybrid = try CgroupLayout(Samples.hosts(.hybrid), unit: unit)
        #expect(hybrid.trees.contains { $0.path == "/sys/fs/cgroup/memory/a.slice/a-b.slice/p-n.scope" })
        let container = HostCgroups(hierarchies: [
            HostCgroups.Hierarchy(version: 2, controllers: [], mountPoint: "/c", own: "/outer/init.scope")
        ])
        #expect(try CgroupLayout(container, unit: unit).trees[0].path == "/c/outer/a.slice/a-b.slice/p-n.scope")
        let user = try SystemdUnit(cgroupsPath: ":p:n", id: "c", user: true)
        let rootless = try CgroupLayout(Samples.hosts(.hybrid), unit: user, managerGroup: "/user.slice/u@1.service")
        #expect(rootless.trees.map(\.path) == ["/sys/fs/cgroup/unified/user.slice/u@1.service/user.slice/p-n.scope"])
    }

    private func limits(_ resources: RuntimeSpec.Resources, _ mode: CgroupMode, version: Int = 252) throws -> [String] {
        try SystemdProperties.limits(resources, mode: mode, version: version).map { "\($0.name)=\($0.value)" }
    }

    private let resources = RuntimeSpec.Resources(
        memory: .init(limit: 1 << 26, reservation: 1 << 20, swap: 1 << 27),
        cpu: .init(shares: 1024, quota: 25_001, period: 50_000, cpus: "0,2-3"),
        pids: .init(limit: 64),
        blockIO: .init(weight: 500),
        unified: ["memory.high": "max", "memory.min": "4096", "cpu.max": "10000 20000", "io.max": "8:0 rbps=1"]
    )

    @Test("limits become properties of version 2")
    func v2() throws {
        #expect(
            try limits(resources, .v2) == [
                "MemoryMax=uint64(67108864)", "MemoryLow=uint64(1048576)", "MemorySwapMax=uint64(67108864)",
                "CPUWeight=uint64(39)", "CPUQuotaPeriodUSec=uint64(50000)", "CPUQuotaPerSecUSec=uint64(510000)",
                "AllowedCPUs=array(\"y\", [Systemd.BusValue.byte(13)])", "TasksMax=uint64(64)", "IOWeight=uint64(4950)",
                "CPUQuotaPerSecUSec=uint64(500000)", "MemoryHigh=uint64(18446744073709551615)",
                "MemoryMin=uint64(4096)",
            ]
        )
    }

    @Test("and of version 1, in its words; an old systemd is not asked for what it does not know")
    func v1() throws {
        #expect(
            try limits(resources, .hybrid, version: 240) == [
                "MemoryLimit=uint64(67108864)", "CPUShares=uint64(1024)", "CPUQuotaPerSecUSec=uint64(510000)",
                "TasksMax=uint64(64)", "BlockIOWeight=uint64(500)",
            ]
        )
    }

    @Test(
        "a quota is rounded up to whole percents, none is infinity",
        arguments: [
            (50_000, 100_000, 500_000), (1, 100_000, 10_000), (100_001, 100_000, 1_010_000), (-1, 100_000, .max),
            (50_000, 0, 500_000),
        ] as [(Int64, UInt64, UInt64)]
    )
    func quota(_ quota: Int64, _ period: UInt64, _ expected: UInt64) {
        #expect(SystemdProperties.quotaPerSecond(quota, period: period) == expected)
    }

    @Test("lists of processors become bits")
    func bitmaps() throws {
        #expect(try SystemdProperties.bitmap("0-2,9") == [7, 2])
        for text in ["", "a", "3-1", "1-", "-1", "0-99999999", "1,,2"] {
            #expect(throws: RuntimeError.self, "\(text)") { try SystemdProperties.bitmap(text) }
        }
    }

    @Test("device rules are told to systemd as what is allowed; a denied device is not among it")
    func devices() throws {
        let rules = try DeviceRules([
            .init(allow: false, access: "rwm"), .init(allow: true, type: "c", major: 10, minor: 229, access: "rw"),
            .init(allow: true, type: "b", major: 8, minor: 0, access: "r"),
            .init(allow: false, type: "b", major: 8, minor: 0, access: "r"),
        ])
        let properties = SystemdProperties.devices(rules)
        #expect(properties.map(\.name) == ["DevicePolicy", "DeviceAllow", "DeviceAllow"])
        #expect(properties[0].value == .string("strict"))
        let text = "\(properties[2].value)"
        #expect(text.contains("/dev/char/10:229") && !text.contains("/dev/block/8:0") && text.contains("char-pts"))
        let open = try DeviceRules([.init(allow: true, type: "a", access: "rwm")])
        #expect(SystemdProperties.devices(open).first?.value == .string("auto"))
    }

    @Test("annotations add properties, with times in seconds converted")
    func annotations() throws {
        let properties = try SystemdProperties.fromAnnotations([
            "org.systemd.property.TimeoutStopSec": "uint64 2",
            "org.systemd.property.CollectMode": "'inactive-or-failed'",
            "org.systemd.property.After": "['a.service', \"b.service\"]", "org.systemd.property.KillSignal": "15",
            "other": "x",
        ])
        #expect(
            properties == [
                .init("After", .strings(["a.service", "b.service"])),
                .init("CollectMode", .string("inactive-or-failed")), .init("KillSignal", .int32(15)),
                .init("TimeoutStopUSec", .uint64(2_000_000)),
            ]
        )
        for (key, text) in [("Ab", "1"), ("A-b-c", "1"), ("Name", "what"), ("Name", "uint64 -1"), ("XSec", "'a'")] {
            #expect(throws: RuntimeError.self) {
                try SystemdProperties.fromAnnotations(["org.systemd.property." + key: text])
            }
        }
    }
}
