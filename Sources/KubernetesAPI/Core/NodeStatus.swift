/// What is known about a node.
package struct NodeStatus: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var capacity: ResourceList
    @OmitEmpty package var allocatable: ResourceList
    @OmitEmpty package var phase: String
    @OmitEmpty package var conditions: [NodeCondition]
    @OmitEmpty package var addresses: [NodeAddress]
    @Printed package var daemonEndpoints: NodeDaemonEndpoints
    @Printed package var nodeInfo: NodeSystemInfo
    @OmitEmpty package var images: [ContainerImage]
    @OmitEmpty package var volumesInUse: [String]
    @OmitEmpty package var volumesAttached: [AttachedVolume]
    @Indirect package var config: NodeConfigStatus?
    @OmitEmpty package var runtimeHandlers: [NodeRuntimeHandler]
    @Indirect package var features: NodeFeatures?
    @OmitEmpty package var declaredFeatures: [String]

    package init(
        capacity: ResourceList = [:],
        allocatable: ResourceList = [:],
        phase: String = "",
        conditions: [NodeCondition] = [],
        addresses: [NodeAddress] = [],
        daemonEndpoints: NodeDaemonEndpoints = NodeDaemonEndpoints(),
        nodeInfo: NodeSystemInfo = NodeSystemInfo(),
        images: [ContainerImage] = [],
        volumesInUse: [String] = [],
        volumesAttached: [AttachedVolume] = [],
        config: NodeConfigStatus? = nil,
        runtimeHandlers: [NodeRuntimeHandler] = [],
        features: NodeFeatures? = nil,
        declaredFeatures: [String] = []
    ) {
        self.capacity = capacity
        self.allocatable = allocatable
        self.phase = phase
        self.conditions = conditions
        self.addresses = addresses
        self.daemonEndpoints = daemonEndpoints
        self.nodeInfo = nodeInfo
        self.images = images
        self.volumesInUse = volumesInUse
        self.volumesAttached = volumesAttached
        self.config = config
        self.runtimeHandlers = runtimeHandlers
        self.features = features
        self.declaredFeatures = declaredFeatures
    }

    package static var zeroValue: NodeStatus { NodeStatus() }
}

/// One aspect of a node's condition, and since when.
package struct NodeCondition: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var type: String
    @Printed package var status: String
    @NullWhenUnset package var lastHeartbeatTime: Time?
    @NullWhenUnset package var lastTransitionTime: Time?
    @OmitEmpty package var reason: String
    @OmitEmpty package var message: String

    package init(
        type: String = "",
        status: String = "",
        lastHeartbeatTime: Time? = nil,
        lastTransitionTime: Time? = nil,
        reason: String = "",
        message: String = ""
    ) {
        self.type = type
        self.status = status
        self.lastHeartbeatTime = lastHeartbeatTime
        self.lastTransitionTime = lastTransitionTime
        self.reason = reason
        self.message = message
    }

    package static var zeroValue: NodeCondition { NodeCondition() }
}

/// A name or an address of a node.
package struct NodeAddress: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var type: String
    @Printed package var address: String

    package init(
        type: String = "",
        address: String = ""
    ) {
        self.type = type
        self.address = address
    }

    package static var zeroValue: NodeAddress { NodeAddress() }
}

/// The ports of the node's daemons.
package struct NodeDaemonEndpoints: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var kubeletEndpoint: DaemonEndpoint

    package init(
        kubeletEndpoint: DaemonEndpoint = DaemonEndpoint()
    ) {
        self.kubeletEndpoint = kubeletEndpoint
    }

    package static var zeroValue: NodeDaemonEndpoints { NodeDaemonEndpoints() }
}

/// A port; upstream spells its name with a capital letter.
package struct DaemonEndpoint: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var Port: Int32

    package init(
        Port: Int32 = 0
    ) {
        self.Port = Port
    }

    package static var zeroValue: DaemonEndpoint { DaemonEndpoint() }
}

