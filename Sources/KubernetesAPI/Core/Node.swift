/// The machine that pods run on.
package struct Node: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    @Printed package var metadata: ObjectMeta
    @Printed package var spec: NodeSpec
    @Printed package var status: NodeStatus

    package init(
        kind: String = "Node",
        apiVersion: String = "v1",
        metadata: ObjectMeta = ObjectMeta(),
        spec: NodeSpec = NodeSpec(),
        status: NodeStatus = NodeStatus()
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    package static var zeroValue: Node { Node() }
}

/// Nodes, and the version at which they were read.
package struct NodeList: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    @Printed package var metadata: ListMeta
    @Printed package var items: [Node]

    package init(
        kind: String = "NodeList",
        apiVersion: String = "v1",
        metadata: ListMeta = ListMeta(),
        items: [Node] = []
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.metadata = metadata
        self.items = items
    }

    package static var zeroValue: NodeList { NodeList() }
}

/// What is wanted of a node.
package struct NodeSpec: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var podCIDR: String
    @OmitEmpty package var podCIDRs: [String]
    @OmitEmpty package var providerID: String
    @OmitEmpty package var unschedulable: Bool
    @OmitEmpty package var taints: [Taint]
    @Indirect package var configSource: NodeConfigSource?
    @OmitEmpty package var externalID: String

    package init(
        podCIDR: String = "",
        podCIDRs: [String] = [],
        providerID: String = "",
        unschedulable: Bool = false,
        taints: [Taint] = [],
        configSource: NodeConfigSource? = nil,
        externalID: String = ""
    ) {
        self.podCIDR = podCIDR
        self.podCIDRs = podCIDRs
        self.providerID = providerID
        self.unschedulable = unschedulable
        self.taints = taints
        self.configSource = configSource
        self.externalID = externalID
    }

    package static var zeroValue: NodeSpec { NodeSpec() }
}

/// Where the node's configuration came from; deprecated upstream.
package struct NodeConfigSource: Codable, Hashable, Sendable, ZeroValue {
    @Indirect package var configMap: ConfigMapNodeConfigSource?

    package init(
        configMap: ConfigMapNodeConfigSource? = nil
    ) {
        self.configMap = configMap
    }

    package static var zeroValue: NodeConfigSource { NodeConfigSource() }
}

/// The ConfigMap with a node's configuration; deprecated upstream.
package struct ConfigMapNodeConfigSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var namespace: String
    @Printed package var name: String
    @OmitEmpty package var uid: String
    @OmitEmpty package var resourceVersion: String
    @Printed package var kubeletConfigKey: String

    package init(
        namespace: String = "",
        name: String = "",
        uid: String = "",
        resourceVersion: String = "",
        kubeletConfigKey: String = ""
    ) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.kubeletConfigKey = kubeletConfigKey
    }

    package static var zeroValue: ConfigMapNodeConfigSource { ConfigMapNodeConfigSource() }
}

/// A mark that keeps away pods which do not tolerate it.
package struct Taint: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var key: String
    @OmitEmpty package var value: String
    @Printed package var effect: String
    package var timeAdded: Time?

    package init(
        key: String = "",
        value: String = "",
        effect: String = "",
        timeAdded: Time? = nil
    ) {
        self.key = key
        self.value = value
        self.effect = effect
        self.timeAdded = timeAdded
    }

    package static var zeroValue: Taint { Taint() }
}
