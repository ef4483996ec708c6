package import Facts
package import KubernetesAPI

extension Reconciler {
    /// What a new pod looks like: with its identity and its first status, and bound to this node unless scheduling gates
    /// hold it back.
    ///
    /// - Parameters:
    ///   - pod: The pod as the client sent it, after defaulting and validation.
    ///   - uid: A new UUID as text.
    ///   - now: The time of the request.
    package static func admit(_ pod: Pod, node: NodeContext, uid: String, now: Microseconds) -> Pod {
        var admitted = pod
        let time = Time(microsecondsSince1970: now)
        admitted.metadata.uid = uid
        admitted.metadata.creationTimestamp = time
        admitted.metadata.generation = 1
        admitted.metadata.resourceVersion = ""
        admitted.metadata.selfLink = ""
        admitted.metadata.deletionTimestamp = nil
        admitted.metadata.deletionGracePeriodSeconds = nil
        admitted.status = PodStatus(phase: "Pending", qosClass: QOSClass.of(pod.spec).rawValue)
        if admitted.spec.schedulingGates.isEmpty { admitted = bind(admitted, to: node, now: now) }
        var record = PodRecord(pod: admitted)
        record.advance(to: now)
        record.refreshStatus()
        return record.pod
    }

    /// The pod as it is when this node has taken it.
    package static func bind(_ pod: Pod, to node: NodeContext, now: Microseconds) -> Pod {
        var bound = pod
        bound.spec.nodeName = node.name
        bound.status.hostIP = node.hostIPs.first ?? ""
        bound.status.hostIPs = node.hostIPs.map { HostIP(ip: $0) }
        bound.status.startTime = Time(microsecondsSince1970: now)
        return bound
    }
}

extension PodRecord {
    /// Works the whole status out anew. What is set once (start time, addresses of the host, QoS class) stays.
    mutating func refreshStatus() {
        pod.status = PodView(self).status
    }
}

extension PodView {
    fileprivate var status: PodStatus {
        var status = pod.status
        let outcome = outcome
        status.observedGeneration = pod.metadata.generation
        guard isBound else {
            status.conditions = StatusConditions.merge(
                [StatusConditions.gated],
                into: pod.status.conditions,
                at: runtime.latest,
                generation: pod.metadata.generation
            )
            return status
        }
        let canRestart = !isStopping && !isTerminal && outcome == nil
        if !isRefused {
            status.initContainerStatuses = inits.map { containerStatus($0, canRestart: canRestart) }
            status.containerStatuses = mains.map { containerStatus($0, canRestart: canRestart) }
            status.ephemeralContainerStatuses = ephemerals.map { containerStatus($0, canRestart: canRestart) }
        }
        if !isTerminal {
            status.phase = phase(outcome: outcome)
            if runtime.deadlineExceededAt != nil, status.phase == "Failed" {
                status.reason = "DeadlineExceeded"
                status.message = "Pod was active on the node longer than the specified deadline"
            }
        }
        if !runtime.sandbox.podIPs.isEmpty {
            status.podIP = runtime.sandbox.podIPs[0]
            status.podIPs = runtime.sandbox.podIPs.map { PodIP(ip: $0) }
        }
        status.conditions = StatusConditions.merge(
            StatusConditions.all(of: self, phase: status.phase),
            into: pod.status.conditions,
            at: runtime.latest,
            generation: pod.metadata.generation
        )
        return status
    }

    /// The node did not take the pod (OutOfcpu, NodeAffinity): nothing is created, so its containers have no state, as with
    /// kubelet.
    private var isRefused: Bool {
        isTerminal && !pod.status.reason.isEmpty && runtime.containers.isEmpty && runtime.deadlineExceededAt == nil
    }

    /// The phase by Kubernetes' rules. A terminal one is reported only when nothing of the pod runs any more.
    private func phase(outcome: String?) -> String {
        if let outcome, !hasLiveContainer { return outcome }
        if isStopping, !hasLiveContainer, let final = finalPhase { return final }
        var waiting = inits.contains { !$0.isSidecar && isPendingInit($0) }
        if !hasInitialized { waiting = waiting || inits.contains { $0.isSidecar && !hasRun($0) } }
        waiting = waiting || mains.contains { !hasRun($0) }
        return waiting ? "Pending" : "Running"
    }

