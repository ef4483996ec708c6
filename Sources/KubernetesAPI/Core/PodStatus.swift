package import JSON

/// What is known about a pod; written by the node agent only.
package struct PodStatus: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var observedGeneration: Int64
    @OmitEmpty package var phase: String
    @OmitEmpty package var conditions: [PodCondition]
    @OmitEmpty package var message: String
    @OmitEmpty package var reason: String
    @OmitEmpty package var nominatedNodeName: String
    @OmitEmpty package var hostIP: String
    @OmitEmpty package var hostIPs: [HostIP]
    @OmitEmpty package var podIP: String
    @OmitEmpty package var podIPs: [PodIP]
    package var startTime: Time?
    @OmitEmpty package var initContainerStatuses: [ContainerStatus]
    @OmitEmpty package var containerStatuses: [ContainerStatus]
    @OmitEmpty package var qosClass: String
    @OmitEmpty package var ephemeralContainerStatuses: [ContainerStatus]
    @OmitEmpty package var resize: String
    @OmitEmpty package var resourceClaimStatuses: [PodResourceClaimStatus]
    @Indirect package var extendedResourceClaimStatus: PodExtendedResourceClaimStatus?
    @OmitEmpty package var allocatedResources: ResourceList
    @Indirect package var resources: ResourceRequirements?

    package init(
        observedGeneration: Int64 = 0,
        phase: String = "",
        conditions: [PodCondition] = [],
        message: String = "",
        reason: String = "",
        nominatedNodeName: String = "",
        hostIP: String = "",
        hostIPs: [HostIP] = [],
        podIP: String = "",
        podIPs: [PodIP] = [],
        startTime: Time? = nil,
        initContainerStatuses: [ContainerStatus] = [],
        containerStatuses: [ContainerStatus] = [],
        qosClass: String = "",
        ephemeralContainerStatuses: [ContainerStatus] = [],
        resize: String = "",
        resourceClaimStatuses: [PodResourceClaimStatus] = [],
        extendedResourceClaimStatus: PodExtendedResourceClaimStatus? = nil,
        allocatedResources: ResourceList = [:],
        resources: ResourceRequirements? = nil
    ) {
        self.observedGeneration = observedGeneration
        self.phase = phase
        self.conditions = conditions
        self.message = message
        self.reason = reason
        self.nominatedNodeName = nominatedNodeName
        self.hostIP = hostIP
        self.hostIPs = hostIPs
        self.podIP = podIP
        self.podIPs = podIPs
        self.startTime = startTime
        self.initContainerStatuses = initContainerStatuses
        self.containerStatuses = containerStatuses
        self.qosClass = qosClass
        self.ephemeralContainerStatuses = ephemeralContainerStatuses
        self.resize = resize
        self.resourceClaimStatuses = resourceClaimStatuses
        self.extendedResourceClaimStatus = extendedResourceClaimStatus
        self.allocatedResources = allocatedResources
        self.resources = resources
    }

    package static var zeroValue: PodStatus { PodStatus() }
}

/// One aspect of a pod's condition, and since when.
package struct PodCondition: JSONReadable, Encodable, Hashable, Sendable, ZeroValue {
    @Printed package var type: String
    @OmitEmpty package var observedGeneration: Int64
    /// True, False or Unknown.
    @Printed package var status: String
    @NullWhenUnset package var lastProbeTime: Time?
    @NullWhenUnset package var lastTransitionTime: Time?
    @OmitEmpty package var reason: String
    @OmitEmpty package var message: String

    package init(
        type: String = "",
        observedGeneration: Int64 = 0,
        status: String = "",
        lastProbeTime: Time? = nil,
        lastTransitionTime: Time? = nil,
        reason: String = "",
        message: String = ""
    ) {
        self.type = type
        self.observedGeneration = observedGeneration
        self.status = status
        self.lastProbeTime = lastProbeTime
        self.lastTransitionTime = lastTransitionTime
        self.reason = reason
        self.message = message
    }

    package init(reading members: JSONMembers) throws {
        type = try members.field("type")
        observedGeneration = try members.field("observedGeneration")
        status = try members.field("status")
        lastProbeTime = try members.optional("lastProbeTime")
        lastTransitionTime = try members.optional("lastTransitionTime")
        reason = try members.field("reason")
        message = try members.field("message")
    }

    package static var zeroValue: PodCondition { PodCondition() }
}

