import KubernetesAPI

/// What `describe pod` says about a pod; its events come after it.
struct PodDescription {
    private typealias Field = (label: String, value: [String])

    private let pod: Pod
    private var text = DescriptionText()

    init(_ pod: Pod) {
        self.pod = pod
        describeObject()
        describeContainers("Init Containers", pod.spec.initContainers, pod.status.initContainerStatuses)
        describeContainers("Containers", pod.spec.containers, pod.status.containerStatuses)
        describeConditions()
        describeVolumes()
        describeScheduling()
    }

    var lines: [String] { text.lines }

    private mutating func describeObject() {
        let node = pod.spec.nodeName.isEmpty ? "<none>" : pod.spec.nodeName + "/" + pod.status.hostIP
        var fields: [Field] = [
            ("Name", [pod.metadata.name]),
            ("Namespace", [pod.metadata.namespace]),
            ("Priority", ["\(pod.spec.priority ?? 0)"]),
        ]
        if !pod.spec.serviceAccountName.isEmpty { fields.append(("Service Account", [pod.spec.serviceAccountName])) }
        fields.append(("Node", [node]))
        if let start = pod.status.startTime { fields.append(("Start Time", [DescriptionText.time(start)])) }
        fields.append(("Labels", DescriptionText.pairs(pod.metadata.labels)))
        // What `apply` remembers is a copy of the manifest and tells nobody anything.
        let annotations = pod.metadata.annotations.filter { $0.key != Manifest.lastApplied }
        fields.append(("Annotations", DescriptionText.pairs(annotations, separator: ": ")))
        if let deleted = pod.metadata.deletionTimestamp {
            fields.append(("Status", ["Terminating (since \(DescriptionText.time(deleted)))"]))
            fields.append(("Termination Grace Period", ["\(pod.metadata.deletionGracePeriodSeconds ?? 0)s"]))
        } else {
            fields.append(("Status", [pod.status.phase]))
        }
        if !pod.status.reason.isEmpty { fields.append(("Reason", [pod.status.reason])) }
        if !pod.status.message.isEmpty { fields.append(("Message", [pod.status.message])) }
        fields.append(("IP", [pod.status.podIP]))
        text.fields(fields)
        if pod.status.podIPs.isEmpty {
            text.line("IPs:  <none>")
        } else {
            text.line("IPs:")
            text.fields(pod.status.podIPs.map { ("IP", [$0.ip]) }, indent: 2)
        }
    }

    private mutating func describeContainers(_ title: String, _ containers: [Container], _ statuses: [ContainerStatus])
    {
        guard !containers.isEmpty else { return }
        text.line(title + ":")
        for container in containers {
            text.line(container.name + ":", indent: 2)
            describe(container, statuses.first { $0.name == container.name })
        }
    }

    private mutating func describe(_ container: Container, _ status: ContainerStatus?) {
        var fields: [Field] = []
        if let status { fields.append(("Container ID", [status.containerID])) }
        fields.append(("Image", [container.image]))
        if let status { fields.append(("Image ID", [status.imageID])) }
        let ports = container.ports.map { "\($0.containerPort)/\($0.protocol)" }
        let hostPorts = container.ports.map { "\($0.hostPort)/\($0.protocol)" }
        fields.append((ports.count > 1 ? "Ports" : "Port", DescriptionText.orNone(ports.joined(separator: ", "))))
        fields.append(
            (ports.count > 1 ? "Host Ports" : "Host Port", DescriptionText.orNone(hostPorts.joined(separator: ", ")))
        )
        if let policy = container.restartPolicy { fields.append(("Restart Policy", [policy])) }
        text.fields(fields, indent: 4)
        describeList("Command", container.command)
        describeList("Args", container.args)
        if let status {
            describeState("State", status.state)
            if status.lastState != ContainerState() { describeState("Last State", status.lastState) }
            text.fields(
                [("Ready", [status.ready ? "True" : "False"]), ("Restart Count", ["\(status.restartCount)"])],
                indent: 4
            )
        }
        describeResources("Limits", container.resources.limits)
        describeResources("Requests", container.resources.requests)
        var probes: [Field] = []
        if let probe = container.livenessProbe { probes.append(("Liveness", [ProbeText.text(probe)])) }
        if let probe = container.readinessProbe { probes.append(("Readiness", [ProbeText.text(probe)])) }
        if let probe = container.startupProbe { probes.append(("Startup", [ProbeText.text(probe)])) }
        text.fields(probes, indent: 4)
        describeEnvironment(container)
        describeMounts(container)
    }

