package import JSON

/// One container of a pod, or an init container (with restartPolicy Always: a sidecar).
package struct Container: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @OmitEmpty package var image: String
    /// Replaces the image's entry point and its arguments.
    @OmitEmpty package var command: [String]
    /// Replaces the image's arguments.
    @OmitEmpty package var args: [String]
    @OmitEmpty package var workingDir: String
    @OmitEmpty package var ports: [ContainerPort]
    @OmitEmpty package var envFrom: [EnvFromSource]
    @OmitEmpty package var env: [EnvVar]
    @Printed package var resources: ResourceRequirements
    @OmitEmpty package var resizePolicy: [ContainerResizePolicy]
    package var restartPolicy: String?
    @OmitEmpty package var restartPolicyRules: [ContainerRestartRule]
    @OmitEmpty package var volumeMounts: [VolumeMount]
    @OmitEmpty package var volumeDevices: [VolumeDevice]
    @Indirect package var livenessProbe: Probe?
    @Indirect package var readinessProbe: Probe?
    @Indirect package var startupProbe: Probe?
    @Indirect package var lifecycle: Lifecycle?
    @OmitEmpty package var terminationMessagePath: String
    @OmitEmpty package var terminationMessagePolicy: String
    @OmitEmpty package var imagePullPolicy: String
    @Indirect package var securityContext: SecurityContext?
    @OmitEmpty package var stdin: Bool
    @OmitEmpty package var stdinOnce: Bool
    @OmitEmpty package var tty: Bool

    package init(
        name: String = "",
        image: String = "",
        command: [String] = [],
        args: [String] = [],
        workingDir: String = "",
        ports: [ContainerPort] = [],
        envFrom: [EnvFromSource] = [],
        env: [EnvVar] = [],
        resources: ResourceRequirements = ResourceRequirements(),
        resizePolicy: [ContainerResizePolicy] = [],
        restartPolicy: String? = nil,
        restartPolicyRules: [ContainerRestartRule] = [],
        volumeMounts: [VolumeMount] = [],
        volumeDevices: [VolumeDevice] = [],
        livenessProbe: Probe? = nil,
        readinessProbe: Probe? = nil,
        startupProbe: Probe? = nil,
        lifecycle: Lifecycle? = nil,
        terminationMessagePath: String = "",
        terminationMessagePolicy: String = "",
        imagePullPolicy: String = "",
        securityContext: SecurityContext? = nil,
        stdin: Bool = false,
        stdinOnce: Bool = false,
        tty: Bool = false
    ) {
        self.name = name
        self.image = image
        self.command = command
        self.args = args
        self.workingDir = workingDir
        self.ports = ports
        self.envFrom = envFrom
        self.env = env
        self.resources = resources
        self.resizePolicy = resizePolicy
        self.restartPolicy = restartPolicy
        self.restartPolicyRules = restartPolicyRules
        self.volumeMounts = volumeMounts
        self.volumeDevices = volumeDevices
        self.livenessProbe = livenessProbe
        self.readinessProbe = readinessProbe
        self.startupProbe = startupProbe
        self.lifecycle = lifecycle
        self.terminationMessagePath = terminationMessagePath
        self.terminationMessagePolicy = terminationMessagePolicy
        self.imagePullPolicy = imagePullPolicy
        self.securityContext = securityContext
        self.stdin = stdin
        self.stdinOnce = stdinOnce
        self.tty = tty
    }

    package init(reading members: JSONMembers) throws {
        name = try members.field("name")
        image = try members.field("image")
        command = try members.field("command")
        args = try members.field("args")
        workingDir = try members.field("workingDir")
        ports = try members.field("ports")
        envFrom = try members.field("envFrom")
        env = try members.field("env")
        resources = try members.field("resources")
        resizePolicy = try members.field("resizePolicy")
        restartPolicy = try members.optional("restartPolicy")
        restartPolicyRules = try members.field("restartPolicyRules")
        volumeMounts = try members.field("volumeMounts")
        volumeDevices = try members.field("volumeDevices")
        livenessProbe = try members.optional("livenessProbe")
        readinessProbe = try members.optional("readinessProbe")
        startupProbe = try members.optional("startupProbe")
        lifecycle = try members.optional("lifecycle")
        terminationMessagePath = try members.field("terminationMessagePath")
        terminationMessagePolicy = try members.field("terminationMessagePolicy")
        imagePullPolicy = try members.field("imagePullPolicy")
        securityContext = try members.optional("securityContext")
        stdin = try members.field("stdin")
        stdinOnce = try members.field("stdinOnce")
        tty = try members.field("tty")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("name", _name)
        try writer.field("image", _image)
        try writer.field("command", _command)
        try writer.field("args", _args)
        try writer.field("workingDir", _workingDir)
        try writer.field("ports", _ports)
        try writer.field("envFrom", _envFrom)
        try writer.field("env", _env)
        try writer.field("resources", _resources)
        try writer.field("resizePolicy", _resizePolicy)
        try writer.field("restartPolicy", restartPolicy)
        try writer.field("restartPolicyRules", _restartPolicyRules)
        try writer.field("volumeMounts", _volumeMounts)
        try writer.field("volumeDevices", _volumeDevices)
        try writer.field("livenessProbe", _livenessProbe)
        try writer.field("readinessProbe", _readinessProbe)
        try writer.field("startupProbe", _startupProbe)
        try writer.field("lifecycle", _lifecycle)
        try writer.field("terminationMessagePath", _terminationMessagePath)
        try writer.field("terminationMessagePolicy", _terminationMessagePolicy)
        try writer.field("imagePullPolicy", _imagePullPolicy)
        try writer.field("securityContext", _securityContext)
        try writer.field("stdin", _stdin)
        try writer.field("stdinOnce", _stdinOnce)
        try writer.field("tty", _tty)
    }

    package static var zeroValue: Container { Container() }
}

