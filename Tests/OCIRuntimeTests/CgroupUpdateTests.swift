import JSON
import OCI
import Testing

@testable import OCIRuntime

@Suite("Limits: pairs, alternatives, refusals")
struct CgroupUpdateTests {
    @Test("a period alone keeps the quota that there is, and the other way round")
    func cpuMax() throws {
        let current = CurrentLimits(cpuQuota: "20000", cpuPeriod: "50000")
        func value(_ cpu: RuntimeSpec.CPU) throws -> String? {
            try CgroupLimits.v2(.init(cpu: cpu), current: current).first?.value
        }
        #expect(try value(.init(period: 10_000)) == "20000 10000")
        #expect(try value(.init(quota: 5_000)) == "5000 50000")
        #expect(try value(.init(quota: -1)) == "max 50000")
    }

    @Test("swap alone counts from the memory limit that there is")
    func swapAlone() throws {
        let swap = RuntimeSpec.Resources(memory: .init(swap: 300))
        #expect(try CgroupLimits.v2(swap, current: .init(memory: 100)).map(\.value) == ["200"])
        #expect(throws: RuntimeError.self) { try CgroupLimits.v2(swap) }
    }

    @Test("no limit for memory is none for swap either, where the kernel counts it")
    func unlimitedMemory() throws {
        let lifted = RuntimeSpec.Resources(memory: .init(limit: -1))
        #expect(
            try CgroupLimits.v2(lifted).map { "\($0.file) \($0.value) \($0.mayBeAbsent)" }
                == ["memory.swap.max max true", "memory.max max false"]
        )
        #expect(
            CgroupLimits.v1(lifted).map { "\($0.file) \($0.mayBeAbsent)" }
                == ["memory.limit_in_bytes false", "memory.memsw.limit_in_bytes true"]
        )
    }

    @Test("the weight of block I/O has two names, with a scale of its own in version 2")
    func weights() throws {
        let block = RuntimeSpec.Resources(blockIO: .init(weight: 500))
        let v1 = try #require(CgroupLimits.v1(block).first)
        #expect(v1.file == "blkio.weight" && v1.otherwise?.file == "blkio.bfq.weight" && v1.otherwise?.value == "500")
        let v2 = try #require(try CgroupLimits.v2(block).first)
        #expect(v2.file == "io.bfq.weight" && v2.value == "default 500")
        #expect(v2.otherwise == .init(file: "io.weight", value: "default 4950"))
    }

    @Test(
        "what no kernel takes is refused before anything is made",
        arguments: [
            .init(memory: .init(swappiness: 101)), .init(memory: .init(limit: -2)), .init(cpu: .init(shares: 1)),
            .init(memory: .init(limit: 100, swap: 50)), .init(cpu: .init(shares: 262_145)),
            .init(blockIO: .init(weight: 5)), .init(blockIO: .init(weight: 1001)),
            .init(hugepageLimits: [.init(pageSize: "../x", limit: 1)]),
        ] as [RuntimeSpec.Resources]
    )
    func refusedV1(_ resources: RuntimeSpec.Resources) {
        #expect(throws: RuntimeError.self) { try CgroupLimits.check(resources, mode: .hybrid) }
    }

    @Test("version 2 has no realtime and no network limits, and says so")
    func refusedV2() throws {
        for resources: RuntimeSpec.Resources in [
            .init(cpu: .init(realtimeRuntime: 5)), .init(network: .init(classID: 1)),
            .init(network: .init(priorities: [.init(name: "lo", priority: 1)])),
        ] {
            #expect(throws: RuntimeError.self) { try CgroupLimits.check(resources, mode: .v2) }
            #expect(throws: Never.self) { try CgroupLimits.check(resources, mode: .v1) }
        }
    }

    @Test("what version 2 does without is told, not skipped in silence")
    func warnings() {
        let memory = RuntimeSpec.Resources(
            memory: .init(kernel: 1, kernelTCP: 1, swappiness: 10, disableOOMKiller: true)
        )
        #expect(CgroupLimits.warnings(memory, mode: .v2).count == 4)
        #expect(CgroupLimits.warnings(memory, mode: .hybrid).count == 1)
        #expect(CgroupLimits.warnings(.init(memory: .init(swappiness: .max)), mode: .v2).isEmpty)
    }

    @Test("without cgroups there are no limits")
    func disabled() throws {
        var spec = RuntimeSpec.template
        #expect(try CgroupDriver.disabled.layout(spec, id: "c", mounts: [], user: false).trees.isEmpty)
        spec.linux?.resources?.pids = .init(limit: 5)
        #expect(throws: RuntimeError.self) { try CgroupDriver.disabled.layout(spec, id: "c", mounts: [], user: false) }
    }
}

