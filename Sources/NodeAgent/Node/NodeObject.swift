import Facts
import KubernetesAPI

/// The core/v1 Node that stands for this machine.
enum NodeObject {
    /// - Parameter known: The object as it is in the log, whose identity and user's changes are kept.
    static func describe(
        _ machine: Machine,
        name: String,
        capacity: NodeCapacity,
        version: String,
        known: Node?,
        uid: String,
        now: Microseconds
    ) -> Node {
        let time = Time(microsecondsSince1970: now)
        var node = known ?? Node(metadata: ObjectMeta(name: name, uid: uid, creationTimestamp: time))
        node.kind = "Node"
        node.apiVersion = "v1"
        for (key, value) in [
            ("kubernetes.io/hostname", name), ("kubernetes.io/os", "linux"),
            ("kubernetes.io/arch", machine.architecture),
        ] { node.metadata.labels[key] = value }
        let resources: ResourceList = [
            "cpu": Quantity(Int64(capacity.processors)),
            "memory": Quantity(capacity.memoryBytes / 1024 * 1024, format: .binarySI),
            "pods": Quantity(Int64(capacity.pods)),
            "ephemeral-storage": Quantity(machine.diskBytes / 1024 * 1024, format: .binarySI),
        ]
        node.status.capacity = resources
        node.status.allocatable = resources
        node.status.addresses =
            machine.addresses.map { NodeAddress(type: "InternalIP", address: $0) }
            + [NodeAddress(type: "Hostname", address: machine.hostName)]
        node.status.nodeInfo = NodeSystemInfo(
            machineID: machine.machineID,
            systemUUID: machine.systemUUID,
            bootID: machine.bootID,
            kernelVersion: machine.kernelVersion,
            osImage: machine.operatingSystem,
            containerRuntimeVersion: "swiftlet://\(version)",
            kubeletVersion: version,
            operatingSystem: "linux",
            architecture: machine.architecture
        )
        node.status.conditions = conditions(known?.status.conditions ?? [], at: time)
        return node
    }

    /// The node as it is when nobody answers for it any more, in the words of Kubernetes' node controller; nil if it is
    /// known to be so.
    static func retire(_ node: Node, successor: String, now: Microseconds) -> (Node, NodeConditionChanged)? {
        guard node.status.conditions.contains(where: { $0.type == "Ready" && $0.status != "Unknown" }) else {
            return nil
        }
        let time = Time(microsecondsSince1970: now)
        let change = NodeConditionChanged(
            condition: "Ready",
            status: "Unknown",
            reason: "NodeStatusUnknown",
            message: "Kubelet stopped posting node status: this machine is node \(successor) now.",
            changedAt: now
        )
        var retired = node
        retired.metadata.resourceVersion = ""
        for index in retired.status.conditions.indices where retired.status.conditions[index].status != "Unknown" {
            retired.status.conditions[index].status = change.status
            retired.status.conditions[index].reason = change.reason
            retired.status.conditions[index].message = change.message
            retired.status.conditions[index].lastTransitionTime = time
        }
        return (retired, change)
    }

    private static func conditions(_ known: [NodeCondition], at time: Time) -> [NodeCondition] {
        let wanted = [
            ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            ("Ready", "True", "KubeletReady", "swiftlet is posting ready status"),
        ]
        return wanted.map { type, status, reason, message in
            let before = known.first { $0.type == type && $0.status == status }
            return NodeCondition(
                type: type,
                status: status,
                lastHeartbeatTime: time,
                lastTransitionTime: before?.lastTransitionTime ?? time,
                reason: reason,
                message: message
            )
        }
    }
}
