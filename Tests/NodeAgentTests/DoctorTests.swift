import Linux
import TestSupport
import Testing

@testable import NodeAgent

@Suite("What the doctor finds")
struct DoctorTests {
    @Test("pure cgroup v2 is found by its mount")
    func unified() {
        let found = CgroupFinding.of(mounts: "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n")
        #expect(found.isFine)
        #expect(found.detail == "v2")
    }

    @Test("a shim is fine only if it can be executed; what pods can do without is a warning")
    func shim() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/shim"
        try Files.write(path, [], mode: 0o644)
        #expect(ShimFinding.of(.success(path)).line.hasPrefix("FAIL shim: \(path) cannot be executed"))
        try Files.write(path + "2", [], mode: 0o755)
        #expect(ShimFinding.of(.success(path + "2")).line == "ok   shim: \(path)2")
        #expect(ShimFinding.of(.failure(ConfigurationError("no shim"))).line == "FAIL shim: no shim")
        let journal = DoctorFinding(name: "journal", isFine: false, isOptional: true, detail: "absent")
        #expect(journal.line == "warn journal: absent")
    }

    @Test("a v1 controller counts only if it is mounted; cpuset is not cpu")
    func legacy() {
        let mounts = """
            tmpfs /sys/fs/cgroup tmpfs rw 0 0
            cgroup /sys/fs/cgroup/memory cgroup rw,nosuid,memory 0 0
            cgroup /sys/fs/cgroup/pids cgroup rw,nosuid,pids 0 0
            cgroup /sys/fs/cgroup/cpuset cgroup rw,nosuid,cpuset 0 0
            cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
            """
        let found = CgroupFinding.of(mounts: mounts)
        #expect(!found.isFine)
        #expect(found.detail.hasPrefix("no hierarchy for cpu:"))
        #expect(found.line.hasPrefix("FAIL cgroups: "))
        let more = CgroupFinding.of(mounts: mounts + "\ncgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0")
        #expect(more.isFine)
        #expect(more.line.hasPrefix("ok   cgroups: "))
    }

    @Test("without any control groups all limits are missing")
    func none() {
        #expect(CgroupFinding.of(mounts: "").detail.hasPrefix("no hierarchy for memory, pids, cpu:"))
    }
}
