package import JSON

/// What the user wants of a pod: every field of core/v1 of Kubernetes 1.35.
package struct PodSpec: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var volumes: [Volume]
    @OmitEmpty package var initContainers: [Container]
    @Printed package var containers: [Container]
    @OmitEmpty package var ephemeralContainers: [EphemeralContainer]
    @OmitEmpty package var restartPolicy: String
    package var terminationGracePeriodSeconds: Int64?
    package var activeDeadlineSeconds: Int64?
    @OmitEmpty package var dnsPolicy: String
    @OmitEmpty package var nodeSelector: [String: String]
    @OmitEmpty package var serviceAccountName: String
    /// The deprecated spelling of ``serviceAccountName``; the server keeps both equal.
    @OmitEmpty package var serviceAccount: String
    package var automountServiceAccountToken: Bool?
    @OmitEmpty package var nodeName: String
    @OmitEmpty package var hostNetwork: Bool
    @OmitEmpty package var hostPID: Bool
    @OmitEmpty package var hostIPC: Bool
    package var shareProcessNamespace: Bool?
    @Indirect package var securityContext: PodSecurityContext?
    @OmitEmpty package var imagePullSecrets: [LocalObjectReference]
    @OmitEmpty package var hostname: String
    @OmitEmpty package var subdomain: String
    @Indirect package var affinity: Affinity?
    @OmitEmpty package var schedulerName: String
    @OmitEmpty package var tolerations: [Toleration]
    @OmitEmpty package var hostAliases: [HostAlias]
    @OmitEmpty package var priorityClassName: String
    package var priority: Int32?
    @Indirect package var dnsConfig: PodDNSConfig?
    @OmitEmpty package var readinessGates: [PodReadinessGate]
    package var runtimeClassName: String?
    package var enableServiceLinks: Bool?
    package var preemptionPolicy: String?
    @OmitEmpty package var overhead: ResourceList
    @OmitEmpty package var topologySpreadConstraints: [TopologySpreadConstraint]
    package var setHostnameAsFQDN: Bool?
    @Indirect package var os: PodOS?
    package var hostUsers: Bool?
    @OmitEmpty package var schedulingGates: [PodSchedulingGate]
    @OmitEmpty package var resourceClaims: [PodResourceClaim]
    @Indirect package var resources: ResourceRequirements?
    package var hostnameOverride: String?
    @Indirect package var workloadRef: WorkloadReference?

    package init(
        volumes: [Volume] = [],
        initContainers: [Container] = [],
        containers: [Container] = [],
        ephemeralContainers: [EphemeralContainer] = [],
        restartPolicy: String = "",
        terminationGracePeriodSeconds: Int64? = nil,
        activeDeadlineSeconds: Int64? = nil,
        dnsPolicy: String = "",
        nodeSelector: [String: String] = [:],
        serviceAccountName: String = "",
        serviceAccount: String = "",
        automountServiceAccountToken: Bool? = nil,
        nodeName: String = "",
        hostNetwork: Bool = false,
        hostPID: Bool = false,
        hostIPC: Bool = false,
        shareProcessNamespace: Bool? = nil,
        securityContext: PodSecurityContext? = nil,
        imagePullSecrets: [LocalObjectReference] = [],
        hostname: String = "",
        subdomain: String = "",
        affinity: Affinity? = nil,
        schedulerName: String = "",
        tolerations: [Toleration] = [],
        hostAliases: [HostAlias] = [],
        priorityClassName: String = "",
        priority: Int32? = nil,
        dnsConfig: PodDNSConfig? = nil,
        readinessGates: [PodReadinessGate] = [],
        runtimeClassName: String? = nil,
        enableServiceLinks: Bool? = nil,
        preemptionPolicy: String? = nil,
        overhead: ResourceList = [:],
        topologySpreadConstraints: [TopologySpreadConstraint] = [],
        setHostnameAsFQDN: Bool? = nil,
        os: PodOS? = nil,
        hostUsers: Bool? = nil,
        schedulingGates: [PodSchedulingGate] = [],
        resourceClaims: [PodResourceClaim] = [],
        resources: ResourceRequirements? = nil,
        hostnameOverride: String? = nil,
        workloadRef: WorkloadReference? = nil
    ) {
        self.volumes = volumes
        self.initContainers = initContainers
        self.containers = containers
        self.ephemeralContainers = ephemeralContainers
        self.restartPolicy = restartPolicy
        self.terminationGracePeriodSeconds = terminationGracePeriodSeconds
        self.activeDeadlineSeconds = activeDeadlineSeconds
        self.dnsPolicy = dnsPolicy
        self.nodeSelector = nodeSelector
        self.serviceAccountName = serviceAccountName
        self.serviceAccount = serviceAccount
        self.automountServiceAccountToken = automountServiceAccountToken
        self.nodeName = nodeName
        self.hostNetwork = hostNetwork
        self.hostPID = hostPID
        self.hostIPC = hostIPC
        self.shareProcessNamespace = shareProcessNamespace
        self.securityContext = securityContext
        self.imagePullSecrets = imagePullSecrets
        self.hostname = hostname
        self.subdomain = subdomain
        self.affinity = affinity
        self.schedulerName = schedulerName
        self.tolerations = tolerations
        self.hostAliases = hostAliases
        self.priorityClassName = priorityClassName
        self.priority = priority
        self.dnsConfig = dnsConfig
        self.readinessGates = readinessGates
        self.runtimeClassName = runtimeClassName
        self.enableServiceLinks = enableServiceLinks
        self.preemptionPolicy = preemptionPolicy
        self.overhead = overhead
        self.topologySpreadConstraints = topologySpreadConstraints
        self.setHostnameAsFQDN = setHostnameAsFQDN
        self.os = os
        self.hostUsers = hostUsers
        self.schedulingGates = schedulingGates
        self.resourceClaims = resourceClaims
        self.resources = resources
        self.hostnameOverride = hostnameOverride
        self.workloadRef = workloadRef
    }

    package init(reading members: JSONMembers) throws {
        volumes = try members.field("volumes")
        initContainers = try members.field("initContainers")
        containers = try members.field("containers")
        ephemeralContainers = try members.field("ephemeralContainers")
        restartPolicy = try members.field("restartPolicy")
        terminationGracePeriodSeconds = try members.optional("terminationGracePeriodSeconds")
        activeDeadlineSeconds = try members.optional("activeDeadlineSeconds")
        dnsPolicy = try members.field("dnsPolicy")
        nodeSelector = try members.field("nodeSelector")
        serviceAccountName = try members.field("serviceAccountName")
        serviceAccount = try members.field("serviceAccount")
        automountServiceAccountToken = try members.optional("automountServiceAccountToken")
        nodeName = try members.field("nodeName")
        hostNetwork = try members.field("hostNetwork")
        hostPID = try members.field("hostPID")
        hostIPC = try members.field("hostIPC")
        shareProcessNamespace = try members.optional("shareProcessNamespace")
        securityContext = try members.optional("securityContext")
        imagePullSecrets = try members.field("imagePullSecrets")
        hostname = try members.field("hostname")
        subdomain = try members.field("subdomain")
        affinity = try members.optional("affinity")
        schedulerName = try members.field("schedulerName")
        tolerations = try members.field("tolerations")
        hostAliases = try members.field("hostAliases")
        priorityClassName = try members.field("priorityClassName")
        priority = try members.optional("priority")
        dnsConfig = try members.optional("dnsConfig")
        readinessGates = try members.field("readinessGates")
        runtimeClassName = try members.optional("runtimeClassName")
        enableServiceLinks = try members.optional("enableServiceLinks")
        preemptionPolicy = try members.optional("preemptionPolicy")
        overhead = try members.field("overhead")
        topologySpreadConstraints = try members.field("topologySpreadConstraints")
        setHostnameAsFQDN = try members.optional("setHostnameAsFQDN")
        os = try members.optional("os")
        hostUsers = try members.optional("hostUsers")
        schedulingGates = try members.field("schedulingGates")
        resourceClaims = try members.field("resourceClaims")
        resources = try members.optional("resources")
        hostnameOverride = try members.optional("hostnameOverride")
        workloadRef = try members.optional("workloadRef")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("volumes", _volumes)
        try writer.field("initContainers", _initContainers)
        try writer.field("containers", _containers)
        try writer.field("ephemeralContainers", _ephemeralContainers)
        try writer.field("restartPolicy", _restartPolicy)
        try writer.field("terminationGracePeriodSeconds", terminationGracePeriodSeconds)
        try writer.field("activeDeadlineSeconds", activeDeadlineSeconds)
        try writer.field("dnsPolicy", _dnsPolicy)
        try writer.field("nodeSelector", _nodeSelector)
        try writer.field("serviceAccountName", _serviceAccountName)
        try writer.field("serviceAccount", _serviceAccount)
        try writer.field("automountServiceAccountToken", automountServiceAccountToken)
        try writer.field("nodeName", _nodeName)
        try writer.field("hostNetwork", _hostNetwork)
        try writer.field("hostPID", _hostPID)
        try writer.field("hostIPC", _hostIPC)
        try writer.field("shareProcessNamespace", shareProcessNamespace)
        try writer.field("securityContext", _securityContext)
        try writer.field("imagePullSecrets", _imagePullSecrets)
        try writer.field("hostname", _hostname)
        try writer.field("subdomain", _subdomain)
        try writer.field("affinity", _affinity)
        try writer.field("schedulerName", _schedulerName)
        try writer.field("tolerations", _tolerations)
        try writer.field("hostAliases", _hostAliases)
        try writer.field("priorityClassName", _priorityClassName)
        try writer.field("priority", priority)
        try writer.field("dnsConfig", _dnsConfig)
        try writer.field("readinessGates", _readinessGates)
        try writer.field("runtimeClassName", runtimeClassName)
        try writer.field("enableServiceLinks", enableServiceLinks)
        try writer.field("preemptionPolicy", preemptionPolicy)
        try writer.field("overhead", _overhead)
        try writer.field("topologySpreadConstraints", _topologySpreadConstraints)
        try writer.field("setHostnameAsFQDN", setHostnameAsFQDN)
        try writer.field("os", _os)
        try writer.field("hostUsers", hostUsers)
        try writer.field("schedulingGates", _schedulingGates)
        try writer.field("resourceClaims", _resourceClaims)
        try writer.field("resources", _resources)
        try writer.field("hostnameOverride", hostnameOverride)
        try writer.field("workloadRef", _workloadRef)
    }

    package static var zeroValue: PodSpec { PodSpec() }
}