/// Identity and versions of a node's system.
package struct NodeSystemInfo: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var machineID: String
    @Printed package var systemUUID: String
    @Printed package var bootID: String
    @Printed package var kernelVersion: String
    @Printed package var osImage: String
    @Printed package var containerRuntimeVersion: String
    @Printed package var kubeletVersion: String
    @Printed package var kubeProxyVersion: String
    @Printed package var operatingSystem: String
    @Printed package var architecture: String
    @Indirect package var swap: NodeSwapStatus?

    package init(
        machineID: String = "",
        systemUUID: String = "",
        bootID: String = "",
        kernelVersion: String = "",
        osImage: String = "",
        containerRuntimeVersion: String = "",
        kubeletVersion: String = "",
        kubeProxyVersion: String = "",
        operatingSystem: String = "",
        architecture: String = "",
        swap: NodeSwapStatus? = nil
    ) {
        self.machineID = machineID
        self.systemUUID = systemUUID
        self.bootID = bootID
        self.kernelVersion = kernelVersion
        self.osImage = osImage
        self.containerRuntimeVersion = containerRuntimeVersion
        self.kubeletVersion = kubeletVersion
        self.kubeProxyVersion = kubeProxyVersion
        self.operatingSystem = operatingSystem
        self.architecture = architecture
        self.swap = swap
    }

    package static var zeroValue: NodeSystemInfo { NodeSystemInfo() }
}

/// The node's swap space, in bytes.
package struct NodeSwapStatus: Codable, Hashable, Sendable, ZeroValue {
    package var capacity: Int64?

    package init(
        capacity: Int64? = nil
    ) {
        self.capacity = capacity
    }

    package static var zeroValue: NodeSwapStatus { NodeSwapStatus() }
}

/// An image on the node.
package struct ContainerImage: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var names: [String]
    @OmitEmpty package var sizeBytes: Int64

    package init(
        names: [String] = [],
        sizeBytes: Int64 = 0
    ) {
        self.names = names
        self.sizeBytes = sizeBytes
    }

    package static var zeroValue: ContainerImage { ContainerImage() }
}

/// A volume attached to the node.
package struct AttachedVolume: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @Printed package var devicePath: String

    package init(
        name: String = "",
        devicePath: String = ""
    ) {
        self.name = name
        self.devicePath = devicePath
    }

    package static var zeroValue: AttachedVolume { AttachedVolume() }
}

/// Which configuration the node uses; deprecated upstream.
package struct NodeConfigStatus: Codable, Hashable, Sendable, ZeroValue {
    @Indirect package var assigned: NodeConfigSource?
    @Indirect package var active: NodeConfigSource?
    @Indirect package var lastKnownGood: NodeConfigSource?
    @OmitEmpty package var error: String

    package init(
        assigned: NodeConfigSource? = nil,
        active: NodeConfigSource? = nil,
        lastKnownGood: NodeConfigSource? = nil,
        error: String = ""
    ) {
        self.assigned = assigned
        self.active = active
        self.lastKnownGood = lastKnownGood
        self.error = error
    }

    package static var zeroValue: NodeConfigStatus { NodeConfigStatus() }
}

/// A runtime handler and what it can do.
package struct NodeRuntimeHandler: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @Indirect package var features: NodeRuntimeHandlerFeatures?

    package init(
        name: String = "",
        features: NodeRuntimeHandlerFeatures? = nil
    ) {
        self.name = name
        self.features = features
    }

    package static var zeroValue: NodeRuntimeHandler { NodeRuntimeHandler() }
}

/// What a runtime handler can do.
package struct NodeRuntimeHandlerFeatures: Codable, Hashable, Sendable, ZeroValue {
    package var recursiveReadOnlyMounts: Bool?
    package var userNamespaces: Bool?

    package init(
        recursiveReadOnlyMounts: Bool? = nil,
        userNamespaces: Bool? = nil
    ) {
        self.recursiveReadOnlyMounts = recursiveReadOnlyMounts
        self.userNamespaces = userNamespaces
    }

    package static var zeroValue: NodeRuntimeHandlerFeatures { NodeRuntimeHandlerFeatures() }
}

/// What the runtime can do for every handler.
package struct NodeFeatures: Codable, Hashable, Sendable, ZeroValue {
    package var supplementalGroupsPolicy: Bool?

    package init(
        supplementalGroupsPolicy: Bool? = nil
    ) {
        self.supplementalGroupsPolicy = supplementalGroupsPolicy
    }

    package static var zeroValue: NodeFeatures { NodeFeatures() }
}
