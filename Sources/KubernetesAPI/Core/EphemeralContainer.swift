/// A container added to a running pod to look into it; it is never restarted.
package struct EphemeralContainer: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @OmitEmpty package var image: String
    @OmitEmpty package var command: [String]
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
    /// The container whose process namespace this one joins.
    @OmitEmpty package var targetContainerName: String

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
        tty: Bool = false,
        targetContainerName: String = ""
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
        self.targetContainerName = targetContainerName
    }

    package static var zeroValue: EphemeralContainer { EphemeralContainer() }
}