    private mutating func describeList(_ title: String, _ words: [String]) {
        guard !words.isEmpty else { return }
        text.line(title + ":", indent: 4)
        for word in words.flatMap({ $0.split(separator: "\n", omittingEmptySubsequences: false) }) {
            text.line(String(word), indent: 6)
        }
    }

    private mutating func describeState(_ title: String, _ state: ContainerState) {
        let name: String
        var fields: [Field] = []
        if let running = state.running {
            name = "Running"
            fields.append(("Started", [DescriptionText.time(running.startedAt)]))
        } else if let terminated = state.terminated {
            name = "Terminated"
            if !terminated.reason.isEmpty { fields.append(("Reason", [terminated.reason])) }
            if !terminated.message.isEmpty { fields.append(("Message", lines(of: terminated.message))) }
            fields.append(("Exit Code", ["\(terminated.exitCode)"]))
            if terminated.signal > 0 { fields.append(("Signal", ["\(terminated.signal)"])) }
            fields.append(("Started", [DescriptionText.time(terminated.startedAt)]))
            fields.append(("Finished", [DescriptionText.time(terminated.finishedAt)]))
        } else {
            name = "Waiting"
            if let waiting = state.waiting {
                if !waiting.reason.isEmpty { fields.append(("Reason", [waiting.reason])) }
                // kubectl leaves the message out; it is what people look for.
                if !waiting.message.isEmpty { fields.append(("Message", lines(of: waiting.message))) }
            }
        }
        text.fields([(title, [name])], indent: 4)
        text.fields(fields, indent: 6)
    }

    private func lines(of text: String) -> [String] {
        text.split(separator: "\n").map(String.init)
    }

    private mutating func describeResources(_ title: String, _ resources: ResourceList) {
        guard !resources.isEmpty else { return }
        text.line(title + ":", indent: 4)
        text.fields(resources.sorted { $0.key < $1.key }.map { ($0.key, [$0.value.description]) }, indent: 6)
    }

    private mutating func describeEnvironment(_ container: Container) {
        guard !container.env.isEmpty || !container.envFrom.isEmpty else {
            text.line("Environment:  <none>", indent: 4)
            return
        }
        text.line("Environment:", indent: 4)
        let sources = container.envFrom.map { source -> Field in
            let name = source.configMapRef?.name ?? source.secretRef?.name ?? ""
            return (name, [(source.configMapRef == nil ? "Secret" : "ConfigMap") + " (all keys)"])
        }
        text.fields(sources + container.env.map { ($0.name, [EnvironmentText.text($0)]) }, indent: 6)
    }

    private mutating func describeMounts(_ container: Container) {
        guard !container.volumeMounts.isEmpty else {
            text.line("Mounts:       <none>", indent: 4)
            return
        }
        text.line("Mounts:", indent: 4)
        for mount in container.volumeMounts.sorted(by: { $0.mountPath < $1.mountPath }) {
            var flags = mount.readOnly ? "ro" : "rw"
            if !mount.subPath.isEmpty { flags += ",path=\"\(mount.subPath)\"" }
            text.line("\(mount.mountPath) from \(mount.name) (\(flags))", indent: 6)
        }
    }

    private mutating func describeConditions() {
        guard !pod.status.conditions.isEmpty else { return }
        text.line("Conditions:")
        text.table([["Type", "Status"]] + pod.status.conditions.map { [$0.type, $0.status] }, indent: 2)
    }

    private mutating func describeVolumes() {
        guard !pod.spec.volumes.isEmpty else {
            text.line("Volumes:  <none>")
            return
        }
        text.line("Volumes:")
        for volume in pod.spec.volumes {
            text.line(volume.name + ":", indent: 2)
            text.fields(VolumeText.fields(volume), indent: 4)
        }
    }

    private mutating func describeScheduling() {
        let tolerations = pod.spec.tolerations.map { toleration in
            var line = toleration.key
            if !toleration.value.isEmpty { line += "=" + toleration.value }
            if !toleration.effect.isEmpty { line += ":" + toleration.effect }
            if toleration.operator == "Exists" { line += line.isEmpty ? "op=Exists" : " op=Exists" }
            if let seconds = toleration.tolerationSeconds { line += " for \(seconds)s" }
            return line
        }
        text.fields([
            ("QoS Class", [pod.status.qosClass]),
            ("Node-Selectors", DescriptionText.pairs(pod.spec.nodeSelector)),
            ("Tolerations", tolerations.isEmpty ? ["<none>"] : tolerations),
        ])
    }
}
