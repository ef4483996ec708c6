import KubernetesAPI
import OCI

/// The variables of a container: the image's, then the pod's, which may refer to those before them with `$(NAME)`.
struct ContainerEnvironment {
    /// What a variable may ask of the pod and its node.
    struct Downward {
        var pod: Pod
        var hostIPs: [String]
        var cpuCapacityMilli: Int64
        var memoryCapacity: Int64
    }

    private(set) var values: [String: String] = [:]
    private(set) var order: [String] = []
    /// The pod's own variables only: what `$(NAME)` may refer to, as with kubelet.
    private(set) var declared: [String: String] = [:]

    init(
        image: ImageConfig,
        container: Container,
        hostname: String,
        configuration: PodConfiguration,
        downward: Downward
    ) throws(ContainerConfigError) {
        set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        set("HOSTNAME", hostname)
        if container.tty { set("TERM", "xterm") }
        for entry in image.config?.env ?? [] {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first, !name.isEmpty else { continue }
            set(String(name), parts.count == 2 ? String(parts[1]) : "")
        }
        for source in container.envFrom { try add(source, configuration) }
        for variable in container.env {
            guard let source = variable.valueFrom else {
                declare(variable.name, Expansion.expand(variable.value, variables: declared))
                continue
            }
            if let value = try Self.value(of: source, container: container, configuration, downward) {
                declare(variable.name, value)
            }
        }
    }

    /// All values of a ConfigMap or Secret under their keys. Others cannot refer to them, as with kubelet.
    private mutating func add(
        _ source: EnvFromSource,
        _ configuration: PodConfiguration
    ) throws(ContainerConfigError) {
        let values =
            if let map = source.configMapRef {
                try configuration.values(.configMap, map.name, optional: map.optional ?? false)
            } else {
                try configuration.values(
                    .secret,
                    source.secretRef?.name ?? "",
                    optional: source.secretRef?.optional ?? false
                )
            }
        for (key, value) in (values ?? [:]).sorted(by: { $0.key < $1.key }) {
            set(source.prefix + key, String(decoding: value, as: UTF8.self))
        }
    }

    private mutating func set(_ name: String, _ value: String) {
        if values.updateValue(value, forKey: name) == nil { order.append(name) }
    }

    private mutating func declare(_ name: String, _ value: String) {
        declared[name] = value
        set(name, value)
    }

    private static func value(
        of source: EnvVarSource,
        container: Container,
        _ configuration: PodConfiguration,
        _ downward: Downward
    ) throws(ContainerConfigError) -> String? {
        if let field = source.fieldRef { return try DownwardField.value(field.fieldPath, downward) }
        if let resource = source.resourceFieldRef {
            return try DownwardResource.value(resource, container: container, downward)
        }
        if let key = source.configMapKeyRef {
            return try configuration.value(.configMap, key.name, key.key, optional: key.optional ?? false)
        }
        if let key = source.secretKeyRef {
            return try configuration.value(.secret, key.name, key.key, optional: key.optional ?? false)
        }
        throw ContainerConfigError("a variable of container \(container.name) has a source this node does not know")
    }
}

/// `fieldRef` paths of the downward API.
enum DownwardField {
    static func value(_ path: String, _ downward: ContainerEnvironment.Downward) throws(ContainerConfigError) -> String
    {
        let pod = downward.pod
        switch path {
        case "metadata.name": return pod.metadata.name
        case "metadata.namespace": return pod.metadata.namespace
        case "metadata.uid": return pod.metadata.uid
        case "spec.nodeName": return pod.spec.nodeName
        case "spec.serviceAccountName": return pod.spec.serviceAccountName
        case "status.hostIP": return downward.hostIPs.first ?? ""
        case "status.hostIPs": return downward.hostIPs.joined(separator: ",")
        case "status.podIP": return pod.status.podIP
        case "status.podIPs": return pod.status.podIPs.map(\.ip).joined(separator: ",")
        // All of them only as a file: validation refuses these two for variables.
        case "metadata.labels": return lines(pod.metadata.labels)
        case "metadata.annotations": return lines(pod.metadata.annotations)
        default: break
        }
        for (prefix, map) in [
            ("metadata.labels", pod.metadata.labels), ("metadata.annotations", pod.metadata.annotations),
        ] where path.hasPrefix(prefix + "['") && path.hasSuffix("']") {
            return map[String(path.dropFirst(prefix.count + 2).dropLast(2))] ?? ""
        }
        throw ContainerConfigError("unsupported fieldPath: \(path)")
    }

    /// One `name="value"` a line, sorted, as kubelet writes it (k8s.io/kubernetes/pkg/fieldpath, FormatMap).
    private static func lines(_ map: [String: String]) -> String {
        map.sorted { $0.key < $1.key }.map { "\($0.key)=\(FieldError.quoted($0.value))" }.joined(separator: "\n")
    }
}

/// `resourceFieldRef`: a container's own limit or request in units of the divisor, rounded up.
enum DownwardResource {
    static func value(
        _ reference: ResourceFieldSelector,
        container: Container,
        _ downward: ContainerEnvironment.Downward
    ) throws(ContainerConfigError) -> String {
        let target: Container
        if reference.containerName.isEmpty || reference.containerName == container.name {
            target = container
        } else if let other = (downward.pod.spec.containers + downward.pod.spec.initContainers)
            .first(where: { $0.name == reference.containerName })
        {
            target = other
        } else {
            throw ContainerConfigError("container \(reference.containerName) not found")
        }
        let parts = reference.resource.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, ["limits", "requests"].contains(parts[0]) else {
            throw ContainerConfigError("unsupported container resource : \(reference.resource)")
        }
        let list = parts[0] == "limits" ? target.resources.limits : target.resources.requests
        let divisor = reference.divisor
        if parts[1] == "cpu" {
            let fallback = parts[0] == "limits" ? downward.cpuCapacityMilli : 0
            let amount = list["cpu"]?.milliValue ?? fallback
            return String(roundedUp(amount, by: divisor.isZero ? 1000 : divisor.milliValue))
        }
        let fallback = parts[0] == "limits" && parts[1] == "memory" ? downward.memoryCapacity : 0
        return String(roundedUp(list[parts[1]]?.value ?? fallback, by: divisor.isZero ? 1 : divisor.value))
    }

    private static func roundedUp(_ amount: Int64, by divisor: Int64) -> Int64 {
        guard divisor > 0 else { return amount }
        return amount / divisor + (amount % divisor > 0 ? 1 : 0)
    }
}
