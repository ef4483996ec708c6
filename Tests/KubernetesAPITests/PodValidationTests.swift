import JSON
import KubernetesAPI
import Testing

/// A change that breaks a rule, and the sentences that say so.
struct BrokenRule: Sendable, CustomTestStringConvertible {
    let name: String
    let change: @Sendable (inout Pod) -> Void
    let sentences: [String]

    init(_ name: String, _ sentences: String..., change: @escaping @Sendable (inout Pod) -> Void) {
        self.name = name
        self.change = change
        self.sentences = sentences
    }

    var testDescription: String { name }
}

@Suite("Validation of pods")
struct PodValidationTests {
    @Test("a pod with nothing but a name, a container and its image is valid")
    func minimal() {
        #expect(PodValidation.validate(validPod()) == [])
    }

    @Test("a broken rule is told in Kubernetes' words", arguments: BrokenRule.names + BrokenRule.containers)
    func containers(rule: BrokenRule) {
        #expect(PodValidation.validate(validPod(rule.change)).map(\.description) == rule.sentences)
    }

    @Test("a broken rule of a volume is told in Kubernetes' words", arguments: BrokenRule.volumes)
    func volumes(rule: BrokenRule) {
        #expect(PodValidation.validate(validPod(rule.change)).map(\.description) == rule.sentences)
    }

    @Test("a broken rule of the spec is told in Kubernetes' words", arguments: BrokenRule.specs)
    func specs(rule: BrokenRule) {
        #expect(PodValidation.validate(validPod(rule.change)).map(\.description) == rule.sentences)
    }

    @Test("a missing default is a missing value")
    func undefaulted() {
        let pod = Pod(metadata: ObjectMeta(name: "a", namespace: "b"))
        #expect(
            PodValidation.validate(pod).map(\.description) == [
                "spec.terminationGracePeriodSeconds: Required value", "spec.containers: Required value",
                "spec.restartPolicy: Required value", "spec.dnsPolicy: Required value",
            ]
        )
    }
}

private let subdomain =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    + "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
private let label =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    + "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"

