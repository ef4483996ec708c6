package import JSON

/// What is known about a pod; written by the node agent only.
package struct PodStatus: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
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

    package init(reading members: JSONMembers) throws {
        observedGeneration = try members.field("observedGeneration")
        phase = try members.field("phase")
        conditions = try members.field("conditions")
        message = try members.field("message")
        reason = try members.field("reason")
        nominatedNodeName = try members.field("nominatedNodeName")
        hostIP = try members.field("hostIP")
        hostIPs = try members.field("hostIPs")
        podIP = try members.field("podIP")
        podIPs = try members.field("podIPs")
        startTime = try members.optional("startTime")
        initContainerStatuses = try members.field("initContainerStatuses")
        containerStatuses = try members.field("containerStatuses")
        qosClass = try members.field("qosClass")
        ephemeralContainerStatuses = try members.field("ephemeralContainerStatuses")
        resize = try members.field("resize")
        resourceClaimStatuses = try members.field("resourceClaimStatuses")
        extendedResourceClaimStatus = try members.optional("extendedResourceClaimStatus")
        allocatedResources = try members.field("allocatedResources")
        resources = try members.optional("resources")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("observedGeneration", _observedGeneration)
        try writer.field("phase", _phase)
        try writer.field("conditions", _conditions)
        try writer.field("message", _message)
        try writer.field("reason", _reason)
        try writer.field("nominatedNodeName", _nominatedNodeName)
        try writer.field("hostIP", _hostIP)
        try writer.field("hostIPs", _hostIPs)
        try writer.field("podIP", _podIP)
        try writer.field("podIPs", _podIPs)
        try writer.field("startTime", startTime)
        try writer.field("initContainerStatuses", _initContainerStatuses)
        try writer.field("containerStatuses", _containerStatuses)
        try writer.field("qosClass", _qosClass)
        try writer.field("ephemeralContainerStatuses", _ephemeralContainerStatuses)
        try writer.field("resize", _resize)
        try writer.field("resourceClaimStatuses", _resourceClaimStatuses)
        try writer.field("extendedResourceClaimStatus", _extendedResourceClaimStatus)
        try writer.field("allocatedResources", _allocatedResources)
        try writer.field("resources", _resources)
    }

    package static var zeroValue: PodStatus { PodStatus() }
}

/// One aspect of a pod's condition, and since when.
package struct PodCondition: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
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

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("type", _type)
        try writer.field("observedGeneration", _observedGeneration)
        try writer.field("status", _status)
        try writer.field("lastProbeTime", _lastProbeTime)
        try writer.field("lastTransitionTime", _lastTransitionTime)
        try writer.field("reason", _reason)
        try writer.field("message", _message)
    }

    package static var zeroValue: PodCondition { PodCondition() }
}

/// An address of the pod's node.
package struct HostIP: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var ip: String

    package init(
        ip: String = ""
    ) {
        self.ip = ip
    }

    package init(reading members: JSONMembers) throws {
        ip = try members.field("ip")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("ip", _ip)
    }

    package static var zeroValue: HostIP { HostIP() }
}

/// An address of the pod.
package struct PodIP: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var ip: String

    package init(
        ip: String = ""
    ) {
        self.ip = ip
    }

    package init(reading members: JSONMembers) throws {
        ip = try members.field("ip")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("ip", _ip)
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
