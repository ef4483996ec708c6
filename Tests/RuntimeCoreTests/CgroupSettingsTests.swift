import Testing

@testable import RuntimeCore

struct CgroupSettingsTests {
    private var settings: CgroupSettings {
        var settings = CgroupSettings()
        settings.cpuShares = 1024
        settings.cpuQuota = 50_000
        settings.cpuPeriod = 100_000
        settings.memory = 1 << 20
        settings.pids = 10
        settings.hugePages = ["2MB": 4096]
        return settings
    }

    @Test("each version of cgroups has its own files")
    func files() {
        #expect(
            settings.version1.map { "\($0.controller) \($0.file)=\($0.value)" } == [
                "cpu cpu.shares=1024", "cpu cpu.cfs_period_us=100000", "cpu cpu.cfs_quota_us=50000",
                "memory memory.limit_in_bytes=1048576", "pids pids.max=10", "hugetlb hugetlb.2MB.limit_in_bytes=4096",
            ]
        )
        #expect(
            settings.version2.map { "\($0.controller) \($0.file)=\($0.value)" } == [
                "cpu cpu.weight=39", "cpu cpu.max=50000 100000", "memory memory.max=1048576", "pids pids.max=10",
                "hugetlb hugetlb.2MB.max=4096",
            ]
        )
    }

    @Test("what is not given is not written")
    func nothing() {
        #expect(CgroupSettings().version1.isEmpty)
        #expect(CgroupSettings().version2.isEmpty)
    }
}