extension BrokenRule {
    static let names: [BrokenRule] = [
        BrokenRule("no name", "metadata.name: Required value: name or generateName is required") {
            $0.metadata.name = ""
        },
        BrokenRule("a name in capitals", "metadata.name: Invalid value: \"Web\": \(subdomain)") {
            $0.metadata.name = "Web"
        },
        BrokenRule(
            "a name of 254 bytes",
            "metadata.name: Invalid value: \"\(String(repeating: "a", count: 254))\": must be no more than 253 bytes"
        ) {
            $0.metadata.name = String(repeating: "a", count: 254)
        },
        BrokenRule("no namespace", "metadata.namespace: Required value") { $0.metadata.namespace = "" },
        BrokenRule("a namespace with a dot", "metadata.namespace: Invalid value: \"a.b\": must not contain dots") {
            $0.metadata.namespace = "a.b"
        },
        BrokenRule(
            "a label's value with a blank",
            "metadata.labels: Invalid value: \"a b\": a valid label must be an empty string or consist of alphanumeric "
                + "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
                + "'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
        ) { $0.metadata.labels = ["k": "a b"] },
        BrokenRule(
            "a label's key with two slashes",
            "metadata.labels: Invalid value: \"a/b/c\": a qualified name must consist of alphanumeric characters, '-', '_' "
                + "or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or "
                + "'123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional "
                + "DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ) { $0.metadata.labels = ["a/b/c": "x"] },
        BrokenRule(
            "a label's key with an empty prefix",
            "metadata.labels: Invalid value: \"/b\": prefix part must be non-empty"
        ) {
            $0.metadata.labels = ["/b": "x"]
        },
        BrokenRule("annotations of a megabyte", "metadata.annotations: Too long: may not be more than 262144 bytes") {
            $0.metadata.annotations = ["a": String(repeating: "x", count: 1 << 20)]
        },
        BrokenRule(
            "a finalizer without a name",
            "metadata.finalizers: Invalid value: \"\": name part must be non-empty",
            "metadata.finalizers: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', "
                + "and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex "
                + "used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "metadata.finalizers[0]: Invalid value: \"\": name is neither a standard finalizer name nor is it fully qualified"
        ) { $0.metadata.finalizers = [""] },
        BrokenRule(
            "a finalizer that is not qualified, after one that need not be",
            "metadata.finalizers[1]: Invalid value: \"bad\": name is neither a standard finalizer name nor is it fully "
                + "qualified"
        ) { $0.metadata.finalizers = ["orphan", "bad", "example.com/good", "foregroundDeletion", "kubernetes"] },
        BrokenRule("an owner without a uid", "metadata.ownerReferences.uid: Invalid value: \"\": must not be empty") {
            $0.metadata.ownerReferences = [OwnerReference(apiVersion: "v1", kind: "Pod", name: "x")]
        },
    ]

    static let containers: [BrokenRule] = [
        BrokenRule("no containers", "spec.containers: Required value") { $0.spec.containers = [] },
        BrokenRule("no name", "spec.containers[0].name: Required value") { $0.spec.containers[0].name = "" },
        BrokenRule("a name with an underscore", "spec.containers[0].name: Invalid value: \"a_b\": \(label)") {
            $0.spec.containers[0].name = "a_b"
        },
        BrokenRule("no image", "spec.containers[0].image: Required value") { $0.spec.containers[0].image = "" },
        BrokenRule(
            "an image with a blank",
            "spec.containers[0].image: Invalid value: \" bb\": must not have leading or trailing whitespace"
        ) { $0.spec.containers[0].image = " bb" },
        BrokenRule("two of one name", "spec.containers[1].name: Duplicate value: \"c\"") {
            $0.spec.containers.append($0.spec.containers[0])
        },
        BrokenRule(
            "an unknown pull policy",
            "spec.containers[0].imagePullPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", "
                + "\"IfNotPresent\", \"Never\""
        ) { $0.spec.containers[0].imagePullPolicy = "Sometimes" },
        BrokenRule(
            "an unknown message policy",
            "spec.containers[0].terminationMessagePolicy: Unsupported value: \"x\": supported values: \"File\", "
                + "\"FallbackToLogsOnError\""
        ) { $0.spec.containers[0].terminationMessagePolicy = "x" },
        BrokenRule("port 0", "spec.containers[0].ports[0].containerPort: Required value") {
            $0.spec.containers[0].ports = [ContainerPort()]
        },
        BrokenRule(
            "port 70000",
            "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"
        ) { $0.spec.containers[0].ports = [ContainerPort(containerPort: 70_000)] },
        BrokenRule(
            "an unknown protocol",
            "spec.containers[0].ports[0].protocol: Unsupported value: \"tcp\": supported values: \"SCTP\", \"TCP\", \"UDP\""
        ) { $0.spec.containers[0].ports = [ContainerPort(containerPort: 80, protocol: "tcp")] },
        BrokenRule("a host port twice", "spec.containers[0].ports[1].hostPort: Duplicate value: \"TCP//80\"") {
            $0.spec.containers[0].ports = [
                ContainerPort(hostPort: 80, containerPort: 80), ContainerPort(hostPort: 80, containerPort: 81),
            ]
        },
        BrokenRule("a port's name twice", "spec.containers[0].ports[1].name: Duplicate value: \"http\"") {
            $0.spec.containers[0].ports = [
                ContainerPort(name: "http", containerPort: 80), ContainerPort(name: "http", containerPort: 81),
            ]
        },
        BrokenRule(
            "a port's name without a letter",
            "spec.containers[0].ports[0].name: Invalid value: \"12--3-\": must contain at least one letter (a-z)",
            "spec.containers[0].ports[0].name: Invalid value: \"12--3-\": must not contain consecutive hyphens",
            "spec.containers[0].ports[0].name: Invalid value: \"12--3-\": must not begin or end with a hyphen"
        ) { $0.spec.containers[0].ports = [ContainerPort(name: "12--3-", containerPort: 80)] },
        BrokenRule("a variable without a name", "spec.containers[0].env[0].name: Required value") {
            $0.spec.containers[0].env = [EnvVar(value: "x")]
        },
        BrokenRule(
            "a variable with an equals sign",
            "spec.containers[0].env[0].name: Invalid value: \"a=b\": a valid environment variable name must consist only "
                + "of printable ASCII characters other than '='"
        ) { $0.spec.containers[0].env = [EnvVar(name: "a=b")] },
        BrokenRule(
            "a value and a source",
            "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty"
        ) {
            $0.spec.containers[0].env = [
                EnvVar(
                    name: "a",
                    value: "b",
                    valueFrom: EnvVarSource(fieldRef: ObjectFieldSelector(fieldPath: "metadata.name"))
                )
            ]
        },
        BrokenRule(
            "a field that variables do not show",
            "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: \"status.phase\": supported values: "
                + "\"metadata.name\", \"metadata.namespace\", \"metadata.uid\", \"spec.nodeName\", "
                + "\"spec.serviceAccountName\", \"status.hostIP\", \"status.hostIPs\", \"status.podIP\", \"status.podIPs\""
        ) {
            $0.spec.containers[0].env = [
                EnvVar(
                    name: "a",
                    valueFrom: EnvVarSource(fieldRef: ObjectFieldSelector(fieldPath: "status.phase"))
                )
            ]
        },
        BrokenRule(
            "a field that does not exist",
            "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.foo\": error converting "
                + "fieldPath: field label not supported: spec.foo"
        ) {
            $0.spec.containers[0].env = [
                EnvVar(name: "a", valueFrom: EnvVarSource(fieldRef: ObjectFieldSelector(fieldPath: "spec.foo")))
            ]
        },
        BrokenRule(
            "a request above the limit",
            "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1"
        ) {
            $0.spec.containers[0].resources = ResourceRequirements(
                limits: ["cpu": Quantity(1)],
                requests: ["cpu": Quantity(2)]
            )
        },
        BrokenRule(
            "a negative limit",
            "spec.containers[0].resources.limits[memory]: Invalid value: \"-1\": must be greater than or equal to 0",
            "spec.containers[0].resources.requests[memory]: Invalid value: \"-1\": must be greater than or equal to 0"
        ) {
            $0.spec.containers[0].resources = ResourceRequirements(
                limits: ["memory": Quantity(-1)],
                requests: ["memory": Quantity(-1)]
            )
        },
        BrokenRule(
            "a resource nobody knows",
            "spec.containers[0].resources.requests[gold]: Invalid value: \"gold\": must be a standard resource type or fully "
                + "qualified",
            "spec.containers[0].resources.requests[gold]: Invalid value: \"gold\": must be a standard resource for containers"
        ) { $0.spec.containers[0].resources.requests = ["gold": Quantity(1)] },
        BrokenRule(
            "half a device",
            "spec.containers[0].resources.limits[a.com/gpu]: Invalid value: \"500m\": must be an integer",
            "spec.containers[0].resources.requests[a.com/gpu]: Invalid value: \"500m\": must be an integer"
        ) { $0.spec.containers[0].resources.limits = ["a.com/gpu": Quantity(milli: 500)] },
        BrokenRule("a mount of no volume", "spec.containers[0].volumeMounts[0].name: Not found: \"v\"") {
            $0.spec.containers[0].volumeMounts = [VolumeMount(name: "v", mountPath: "/v")]
        },
        BrokenRule(
            "a path mounted twice",
            "spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/v\": must be unique"
        ) {
            $0.spec.volumes = [Volume(name: "v")]
            $0.spec.containers[0].volumeMounts = [
                VolumeMount(name: "v", mountPath: "/v"), VolumeMount(name: "v", mountPath: "/v"),
            ]
        },
        BrokenRule(
            "a subPath that climbs",
            "spec.containers[0].volumeMounts.subPath: Invalid value: \"../x\": must not contain '..'"
        ) {
            $0.spec.volumes = [Volume(name: "v")]
            $0.spec.containers[0].volumeMounts = [VolumeMount(name: "v", mountPath: "/v", subPath: "../x")]
        },
        BrokenRule(
            "propagation without privilege",
            "spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only "
                + "to privileged containers"
        ) {
            $0.spec.volumes = [Volume(name: "v")]
            $0.spec.containers[0].volumeMounts = [
                VolumeMount(name: "v", mountPath: "/v", mountPropagation: "Bidirectional")
            ]
        },
        BrokenRule(
            "a probe without a handler",
            "spec.containers[0].livenessProbe: Required value: must specify a handler type"
        ) {
            $0.spec.containers[0].livenessProbe = Probe()
        },
        BrokenRule(
            "a probe with two handlers",
            "spec.containers[0].readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"
        ) {
            $0.spec.containers[0].readinessProbe = Probe(
                exec: ExecAction(command: ["true"]),
                tcpSocket: TCPSocketAction(port: 80)
            )
        },
        BrokenRule(
            "a liveness probe that must succeed twice",
            "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"
        ) {
            $0.spec.containers[0].livenessProbe = Probe(exec: ExecAction(command: ["true"]), successThreshold: 2)
        },
        BrokenRule("a probe with no command", "spec.containers[0].startupProbe.exec.command: Required value") {
            $0.spec.containers[0].startupProbe = Probe(exec: ExecAction())
        },
        BrokenRule(
            "a hook that sleeps too long",
            "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than "
                + "terminationGracePeriodSeconds (30)"
        ) {
            $0.spec.containers[0].lifecycle = Lifecycle(preStop: LifecycleHandler(sleep: SleepAction(seconds: 31)))
        },
        BrokenRule(
            "privileged without escalation",
            "spec.containers[0].securityContext.allowPrivilegeEscalation: Invalid value: false: cannot set "
                + "`allowPrivilegeEscalation` to false and `privileged` to true"
        ) {
            $0.spec.containers[0].securityContext = SecurityContext(privileged: true, allowPrivilegeEscalation: false)
        },
        BrokenRule(
            "a user below zero",
            "spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 4294967295, inclusive"
        ) { $0.spec.containers[0].securityContext = SecurityContext(runAsUser: -1) },
        BrokenRule(
            "an init container with a probe",
            "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without "
                + "restartPolicy=Always"
        ) {
            $0.spec.initContainers = [
                Container(name: "i", image: "bb", livenessProbe: Probe(exec: ExecAction(command: ["true"])))
            ]
        },
        BrokenRule("an init container with a main one's name", "spec.initContainers[0].name: Duplicate value: \"c\"") {
            $0.spec.initContainers = [Container(name: "c", image: "bb")]
        },
        BrokenRule("ephemeral containers at the start", "spec.ephemeralContainers: Forbidden: cannot be set on create")
        {
            $0.spec.ephemeralContainers = [EphemeralContainer(name: "e", image: "bb")]
        },
    ]

    static let volumes: [BrokenRule] = [
        BrokenRule(
            "two sources",
            "spec.volumes[0].emptyDir: Forbidden: may not specify more than 1 volume type"
        ) {
            $0.spec.volumes = [
                Volume(name: "v", hostPath: HostPathVolumeSource(path: "/x"), emptyDir: EmptyDirVolumeSource())
            ]
        },
        BrokenRule("a name twice", "spec.volumes[1].name: Duplicate value: \"v\"") {
            $0.spec.volumes = [Volume(name: "v"), Volume(name: "v")]
        },
        BrokenRule("a host path without a path", "spec.volumes[0].hostPath.path: Required value") {
            $0.spec.volumes = [Volume(name: "v", hostPath: HostPathVolumeSource())]
        },
        BrokenRule(
            "a host path of an unknown type",
            "spec.volumes[0].hostPath.type: Unsupported value: \"Pipe\": supported values: \"\", \"BlockDevice\", "
                + "\"CharDevice\", \"Directory\", \"DirectoryOrCreate\", \"File\", \"FileOrCreate\", \"Socket\""
        ) { $0.spec.volumes = [Volume(name: "v", hostPath: HostPathVolumeSource(path: "/x", type: "Pipe"))] },
        BrokenRule("a secret without a name", "spec.volumes[0].secret.secretName: Required value") {
            $0.spec.volumes = [Volume(name: "v", secret: SecretVolumeSource())]
        },
        BrokenRule(
            "an item that climbs",
            "spec.volumes[0].configMap.items[0].path: Invalid value: \"/../a\": must be a relative path",
            "spec.volumes[0].configMap.items[0].path: Invalid value: \"/../a\": must not contain '..'"
        ) {
            $0.spec.volumes = [
                Volume(
                    name: "v",
                    configMap: ConfigMapVolumeSource(name: "m", items: [KeyToPath(key: "k", path: "/../a")])
                )
            ]
        },
        BrokenRule(
            "a mode of 01000",
            "spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both "
                + "inclusive"
        ) {
            $0.spec.volumes = [Volume(name: "v", configMap: ConfigMapVolumeSource(name: "m", defaultMode: 0o1000))]
        },
        BrokenRule(
            "a file of two sources",
            "spec.volumes[0].projected: Invalid value: \"s\": conflicting duplicate paths"
        ) {
            $0.spec.volumes = [
                Volume(
                    name: "v",
                    projected: ProjectedVolumeSource(sources: [
                        VolumeProjection(
                            configMap: ConfigMapProjection(name: "m", items: [KeyToPath(key: "a", path: "f")])
                        ),
                        VolumeProjection(secret: SecretProjection(name: "s", items: [KeyToPath(key: "a", path: "f")])),
                    ])
                )
            ]
        },
    ]

    static let specs: [BrokenRule] = [
        BrokenRule(
            "an unknown restart policy",
            "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\""
        ) { $0.spec.restartPolicy = "Sometimes" },
        BrokenRule(
            "an unknown DNS policy",
            "spec.dnsPolicy: Unsupported value: \"x\": supported values: \"ClusterFirstWithHostNet\", \"ClusterFirst\", "
                + "\"Default\", \"None\""
        ) { $0.spec.dnsPolicy = "x" },
        BrokenRule("no DNS at all", "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None")
        {
            $0.spec.dnsPolicy = "None"
        },
        BrokenRule(
            "a deadline of zero",
            "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"
        ) { $0.spec.activeDeadlineSeconds = 0 },
        BrokenRule("a hostname with a dot", "spec.hostname: Invalid value: \"a.b\": must not contain dots") {
            $0.spec.hostname = "a.b"
        },
        BrokenRule(
            "a host port other than the container's on the host's network",
            "spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true"
        ) {
            $0.spec.hostNetwork = true
            $0.spec.containers[0].ports = [ContainerPort(hostPort: 81, containerPort: 80)]
        },
        BrokenRule(
            "an alias of no address",
            "spec.hostAliases[0].ip: Invalid value: \"1.2.3\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
        ) { $0.spec.hostAliases = [HostAlias(ip: "1.2.3", hostnames: ["a"])] },
        BrokenRule(
            "one name space shared and not",
            "spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both "
                + "be enabled"
        ) {
            $0.spec.hostPID = true
            $0.spec.shareProcessNamespace = true
        },
        BrokenRule(
            "a sysctl in capitals",
            "spec.securityContext.sysctls[0].name: Invalid value: \"Kernel\": must have at most 253 characters and match "
                + "regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
        ) { $0.spec.securityContext = PodSecurityContext(sysctls: [Sysctl(name: "Kernel", value: "1")]) },
        BrokenRule(
            "a network sysctl of the host",
            "spec.securityContext.sysctls[0].name: Invalid value: \"net.ipv4.ip_forward\": may not be specified when "
                + "'hostNetwork' is true"
        ) {
            $0.spec.hostNetwork = true
            $0.spec.securityContext = PodSecurityContext(sysctls: [Sysctl(name: "net.ipv4.ip_forward", value: "1")])
        },
        BrokenRule(
            "a local seccomp profile without a file",
            "spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost"
        ) { $0.spec.securityContext = PodSecurityContext(seccompProfile: SeccompProfile(type: "Localhost")) },
        BrokenRule(
            "a toleration without key and operator",
            "spec.tolerations[0].operator: Invalid value: \"\": operator must be Exists when `key` is empty, which means "
                + "\"match all values and all keys\""
        ) { $0.spec.tolerations = [Toleration(effect: "NoSchedule")] },
        BrokenRule(
            "a toleration with time and without eviction",
            "spec.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` "
                + "is set"
        ) {
            $0.spec.tolerations = [
                Toleration(key: "a", operator: "Exists", effect: "NoSchedule", tolerationSeconds: 3)
            ]
        },
        BrokenRule(
            "an affinity of weight 0",
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be "
                + "in the range 1-100"
        ) {
            $0.spec.affinity = Affinity(
                nodeAffinity: NodeAffinity(preferredDuringSchedulingIgnoredDuringExecution: [
                    PreferredSchedulingTerm()
                ])
            )
        },
        BrokenRule(
            "a selector of an unknown operator",
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]"
                + ".matchExpressions[0].operator: Invalid value: \"Like\": not a valid selector operator"
        ) {
            $0.spec.affinity = Affinity(
                nodeAffinity: NodeAffinity(
                    requiredDuringSchedulingIgnoredDuringExecution: NodeSelector(nodeSelectorTerms: [
                        NodeSelectorTerm(matchExpressions: [NodeSelectorRequirement(key: "a", operator: "Like")])
                    ])
                )
            )
        },
        BrokenRule(
            "user namespaces on the host's network",
            "spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false"
        ) {
            $0.spec.hostUsers = false
            $0.spec.hostNetwork = true
        },
        BrokenRule(
            "a gate and a node",
            "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"
        ) {
            $0.spec.nodeName = "n1"
            $0.spec.schedulingGates = [PodSchedulingGate(name: "g")]
        },
        BrokenRule(
            "an unknown preemption policy",
            "spec.preemptionPolicy: Unsupported value: \"x\": supported values: \"PreemptLowerPriority\", \"Never\""
        ) { $0.spec.preemptionPolicy = "x" },
    ]
}