/// A port that a container listens on, and the host's port that leads to it.
package struct ContainerPort: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var name: String
    @OmitEmpty package var hostPort: Int32
    @Printed package var containerPort: Int32
    @OmitEmpty package var `protocol`: String
    @OmitEmpty package var hostIP: String

    package init(
        name: String = "",
        hostPort: Int32 = 0,
        containerPort: Int32 = 0,
        `protocol`: String = "",
        hostIP: String = ""
    ) {
        self.name = name
        self.hostPort = hostPort
        self.containerPort = containerPort
        self.protocol = `protocol`
        self.hostIP = hostIP
    }

    package init(reading members: JSONMembers) throws {
        name = try members.field("name")
        hostPort = try members.field("hostPort")
        containerPort = try members.field("containerPort")
        self.protocol = try members.field("protocol")
        hostIP = try members.field("hostIP")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("name", _name)
        try writer.field("hostPort", _hostPort)
        try writer.field("containerPort", _containerPort)
        try writer.field("protocol", _protocol)
        try writer.field("hostIP", _hostIP)
    }

    package static var zeroValue: ContainerPort { ContainerPort() }
}

/// What is reserved for a container (requests) and what it may use at most (limits).
package struct ResourceRequirements: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var limits: ResourceList
    @OmitEmpty package var requests: ResourceList
    @OmitEmpty package var claims: [ResourceClaim]

    package init(
        limits: ResourceList = [:],
        requests: ResourceList = [:],
        claims: [ResourceClaim] = []
    ) {
        self.limits = limits
        self.requests = requests
        self.claims = claims
    }

    package init(reading members: JSONMembers) throws {
        limits = try members.field("limits")
        requests = try members.field("requests")
        claims = try members.field("claims")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("limits", _limits)
        try writer.field("requests", _requests)
        try writer.field("claims", _claims)
    }

    package static var zeroValue: ResourceRequirements { ResourceRequirements() }
}

/// A claim of the pod that a container uses.
package struct ResourceClaim: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @OmitEmpty package var request: String

    package init(
        name: String = "",
        request: String = ""
    ) {
        self.name = name
        self.request = request
    }

    package static var zeroValue: ResourceClaim { ResourceClaim() }
}

/// Whether a container restarts when this resource of it is resized.
package struct ContainerResizePolicy: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var resourceName: String
    @Printed package var restartPolicy: String

    package init(
        resourceName: String = "",
        restartPolicy: String = ""
    ) {
        self.resourceName = resourceName
        self.restartPolicy = restartPolicy
    }

    package static var zeroValue: ContainerResizePolicy { ContainerResizePolicy() }
}

/// What to do when a container exits in a certain way.
package struct ContainerRestartRule: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var action: String
    @Indirect package var exitCodes: ContainerRestartRuleOnExitCodes?

    package init(
        action: String = "",
        exitCodes: ContainerRestartRuleOnExitCodes? = nil
    ) {
        self.action = action
        self.exitCodes = exitCodes
    }

    package static var zeroValue: ContainerRestartRule { ContainerRestartRule() }
}

/// A set of exit codes: In or NotIn.
package struct ContainerRestartRuleOnExitCodes: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var `operator`: String
    @OmitEmpty package var values: [Int32]

    package init(
        `operator`: String = "",
        values: [Int32] = []
    ) {
        self.operator = `operator`
        self.values = values
    }

    package static var zeroValue: ContainerRestartRuleOnExitCodes { ContainerRestartRuleOnExitCodes() }
}

/// Where a volume of the pod appears in a container.
package struct VolumeMount: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @OmitEmpty package var readOnly: Bool
    package var recursiveReadOnly: String?
    @Printed package var mountPath: String
    @OmitEmpty package var subPath: String
    package var mountPropagation: String?
    @OmitEmpty package var subPathExpr: String

    package init(
        name: String = "",
        readOnly: Bool = false,
        recursiveReadOnly: String? = nil,
        mountPath: String = "",
        subPath: String = "",
        mountPropagation: String? = nil,
        subPathExpr: String = ""
    ) {
        self.name = name
        self.readOnly = readOnly
        self.recursiveReadOnly = recursiveReadOnly
        self.mountPath = mountPath
        self.subPath = subPath
        self.mountPropagation = mountPropagation
        self.subPathExpr = subPathExpr
    }

    package init(reading members: JSONMembers) throws {
        name = try members.field("name")
        readOnly = try members.field("readOnly")
        recursiveReadOnly = try members.optional("recursiveReadOnly")
        mountPath = try members.field("mountPath")
        subPath = try members.field("subPath")
        mountPropagation = try members.optional("mountPropagation")
        subPathExpr = try members.field("subPathExpr")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("name", _name)
        try writer.field("readOnly", _readOnly)
        try writer.field("recursiveReadOnly", recursiveReadOnly)
        try writer.field("mountPath", _mountPath)
        try writer.field("subPath", _subPath)
        try writer.field("mountPropagation", mountPropagation)
        try writer.field("subPathExpr", _subPathExpr)
    }

    package static var zeroValue: VolumeMount { VolumeMount() }
}

/// Where a block volume of the pod appears as a device in a container.
package struct VolumeDevice: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @Printed package var devicePath: String

    package init(
        name: String = "",
        devicePath: String = ""
    ) {
        self.name = name
        self.devicePath = devicePath
    }

    package static var zeroValue: VolumeDevice { VolumeDevice() }
}
