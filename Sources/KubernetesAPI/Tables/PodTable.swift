package import JSON

/// What a pod looks like in one line. Source: k8s.io/kubernetes, pkg/printers/internalversion.
package struct PodSummary: Hashable, Sendable {
    /// The STATUS column: the phase, or what keeps the pod from it.
    package var status: String
    package var readyContainers: Int
    package var totalContainers: Int
    package var restarts: Int
    /// When the last restarted container had ended.
    package var lastRestart: Time?

    package init(_ pod: Pod) {
        let sidecars = Set(pod.spec.initContainers.filter { $0.restartPolicy == RestartPolicy.always }.map(\.name))
        status = pod.status.reason.isEmpty ? pod.status.phase : pod.status.reason
        readyContainers = 0
        totalContainers = pod.spec.containers.count + sidecars.count
        restarts = 0
        lastRestart = nil
        let gated = pod.status.conditions.contains {
            $0.type == PodConditionType.podScheduled && $0.reason == "SchedulingGated"
        }
        if gated { status = "SchedulingGated" }

        let isInitializing = readInitContainers(pod, sidecars)
        let isInitialized = pod.status.conditions.contains {
            $0.type == PodConditionType.initialized && $0.status == ConditionStatus.isTrue
        }
        if !isInitializing || isInitialized {
            restarts = 0
            lastRestart = nil
            for container in pod.status.initContainerStatuses where sidecars.contains(container.name) {
                countRestarts(of: container)
            }
            readContainers(pod)
        }
        guard pod.metadata.deletionTimestamp != nil else { return }
        if pod.status.reason == "NodeLost" {
            status = "Unknown"
        } else if ![PodPhase.succeeded, PodPhase.failed].contains(pod.status.phase) {
            status = "Terminating"
        }
    }

    private mutating func countRestarts(of container: ContainerStatus) {
        restarts += Int(container.restartCount)
        guard let ended = container.lastState.terminated?.finishedAt else { return }
        lastRestart = max(lastRestart ?? ended, ended)
    }

    /// Whether an init container is not done yet; then the status says which and why.
    private mutating func readInitContainers(_ pod: Pod, _ sidecars: Set<String>) -> Bool {
        for (index, container) in pod.status.initContainerStatuses.enumerated() {
            countRestarts(of: container)
            if container.state.terminated?.exitCode == 0 { continue }
            if sidecars.contains(container.name), container.started == true {
                if container.ready { readyContainers += 1 }
                continue
            }
            if let terminated = container.state.terminated {
                status = "Init:\(PodSummary.reason(of: terminated))"
            } else if let waiting = container.state.waiting, !waiting.reason.isEmpty,
                waiting.reason != "PodInitializing"
            {
                status = "Init:\(waiting.reason)"
            } else {
                status = "Init:\(index)/\(pod.spec.initContainers.count)"
            }
            return true
        }
        return false
    }

    private mutating func readContainers(_ pod: Pod) {
        var somethingRuns = false
        for container in pod.status.containerStatuses.reversed() {
            countRestarts(of: container)
            if let waiting = container.state.waiting, !waiting.reason.isEmpty {
                status = waiting.reason
            } else if let terminated = container.state.terminated {
                status = PodSummary.reason(of: terminated)
            } else if container.ready, container.state.running != nil {
                somethingRuns = true
                readyContainers += 1
            }
        }
        guard status == "Completed", somethingRuns else { return }
        let isReady = pod.status.conditions.contains {
            $0.type == PodConditionType.ready && $0.status == ConditionStatus.isTrue
        }
        status = isReady ? "Running" : "NotReady"
    }

    private static func reason(of terminated: ContainerStateTerminated) -> String {
        if !terminated.reason.isEmpty { return terminated.reason }
        return terminated.signal != 0 ? "Signal:\(terminated.signal)" : "ExitCode:\(terminated.exitCode)"
    }

    /// The RESTARTS column: "3 (5m ago)".
    package func restartsText(now: Time) -> String {
        guard restarts > 0, let lastRestart else { return String(restarts) }
        return "\(restarts) (\(HumanDuration.since(lastRestart, now: now)) ago)"
    }
}

extension Pod: TableObject {
    package static var columns: [TableColumnDefinition] {
        [
            TableColumnDefinition("Name", format: "name", "The pod's name in its namespace."),
            TableColumnDefinition("Ready", "Containers that are ready, of all that should be."),
            TableColumnDefinition("Status", "What the pod does, or what keeps it from doing it."),
            TableColumnDefinition("Restarts", "How often containers were restarted, and how long ago the last time."),
            TableColumnDefinition("Age", "Time since the pod was created."),
            TableColumnDefinition("IP", priority: 1, "The pod's first address."),
            TableColumnDefinition("Node", priority: 1, "The node that the pod runs on."),
            TableColumnDefinition("Nominated Node", priority: 1, "The node that makes room for the pod."),
            TableColumnDefinition("Readiness Gates", priority: 1, "Readiness gates that are open, of all."),
        ]
    }

    package func cells(now: Time) -> [JSONValue] {
        let summary = PodSummary(self)
        return [
            .string(metadata.name), .string("\(summary.readyContainers)/\(summary.totalContainers)"),
            .string(summary.status), .string(summary.restartsText(now: now)),
            .string(HumanDuration.since(metadata.creationTimestamp, now: now)),
            .orNone(status.podIPs.first?.ip ?? status.podIP), .orNone(spec.nodeName),
            .orNone(status.nominatedNodeName), .orNone(gates),
        ]
    }

    private var gates: String {
        guard !spec.readinessGates.isEmpty else { return "" }
        let open = spec.readinessGates.count { gate in
            status.conditions.contains { $0.type == gate.conditionType && $0.status == ConditionStatus.isTrue }
        }
        return "\(open)/\(spec.readinessGates.count)"
    }

    package func rowConditions() -> [TableRowCondition]? {
        switch status.phase {
        case PodPhase.succeeded:
            [
                TableRowCondition(
                    type: "Completed",
                    status: "True",
                    reason: "Succeeded",
                    message: "The pod has completed successfully."
                )
            ]
        case PodPhase.failed:
            [TableRowCondition(type: "Completed", status: "True", reason: "Failed", message: "The pod failed.")]
        default: nil
        }
    }
}

extension JSONValue {
    /// A cell that says so when there is nothing to say.
    static func orNone(_ text: String, _ otherwise: String = "<none>") -> JSONValue {
        .string(text.isEmpty ? otherwise : text)
    }
}
