import KubernetesAPI
import Reconciler
import Testing

@Suite("Which pods a node admits")
struct AdmissionTests {
    private static let node = Admission.Node(
        labels: ["disk": "ssd", "cores": "8"],
        name: "n1",
        capacity: NodeRoom(cpuMilli: 2000, memoryBytes: 1 << 30, pods: 3),
        hasAppArmor: false
    )

    private static func rejection(used: NodeRoom = .none, _ change: (inout PodSpec) -> Void) -> Admission.Rejection? {
        var spec = PodSpec(containers: [Container(name: "c", image: "bb:1")])
        change(&spec)
        return Admission.rejection(of: Pod(spec: spec), on: node, used: used)
    }

    private static func asking(_ cpu: Int64, _ memory: Int64 = 0) -> ResourceRequirements {
        ResourceRequirements(requests: ["cpu": Quantity(cpu), "memory": Quantity(memory)])
    }

    @Test("a plain pod is admitted while there is a place")
    func plain() {
        #expect(Self.rejection { _ in } == nil)
        let full = Self.rejection(used: NodeRoom(cpuMilli: 0, memoryBytes: 0, pods: 3)) { _ in }
        #expect(full?.reason == "OutOfpods")
        #expect(full?.message == "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3")
    }

    @Test("requests beyond what is left are out of cpu or memory")
    func resources() {
        #expect(Self.rejection { $0.containers[0].resources = Self.asking(2) } == nil)
        #expect(Self.rejection { $0.containers[0].resources = Self.asking(3) }?.reason == "OutOfcpu")
        #expect(Self.rejection { $0.containers[0].resources = Self.asking(0, 2 << 30) }?.reason == "OutOfmemory")
        let used = NodeRoom(cpuMilli: 1500, memoryBytes: 0, pods: 1)
        #expect(Self.rejection(used: used) { $0.containers[0].resources = Self.asking(1) }?.reason == "OutOfcpu")
    }

    @Test("a pod asks for its containers together, or for its largest init container")
    func asked() {
        var spec = PodSpec(containers: [Container(name: "a"), Container(name: "b")])
        spec.containers[0].resources = Self.asking(1)
        spec.containers[1].resources = Self.asking(2)
        #expect(NodeRoom(askedBy: spec).cpuMilli == 3000)
        spec.initContainers = [Container(name: "i")]
        spec.initContainers[0].resources = Self.asking(5)
        #expect(NodeRoom(askedBy: spec).cpuMilli == 5000)
        spec.initContainers[0].restartPolicy = "Always"
        #expect(NodeRoom(askedBy: spec).cpuMilli == 8000)
    }

    @Test("sums never overflow")
    func overflow() {
        let much = NodeRoom(cpuMilli: .max, memoryBytes: .max, pods: .max)
        #expect(much + much == much)
    }

    @Test(
        "node selectors and required affinity must match",
        arguments: [
            ("In", ["ssd", "nvme"], true), ("In", ["hdd"], false), ("NotIn", ["hdd"], true), ("NotIn", ["ssd"], false),
            ("Exists", [], true), ("DoesNotExist", [], false),
        ]
    )
    func affinity(sign: String, values: [String], isAdmitted: Bool) {
        let term = NodeSelectorTerm(
            matchExpressions: [NodeSelectorRequirement(key: "disk", operator: sign, values: values)]
        )
        let found = Self.rejection { spec in
            spec.affinity = Affinity(
                nodeAffinity: NodeAffinity(
                    requiredDuringSchedulingIgnoredDuringExecution: NodeSelector(nodeSelectorTerms: [term])
                )
            )
        }
        #expect((found == nil) == isAdmitted)
        if !isAdmitted { #expect(found?.reason == "NodeAffinity") }
        #expect(
            (Self.rejection { $0.nodeSelector = ["disk": values.first ?? "ssd"] } == nil) == (values.first != "hdd")
        )
    }

    @Test(
        "sysctls outside of the safe set are forbidden",
        arguments: [
            ("net.ipv4.ip_unprivileged_port_start", nil), ("kernel.shm_rmid_forced", nil),
            ("kernel.msgmax", "forbidden sysctl: \"kernel.msgmax\" not allowlisted"),
            ("kernel/panic", "forbidden sysctl: \"kernel/panic\" not allowlisted"),
        ] as [(String, String?)]
    )
    func sysctls(name: String, message: String?) {
        let found = Self.rejection {
            $0.securityContext = PodSecurityContext(sysctls: [Sysctl(name: name, value: "1")])
        }
        #expect(found?.message == message)
        #expect(found == nil || found?.reason == "SysctlForbidden")
    }

    @Test("a sysctl of a namespace that is the host's is forbidden")
    func hostNetwork() {
        let found = Self.rejection {
            $0.hostNetwork = true
            $0.securityContext = PodSecurityContext(sysctls: [Sysctl(name: "net.ipv4.tcp_syncookies", value: "1")])
        }
        #expect(found?.reason == "SysctlForbidden")
    }

    @Test("isolation that this node cannot keep is refused, not dropped")
    func isolation() {
        #expect(Self.rejection { $0.hostUsers = false }?.reason == "PodFeatureUnsupported")
        #expect(Self.rejection { $0.os = PodOS(name: "windows") }?.reason == "PodOSNotSupported")
        let profile = AppArmorProfile(type: "Localhost", localhostProfile: "x")
        #expect(
            Self.rejection { $0.securityContext = PodSecurityContext(appArmorProfile: profile) }?.reason == "AppArmor"
        )
    }
}