/// An address of the pod's node.
package struct HostIP: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var ip: String

    package init(
        ip: String = ""
    ) {
        self.ip = ip
    }

    package static var zeroValue: HostIP { HostIP() }
}

/// An address of the pod.
package struct PodIP: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var ip: String

    package init(
        ip: String = ""
    ) {
        self.ip = ip
    }

    package static var zeroValue: PodIP { PodIP() }
}

/// The claim that was made for a claim template of the pod.
package struct PodResourceClaimStatus: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    package var resourceClaimName: String?

    package init(
        name: String = "",
        resourceClaimName: String? = nil
    ) {
        self.name = name
        self.resourceClaimName = resourceClaimName
    }

    package static var zeroValue: PodResourceClaimStatus { PodResourceClaimStatus() }
}

/// How extended resources map to a claim.
package struct PodExtendedResourceClaimStatus: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var requestMappings: [ContainerExtendedResourceRequest]
    @Printed package var resourceClaimName: String

    package init(
        requestMappings: [ContainerExtendedResourceRequest] = [],
        resourceClaimName: String = ""
    ) {
        self.requestMappings = requestMappings
        self.resourceClaimName = resourceClaimName
    }

    package static var zeroValue: PodExtendedResourceClaimStatus { PodExtendedResourceClaimStatus() }
}

/// The request of a claim that serves a container's extended resource.
package struct ContainerExtendedResourceRequest: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var containerName: String
    @Printed package var resourceName: String
    @Printed package var requestName: String

    package init(
        containerName: String = "",
        resourceName: String = "",
        requestName: String = ""
    ) {
        self.containerName = containerName
        self.resourceName = resourceName
        self.requestName = requestName
    }

    package static var zeroValue: ContainerExtendedResourceRequest { ContainerExtendedResourceRequest() }
}

/// What is known about one container.
package struct ContainerStatus: JSONReadable, Encodable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @Printed package var state: ContainerState
    /// The termination before the present state, if there was one.
    @Printed package var lastState: ContainerState
    @Printed package var ready: Bool
    @Printed package var restartCount: Int32
    @Printed package var image: String
    @Printed package var imageID: String
    @OmitEmpty package var containerID: String
    package var started: Bool?
    @OmitEmpty package var allocatedResources: ResourceList
    @Indirect package var resources: ResourceRequirements?
    @OmitEmpty package var volumeMounts: [VolumeMountStatus]
    @Indirect package var user: ContainerUser?
    @OmitEmpty package var allocatedResourcesStatus: [ResourceStatus]
    package var stopSignal: String?

    package init(
        name: String = "",
        state: ContainerState = ContainerState(),
        lastState: ContainerState = ContainerState(),
        ready: Bool = false,
        restartCount: Int32 = 0,
        image: String = "",
        imageID: String = "",
        containerID: String = "",
        started: Bool? = nil,
        allocatedResources: ResourceList = [:],
        resources: ResourceRequirements? = nil,
        volumeMounts: [VolumeMountStatus] = [],
        user: ContainerUser? = nil,
        allocatedResourcesStatus: [ResourceStatus] = [],
        stopSignal: String? = nil
    ) {
        self.name = name
        self.state = state
        self.lastState = lastState
        self.ready = ready
        self.restartCount = restartCount
        self.image = image
        self.imageID = imageID
        self.containerID = containerID
        self.started = started
        self.allocatedResources = allocatedResources
        self.resources = resources
        self.volumeMounts = volumeMounts
        self.user = user
        self.allocatedResourcesStatus = allocatedResourcesStatus
        self.stopSignal = stopSignal
    }

    package init(reading members: JSONMembers) throws {
        name = try members.field("name")
        state = try members.field("state")
        lastState = try members.field("lastState")
        ready = try members.field("ready")
        restartCount = try members.field("restartCount")
        image = try members.field("image")
        imageID = try members.field("imageID")
        containerID = try members.field("containerID")
        started = try members.optional("started")
        allocatedResources = try members.field("allocatedResources")
        resources = try members.optional("resources")
        volumeMounts = try members.field("volumeMounts")
        user = try members.optional("user")
        allocatedResourcesStatus = try members.field("allocatedResourcesStatus")
        stopSignal = try members.optional("stopSignal")
    }

    package static var zeroValue: ContainerStatus { ContainerStatus() }
}

