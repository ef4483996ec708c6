import KubernetesAPI

/// A probe on one line, as `describe` shows it.
enum ProbeText {
    static func text(_ probe: Probe) -> String {
        let times =
            "delay=\(probe.initialDelaySeconds)s timeout=\(probe.timeoutSeconds)s period=\(probe.periodSeconds)s "
            + "#success=\(probe.successThreshold) #failure=\(probe.failureThreshold)"
        return "\(handler(probe)) \(times)"
    }

    private static func handler(_ probe: Probe) -> String {
        if let exec = probe.exec { return "exec [\(exec.command.joined(separator: " "))]" }
        if let get = probe.httpGet {
            let path = get.path.hasPrefix("/") ? get.path : "/" + get.path
            return "http-get \(get.scheme.lowercased())://\(get.host):\(get.port)\(path)"
        }
        if let socket = probe.tcpSocket { return "tcp-socket \(socket.host):\(socket.port)" }
        if let grpc = probe.grpc { return "grpc <pod>:\(grpc.port) \(grpc.service ?? "")" }
        return "unknown"
    }
}

/// A variable of the environment, by its value or by where it comes from.
enum EnvironmentText {
    static func text(_ variable: EnvVar) -> String {
        guard let source = variable.valueFrom else { return variable.value }
        if let field = source.fieldRef { return "(\(field.apiVersion):\(field.fieldPath))" }
        if let resource = source.resourceFieldRef { return "(\(resource.resource))" }
        if let key = source.secretKeyRef { return "<set to the key '\(key.key)' in secret '\(key.name)'>" }
        if let key = source.configMapKeyRef { return "<set to the key '\(key.key)' of config map '\(key.name)'>" }
        return "<set from elsewhere>"
    }
}

/// What a volume is.
enum VolumeText {
    static func fields(_ volume: Volume) -> [(label: String, value: [String])] {
        if let source = volume.hostPath {
            return [
                ("Type", ["HostPath (bare host directory volume)"]),
                ("Path", [source.path]),
                ("HostPathType", [source.type ?? ""]),
            ]
        }
        if let source = volume.emptyDir {
            return [
                ("Type", ["EmptyDir (a temporary directory that shares a pod's lifetime)"]),
                ("Medium", [source.medium]),
                ("SizeLimit", [source.sizeLimit?.description ?? "<unset>"]),
            ]
        }
        if let source = volume.configMap {
            return [
                ("Type", ["ConfigMap (a volume populated by a ConfigMap)"]),
                ("Name", [source.name]),
                ("Optional", ["\(source.optional ?? false)"]),
            ]
        }
        if let source = volume.secret {
            return [
                ("Type", ["Secret (a volume populated by a Secret)"]),
                ("SecretName", [source.secretName]),
                ("Optional", ["\(source.optional ?? false)"]),
            ]
        }
        if volume.downwardAPI != nil {
            return [("Type", ["DownwardAPI (a volume populated by information about the pod)"])]
        }
        if volume.projected != nil {
            return [("Type", ["Projected (a volume that contains injected data from multiple sources)"])]
        }
        if let source = volume.image {
            return [("Type", ["Image (a container image)"]), ("Reference", [source.reference])]
        }
        if let source = volume.persistentVolumeClaim {
            return [("Type", ["PersistentVolumeClaim"]), ("ClaimName", [source.claimName])]
        }
        return [("Type", ["<unknown>"])]
    }
}
