import Facts
import KubernetesAPI
import Testing

@testable import NodeAgent

@Suite("The node's object")
struct NodeObjectTests {
    private let machine = Machine(
        hostName: "Box",
        kernelVersion: "6.1.0",
        architecture: "amd64",
        operatingSystem: "Debian GNU/Linux 12 (bookworm)",
        machineID: "m",
        systemUUID: "s",
        bootID: "b",
        processors: 4,
        memoryBytes: (8 << 30) + 100,
        diskBytes: (100 << 30) + 5,
        addresses: ["192.0.2.7"]
    )

    private func describe(_ known: Node? = nil, now: Int64 = 1_795_000_000_000_000) -> Node {
        NodeObject.describe(
            machine,
            name: "box",
            capacity: NodeCapacity(processors: 4, memoryBytes: machine.memoryBytes, pods: 110),
            version: "0.1.0",
            known: known,
            uid: known?.metadata.uid ?? "u1",
            now: now
        )
    }

    @Test("a node whose machine has another name now is not ready any more, and is told so once")
    func retired() throws {
        let later: Int64 = 1_795_000_100_000_000
        let (node, fact) = try #require(NodeObject.retire(describe(), successor: "new", now: later))
        let ready = try #require(node.status.conditions.first { $0.type == "Ready" })
        #expect(ready.status == "Unknown")
        #expect(ready.reason == "NodeStatusUnknown")
        #expect(ready.lastTransitionTime == Time(microsecondsSince1970: later))
        #expect(fact.condition == "Ready")
        #expect(fact.message.contains("new"))
        #expect(NodeObject.retire(node, successor: "new", now: later) == nil)
        #expect(describe(node).status.conditions.allSatisfy { $0.status != "Unknown" })
    }

    @Test("it says what the machine has, in whole KiB")
    func capacity() {
        let node = describe()
        #expect(node.kind == "Node")
        #expect(node.metadata.name == "box")
        #expect(node.status.capacity["cpu"]?.description == "4")
        #expect(node.status.capacity["memory"]?.description == "8Gi")
        #expect(node.status.capacity["pods"]?.description == "110")
        #expect(node.status.capacity["ephemeral-storage"]?.description == "100Gi")
        #expect(node.status.allocatable == node.status.capacity)
        #expect(node.status.addresses.map(\.address) == ["192.0.2.7", "Box"])
        #expect(node.metadata.labels["kubernetes.io/arch"] == "amd64")
        #expect(node.status.nodeInfo.containerRuntimeVersion == "swiftlet://0.1.0")
    }

    @Test("a restart keeps identity, the user's labels and the times of conditions that did not change")
    func restart() {
        var known = describe()
        known.metadata.labels["rack"] = "7"
        known.metadata.labels["kubernetes.io/arch"] = "wrong"
        let later = describe(known, now: 1_795_000_100_000_000)
        #expect(later.metadata.uid == "u1")
        #expect(later.metadata.creationTimestamp == known.metadata.creationTimestamp)
        #expect(later.metadata.labels["rack"] == "7")
        #expect(later.metadata.labels["kubernetes.io/arch"] == "amd64")
        let before = known.status.conditions.first { $0.type == "Ready" }
        let after = later.status.conditions.first { $0.type == "Ready" }
        #expect(after?.status == "True")
        #expect(after?.lastTransitionTime == before?.lastTransitionTime)
        #expect(after?.lastHeartbeatTime != before?.lastHeartbeatTime)
    }

    @Test("a condition that was otherwise changes now")
    func transition() {
        var known = describe()
        for index in known.status.conditions.indices { known.status.conditions[index].status = "Unknown" }
        let later = describe(known, now: 1_795_000_100_000_000)
        for condition in later.status.conditions {
            #expect(condition.lastTransitionTime == Time(microsecondsSince1970: 1_795_000_100_000_000))
        }
    }

    @Test("this machine can be described")
    func read() {
        let found = Machine.read(root: "/")
        #expect(found.processors > 0)
        #expect(found.memoryBytes > 1 << 20)
        #expect(found.diskBytes > 0)
        #expect(!found.hostName.isEmpty)
        #expect(!found.kernelVersion.isEmpty)
        #expect(found.bootID.count == 36)
        #expect(found.addresses.count == 1)
        #expect(found.addresses.first?.split(separator: ".").count == 4)
    }
}