@Suite("Figures of a container")
struct CgroupStatisticsTests {
    private func record(_ version2: Bool, _ files: [String: String], pages: [String] = []) -> JSONValue {
        .object(
            CgroupStatistics(version2: version2) { _, file in
                files[file]
            } pages: {
                pages
            }.record
        )
    }

    @Test("version 1, in the words of runc")
    func v1() throws {
        let data = record(
            false,
            [
                "cpuacct.usage": "300", "cpuacct.usage_sys": "100", "cpuacct.usage_user": "200",
                "cpuacct.usage_all": "cpu user system\n0 40 50\n1 60 70",
                "cpuacct.usage_percpu": "100 200 ", "cpu.stat": "nr_periods 4\nnr_throttled 3\nthrottled_time 2",
                "cpuset.cpus": "0-1,4", "memory.limit_in_bytes": "4096", "memory.usage_in_bytes": "1024",
                "memory.failcnt": "7", "memory.stat": "cache 5\nrss 6", "pids.current": "2", "pids.max": "max",
                "blkio.throttle.io_service_bytes_recursive": "8:0 Read 10\n8:0 Total 10\nTotal 10",
                "hugetlb.2MB.usage_in_bytes": "1",
            ],
            pages: ["2MB"]
        )
        let usage = data["cpu"]?["usage"]
        #expect(usage?["total"]?.int64Value == 300 && usage?["kernel"]?.int64Value == 100)
        #expect(usage?["percpu_kernel"]?.text() == "[50,70]" && usage?["percpu_user"]?.text() == "[40,60]")
        #expect(data["cpu"]?["throttling"]?["throttledTime"]?.int64Value == 2)
        #expect(data["cpuset"]?["cpus"]?.arrayValue?.compactMap(\.int64Value) == [0, 1, 4])
        #expect(data["memory"]?["usage"]?["limit"]?.int64Value == 4096)
        #expect(data["memory"]?["usage"]?["failcnt"]?.int64Value == 7)
        #expect(data["memory"]?["raw"]?["rss"]?.int64Value == 6 && data["memory"]?["cache"]?.int64Value == 5)
        #expect(data["pids"]?["current"]?.int64Value == 2 && data["pids"]?["limit"] == nil)
        #expect(data["blkio"]?["ioServiceBytesRecursive"]?.arrayValue?.count == 2)
        #expect(data["hugetlb"]?["2MB"]?["usage"]?.int64Value == 1)
    }

    @Test("version 2: microseconds become nanoseconds, and swap counts memory as well")
    func v2() throws {
        let data = record(
            true,
            [
                "cpu.stat": "usage_usec 3\nuser_usec 2\nsystem_usec 1\nnr_periods 9", "memory.current": "100",
                "memory.max": "1000", "memory.swap.current": "10", "memory.swap.max": "500",
                "memory.stat": "anon 60\nfile 40", "memory.events": "max 3\noom_kill 1", "pids.max": "64",
                "io.stat": "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0",
            ]
        )
        #expect(
            data["cpu"]?["usage"]?["total"]?.int64Value == 3000 && data["cpu"]?["usage"]?["user"]?.int64Value == 2000
        )
        #expect(
            data["memory"]?["swap"]?["usage"]?.int64Value == 110
                && data["memory"]?["swap"]?["limit"]?.int64Value == 1500
        )
        #expect(data["memory"]?["cache"]?.int64Value == 40 && data["memory"]?["usage"]?["failcnt"]?.int64Value == 3)
        #expect(data["blkio"]?["ioServicedRecursive"]?.arrayValue?.count == 2)
        #expect(data["pids"]?["limit"]?.int64Value == 64)
    }
}
