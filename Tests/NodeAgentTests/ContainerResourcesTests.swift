import KubernetesAPI
import OCI
import Testing

@testable import NodeAgent

@Suite("Limits, scores and capabilities of a container")
struct ContainerResourcesTests {
    private func resources(_ lines: String, privileged: Bool = false, pids: Int64? = nil) throws
        -> RuntimeSpec.Resources
    {
        let pod = try Fixture.pod(container: lines)
        let container = try #require(pod.spec.containers.first)
        return ContainerResources.of(container, privileged: privileged, podPidsLimit: pids)
    }

    @Test("requests become shares, limits become quota and memory limit")
    func cgroups() throws {
        let found = try resources("resources: {requests: {cpu: 250m}, limits: {cpu: 1500m, memory: 64Mi}}", pids: 100)
        #expect(found.cpu?.shares == 256)
        #expect(found.cpu?.quota == 150_000)
        #expect(found.cpu?.period == 100_000)
        #expect(found.memory?.limit == 64 << 20)
        #expect(found.pids?.limit == 100)
    }

    @Test("without requests and limits there are the least shares and nothing else")
    func none() throws {
        let found = try resources("")
        #expect(found.cpu?.shares == 2)
        #expect(found.cpu?.quota == nil)
        #expect(found.memory == nil)
        #expect(found.pids == nil)
    }

    @Test("a limit stands in for a missing request, and tiny limits get the kernel's least quota")
    func edges() throws {
        #expect(try resources("resources: {limits: {cpu: 1m}}").cpu?.quota == 1000)
        #expect(try resources("resources: {limits: {cpu: 2}}").cpu?.shares == 2048)
        #expect(ContainerResources.shares(milli: 1) == 2)
        #expect(ContainerResources.shares(milli: 1_000_000_000) == 262_144)
    }

    @Test("no quantity that the API accepts overflows", arguments: ["1000000000000", "9223372036854775807", "1E"])
    func overflow(cpu: String) throws {
        let found = try resources("resources: {limits: {cpu: \"\(cpu)\", memory: \"9223372036854775807\"}}")
        #expect(found.cpu?.shares == 262_144)
        #expect((found.cpu?.quota ?? 0) > 0)
        #expect(found.memory?.limit == .max)
    }

    @Test("devices are closed, and open for a privileged container")
    func devices() throws {
        #expect(try resources("").devices?.map(\.allow) == [false])
        #expect(try resources("", privileged: true).devices?.map(\.allow) == [true])
    }

    @Test(
        "the OOM score follows the class of the pod",
        arguments: [
            ("Guaranteed", "", -997), ("BestEffort", "", 1000), ("Burstable", "", 999),
            ("Burstable", "4Gi", 500), ("Burstable", "8Gi", 3), ("Burstable", "80Gi", 3),
            ("Burstable", "9223372036854775807", 3),
        ]
    )
    func scores(qosClass: String, memory: String, expected: Int) throws {
        var pod = try Fixture.pod(
            container: memory.isEmpty ? "" : "resources: {requests: {memory: \"\(memory)\"}}"
        )
        pod.status.qosClass = qosClass
        let container = try #require(pod.spec.containers.first)
        #expect(OOMScore.adjustment(pod: pod, container: container, memoryCapacity: 8 << 30) == expected)
    }

    @Test("a critical pod is protected whatever its class; a node of unknown size protects nobody")
    func criticalPod() throws {
        var pod = try Fixture.pod(container: "")
        let container = try #require(pod.spec.containers.first)
        pod.status.qosClass = "Burstable"
        #expect(OOMScore.adjustment(pod: pod, container: container, memoryCapacity: 0) == 999)
        pod.status.qosClass = "BestEffort"
        pod.spec.priority = 2_000_000_000
        #expect(OOMScore.adjustment(pod: pod, container: container, memoryCapacity: 8 << 30) == -997)
    }

    private func capabilities(_ add: [String], _ drop: [String], root: Bool = true) -> RuntimeSpec.Capabilities {
        ContainerCapabilities.resolve(Capabilities(add: add, drop: drop), privileged: false, isRoot: root)
    }

    @Test("capabilities: the standard set, plus add, minus drop, with or without CAP_ and in any case")
    func addAndDrop() {
        let standard = ContainerCapabilities.resolve(nil, privileged: false, isRoot: true)
        #expect(standard.bounding == ContainerCapabilities.standard)
        #expect(standard.effective == standard.bounding)
        #expect(standard.inheritable == nil)
        #expect(standard.ambient == nil)
        let changed = capabilities(["net_admin", "CAP_SYS_TIME", "CHOWN"], ["CAP_KILL", "mknod"])
        let wanted = Set(ContainerCapabilities.standard).subtracting(["CAP_KILL", "CAP_MKNOD"])
            .union(["CAP_NET_ADMIN", "CAP_SYS_TIME"])
        #expect(Set(changed.bounding ?? []) == wanted)
        #expect(changed.bounding?.count == wanted.count)
    }

    @Test("drop ALL leaves what is added; add ALL gives all but what is dropped by name")
    func all() {
        #expect(capabilities(["NET_BIND_SERVICE"], ["ALL"]).bounding == ["CAP_NET_BIND_SERVICE"])
        #expect(capabilities([], ["all"]).bounding == [])
        let most = capabilities(["ALL"], ["SYS_MODULE"]).bounding ?? []
        #expect(Set(most) == Set(ContainerCapabilities.all).subtracting(["CAP_SYS_MODULE"]))
        #expect(capabilities(["ALL"], ["ALL"]).bounding == [])
        #expect(capabilities(["ALL", "NET_ADMIN"], ["ALL", "NET_ADMIN"]).bounding == [])
    }

    @Test("who is not root has a bounding set only; privileged has everything")
    func otherUsers() {
        let user = capabilities([], [], root: false)
        #expect(user.bounding == ContainerCapabilities.standard)
        #expect(user.effective == [])
        #expect(user.permitted == [])
        let privileged = ContainerCapabilities.resolve(Capabilities(drop: ["ALL"]), privileged: true, isRoot: true)
        #expect(privileged.effective == ContainerCapabilities.all)
    }
}