/// The operating system a pod is made for: linux or windows.
package struct PodOS: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String

    package init(
        name: String = ""
    ) {
        self.name = name
    }

    package static var zeroValue: PodOS { PodOS() }
}

/// A condition that must be true besides the containers' readiness.
package struct PodReadinessGate: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var conditionType: String

    package init(
        conditionType: String = ""
    ) {
        self.conditionType = conditionType
    }

    package static var zeroValue: PodReadinessGate { PodReadinessGate() }
}

/// A reason, by name, not to schedule the pod yet.
package struct PodSchedulingGate: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String

    package init(
        name: String = ""
    ) {
        self.name = name
    }

    package static var zeroValue: PodSchedulingGate { PodSchedulingGate() }
}

/// A claim of devices that containers of the pod may refer to by name.
package struct PodResourceClaim: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    package var resourceClaimName: String?
    package var resourceClaimTemplateName: String?

    package init(
        name: String = "",
        resourceClaimName: String? = nil,
        resourceClaimTemplateName: String? = nil
    ) {
        self.name = name
        self.resourceClaimName = resourceClaimName
        self.resourceClaimTemplateName = resourceClaimTemplateName
    }

    package static var zeroValue: PodResourceClaim { PodResourceClaim() }
}

/// The workload and the group of pods in it that this pod belongs to.
package struct WorkloadReference: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @Printed package var podGroup: String
    @OmitEmpty package var podGroupReplicaKey: String

    package init(
        name: String = "",
        podGroup: String = "",
        podGroupReplicaKey: String = ""
    ) {
        self.name = name
        self.podGroup = podGroup
        self.podGroupReplicaKey = podGroupReplicaKey
    }

    package static var zeroValue: WorkloadReference { WorkloadReference() }
}

/// Extra names for an address in the pod's hosts file.
package struct HostAlias: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var ip: String
    @OmitEmpty package var hostnames: [String]

    package init(
        ip: String = "",
        hostnames: [String] = []
    ) {
        self.ip = ip
        self.hostnames = hostnames
    }

    package static var zeroValue: HostAlias { HostAlias() }
}

/// Additions to the resolv.conf that the DNS policy makes.
package struct PodDNSConfig: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var nameservers: [String]
    @OmitEmpty package var searches: [String]
    @OmitEmpty package var options: [PodDNSConfigOption]

    package init(
        nameservers: [String] = [],
        searches: [String] = [],
        options: [PodDNSConfigOption] = []
    ) {
        self.nameservers = nameservers
        self.searches = searches
        self.options = options
    }

    package static var zeroValue: PodDNSConfig { PodDNSConfig() }
}

/// One option of resolv.conf, with its value if it has one.
package struct PodDNSConfigOption: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var name: String
    package var value: String?

    package init(
        name: String = "",
        value: String? = nil
    ) {
        self.name = name
        self.value = value
    }

    package static var zeroValue: PodDNSConfigOption { PodDNSConfigOption() }
}