/// Waiting, running or terminated; at most one member is set, and none means waiting.
package struct ContainerState: JSONReadable, Encodable, Hashable, Sendable, ZeroValue {
    @Indirect package var waiting: ContainerStateWaiting?
    @Indirect package var running: ContainerStateRunning?
    @Indirect package var terminated: ContainerStateTerminated?

    package init(
        waiting: ContainerStateWaiting? = nil,
        running: ContainerStateRunning? = nil,
        terminated: ContainerStateTerminated? = nil
    ) {
        self.waiting = waiting
        self.running = running
        self.terminated = terminated
    }

    package init(reading members: JSONMembers) throws {
        waiting = try members.optional("waiting")
        running = try members.optional("running")
        terminated = try members.optional("terminated")
    }

    package static var zeroValue: ContainerState { ContainerState() }
}

/// Not running yet, or not yet again, and why.
package struct ContainerStateWaiting: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var reason: String
    @OmitEmpty package var message: String

    package init(
        reason: String = "",
        message: String = ""
    ) {
        self.reason = reason
        self.message = message
    }

    package static var zeroValue: ContainerStateWaiting { ContainerStateWaiting() }
}

/// Running, since when.
package struct ContainerStateRunning: JSONReadable, Encodable, Hashable, Sendable, ZeroValue {
    @NullWhenUnset package var startedAt: Time?

    package init(
        startedAt: Time? = nil
    ) {
        self.startedAt = startedAt
    }

    package init(reading members: JSONMembers) throws {
        startedAt = try members.optional("startedAt")
    }

    package static var zeroValue: ContainerStateRunning { ContainerStateRunning() }
}

/// Ended, how and when.
package struct ContainerStateTerminated: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var exitCode: Int32
    @OmitEmpty package var signal: Int32
    @OmitEmpty package var reason: String
    @OmitEmpty package var message: String
    @NullWhenUnset package var startedAt: Time?
    @NullWhenUnset package var finishedAt: Time?
    @OmitEmpty package var containerID: String

    package init(
        exitCode: Int32 = 0,
        signal: Int32 = 0,
        reason: String = "",
        message: String = "",
        startedAt: Time? = nil,
        finishedAt: Time? = nil,
        containerID: String = ""
    ) {
        self.exitCode = exitCode
        self.signal = signal
        self.reason = reason
        self.message = message
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.containerID = containerID
    }

    package static var zeroValue: ContainerStateTerminated { ContainerStateTerminated() }
}

/// How a volume is really mounted.
package struct VolumeMountStatus: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @Printed package var mountPath: String
    @OmitEmpty package var readOnly: Bool
    package var recursiveReadOnly: String?

    package init(
        name: String = "",
        mountPath: String = "",
        readOnly: Bool = false,
        recursiveReadOnly: String? = nil
    ) {
        self.name = name
        self.mountPath = mountPath
        self.readOnly = readOnly
        self.recursiveReadOnly = recursiveReadOnly
    }

    package static var zeroValue: VolumeMountStatus { VolumeMountStatus() }
}

/// The identity of a container's first process.
package struct ContainerUser: Codable, Hashable, Sendable, ZeroValue {
    @Indirect package var linux: LinuxContainerUser?

    package init(
        linux: LinuxContainerUser? = nil
    ) {
        self.linux = linux
    }

    package static var zeroValue: ContainerUser { ContainerUser() }
}

/// User and group ids of a container's first process.
package struct LinuxContainerUser: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var uid: Int64
    @Printed package var gid: Int64
    @OmitEmpty package var supplementalGroups: [Int64]

    package init(
        uid: Int64 = 0,
        gid: Int64 = 0,
        supplementalGroups: [Int64] = []
    ) {
        self.uid = uid
        self.gid = gid
        self.supplementalGroups = supplementalGroups
    }

    package static var zeroValue: LinuxContainerUser { LinuxContainerUser() }
}

/// The health of a resource given to a container.
package struct ResourceStatus: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @OmitEmpty package var resources: [ResourceHealth]

    package init(
        name: String = "",
        resources: [ResourceHealth] = []
    ) {
        self.name = name
        self.resources = resources
    }

    package static var zeroValue: ResourceStatus { ResourceStatus() }
}

/// The health of one device: Healthy, Unhealthy or Unknown.
package struct ResourceHealth: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var resourceID: String
    @OmitEmpty package var health: String

    package init(
        resourceID: String = "",
        health: String = ""
    ) {
        self.resourceID = resourceID
        self.health = health
    }

    package static var zeroValue: ResourceHealth { ResourceHealth() }
}