    /// Where a pod ends that was stopped: by its exit codes, whatever its restart policy. A pod that never started all
    /// of its containers stays as it is.
    private var finalPhase: String? {
        let mains = mains.map { container($0.ref) }
        guard !mains.isEmpty, mains.allSatisfy({ $0.termination != nil }) else { return nil }
        return mains.allSatisfy { $0.termination?.exitCode == 0 } ? "Succeeded" : "Failed"
    }

    private func isPendingInit(_ definition: ContainerDefinition) -> Bool {
        let container = container(definition.ref)
        return container.isLive || container.termination == nil
    }

    /// It runs or has run.
    private func hasRun(_ definition: ContainerDefinition) -> Bool {
        let container = container(definition.ref)
        return container.state == .running || container.termination != nil
    }

    private func containerStatus(_ definition: ContainerDefinition, canRestart: Bool) -> ContainerStatus {
        let container = container(definition.ref)
        let state = displayedState(definition, container, canRestart: canRestart)
        // The ended run is either the state itself, and then the one before is the last state, or it is the last state.
        let last = state.terminated == nil ? container.termination : container.previous
        return ContainerStatus(
            name: definition.ref.name,
            state: state,
            lastState: ContainerState(terminated: last.map { terminated($0) }),
            ready: isReady(definition),
            restartCount: Int32(clamping: container.attempt ?? 0),
            image: container.image.isEmpty ? definition.image : container.image,
            imageID: container.imageID,
            containerID: container.containerID.isEmpty ? "" : DerivedID.statusID(of: container.containerID),
            started: isStarted(definition)
        )
    }

    private func displayedState(
        _ definition: ContainerDefinition,
        _ container: ContainerRuntime,
        canRestart: Bool
    ) -> ContainerState {
        if container.state == .running {
            return ContainerState(
                running: ContainerStateRunning(startedAt: container.startedAt.map { Time(microsecondsSince1970: $0) })
            )
        }
        let restarts = canRestart && willRestart(definition)
        if let termination = container.termination, !restarts || !isWaitingAgain(container) {
            return ContainerState(terminated: terminated(termination))
        }
        return ContainerState(waiting: waiting(definition.ref.name, container))
    }

    /// A container that ended shows that end until something holds its next start up.
    private func isWaitingAgain(_ container: ContainerRuntime) -> Bool {
        container.state == .created || container.pull.hasFailed || container.createError != nil
            || container.backOff != nil || container.termination?.startFailed == true
    }

    private func waiting(_ name: String, _ container: ContainerRuntime) -> ContainerStateWaiting {
        if container.pull.hasFailed {
            let pull = container.pull
            return pull.state == .failed && pull.backedOffUntil == nil
                ? ContainerStateWaiting(reason: pull.reason, message: pull.message)
                : ContainerStateWaiting(reason: "ImagePullBackOff", message: pull.message)
        }
        if let error = container.createError, error.reason != ContainerStartFailed.failedMount {
            return ContainerStateWaiting(reason: error.reason, message: error.message)
        }
        if let backOff = container.backOff {
            let span = Spans.wholeSeconds(backOff.delaySeconds)
            let meta = pod.metadata
            return ContainerStateWaiting(
                reason: "CrashLoopBackOff",
                message: "back-off \(span) restarting failed container=\(name) "
                    + "pod=\(meta.name)_\(meta.namespace)(\(meta.uid))"
            )
        }
        if let termination = container.termination, termination.startFailed, container.state == .exited {
            return ContainerStateWaiting(reason: "RunContainerError", message: termination.message ?? "")
        }
        return ContainerStateWaiting(
            reason: pod.spec.initContainers.isEmpty ? "ContainerCreating" : "PodInitializing"
        )
    }

    /// Without the signal, which kubelet does not tell either (pkg/kubelet, convertToAPIContainerStatuses): clients read
    /// it from the exit code, 128 + signal.
    private func terminated(_ termination: ContainerRuntime.Termination) -> ContainerStateTerminated {
        ContainerStateTerminated(
            exitCode: termination.exitCode,
            reason: termination.reason,
            message: termination.message ?? "",
            startedAt: termination.startedAt.map { Time(microsecondsSince1970: $0) },
            finishedAt: Time(microsecondsSince1970: termination.finishedAt),
            containerID: termination.containerID.isEmpty ? "" : DerivedID.statusID(of: termination.containerID)
        )
    }
}
