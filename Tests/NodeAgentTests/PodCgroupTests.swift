import KubernetesAPI
import RuntimeCore
import Testing

@testable import NodeAgent

@Suite("A pod's own cgroup")
struct PodCgroupTests {
    private func settings(_ containers: String, spec: String = "", pids: Int64? = nil) throws -> CgroupSettings {
        var pod = try Fixture.pod(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: p}
            spec: {\(spec) containers: [\(containers)]}
            """
        )
        pod.status.qosClass = QOSClass.of(pod.spec).rawValue
        return PodCgroup.settings(of: pod, podPidsLimit: pids)
    }

    private func container(_ name: String, _ resources: String) -> String {
        "{name: \(name), image: bb, resources: {\(resources)}}"
    }

    @Test("requests add up; limits count only where every container has one")
    func sums() throws {
        let limited = container("a", "requests: {cpu: 250m}, limits: {cpu: 500m, memory: 64Mi}")
        let both = try settings(limited + "," + container("b", "limits: {cpu: '1', memory: 32Mi}"))
        #expect(both.cpuShares == 1280)
        #expect(both.cpuQuota == 150_000)
        #expect(both.cpuPeriod == 100_000)
        #expect(both.memory == 96 << 20)
        let one = try settings(limited + "," + container("b", "requests: {cpu: 250m}, limits: {memory: 32Mi}"))
        #expect(one.cpuShares == 512)
        #expect(one.cpuQuota == nil)
        #expect(one.memory == 96 << 20)
    }

    @Test("a pod that asks for nothing gets the least, and no limit but that of processes")
    func bestEffort() throws {
        var expected = CgroupSettings()
        expected.cpuShares = 2
        expected.pids = 100
        #expect(try settings(container("a", ""), pids: 100) == expected)
    }

    @Test("init containers run before the others: the larger need counts; sidecars run beside them")
    func initContainers() throws {
        let inits =
            "initContainers: [\(container("i", "requests: {cpu: '2'}")), "
            + "{name: s, image: bb, restartPolicy: Always, resources: {requests: {cpu: 500m}}}, "
            + "\(container("j", "requests: {cpu: '1'}"))],"
        #expect(try settings(container("a", "requests: {cpu: 250m}"), spec: inits).cpuShares == 2048)
        #expect(try settings(container("a", "requests: {cpu: '3'}"), spec: inits).cpuShares == 3584)
    }

    @Test("resources of the whole pod decide alone")
    func wholePod() throws {
        let whole = "resources: {requests: {cpu: '1', memory: 64Mi}, limits: {cpu: '2', memory: 128Mi}},"
        let found = try settings(container("a", "requests: {cpu: 100m}"), spec: whole)
        #expect(found.cpuShares == 1024)
        #expect(found.cpuQuota == 200_000)
        #expect(found.memory == 128 << 20)
    }

    @Test("huge pages are named as the kernel names them")
    func hugePages() throws {
        let pages = container("a", "limits: {cpu: '1', memory: 1Gi, hugepages-2Mi: 4Mi, hugepages-1Gi: 1Gi}")
        #expect(try settings(pages).hugePages == ["2MB": 4 << 20, "1GB": 1 << 30])
    }
}
