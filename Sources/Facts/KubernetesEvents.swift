package import KubernetesAPI

/// The core/v1 Events that a kubelet would emit, as a view of the log: nothing is aggregated, nothing is dropped.
package enum KubernetesEvents {
    /// The Event that a pod's fact amounts to; nil when there is none for it. `seq` is the fact's position in the log,
    /// `time` when it was appended.
    package static func project(_ fact: PodFact, pod: Pod, seq: Int64, time: Microseconds) -> Event? {
        guard let line = line(for: fact, pod: pod) else { return nil }
        let at = Time(microsecondsSince1970: time)
        let meta = pod.metadata
        let seqText = String(seq, radix: 16)
        return Event(
            kind: "Event",
            apiVersion: "v1",
            metadata: ObjectMeta(
                name: "\(meta.name).\(String(repeating: "0", count: max(0, 16 - seqText.utf8.count)))\(seqText)",
                namespace: meta.namespace,
                uid: eventUID(seq: seq, podUID: meta.uid),
                resourceVersion: String(seq),
                creationTimestamp: at
            ),
            involvedObject: ObjectReference(
                kind: "Pod",
                namespace: meta.namespace,
                name: meta.name,
                uid: meta.uid,
                apiVersion: "v1",
                resourceVersion: meta.resourceVersion,
                fieldPath: fieldPath(of: fact)
            ),
            reason: line.reason,
            message: line.message,
            source: EventSource(component: line.component, host: pod.spec.nodeName),
            firstTimestamp: at,
            lastTimestamp: at,
            count: 1,
            type: line.isWarning ? "Warning" : "Normal",
            reportingComponent: line.component,
            reportingInstance: pod.spec.nodeName
        )
    }

    /// Volumes are the pod's: a mount that fails is not the container's.
    private static func fieldPath(of fact: PodFact) -> String {
        if case .containerStartFailed(let failure) = fact, failure.reason == ContainerStartFailed.failedMount {
            return ""
        }
        return fact.container?.fieldPath ?? ""
    }

    private struct Line {
        var reason: String
        var message: String
        var isWarning = false
        var component = "swiftlet"
    }

    private static func line(for fact: PodFact, pod: Pod) -> Line? {
        switch fact {
        // A gated pod is assigned later.
        case .created(let fact) where fact.nodeName.isEmpty: nil
        case .created(let fact):
            Line(reason: "Scheduled", message: scheduled(pod.metadata, to: fact.nodeName))
        case .deadlineExceeded:
            Line(
                reason: "DeadlineExceeded",
                message: "Pod was active on the node longer than the specified deadline"
            )
        case .warned(let fact):
            Line(reason: fact.reason, message: fact.message, isWarning: fact.isNormal != true)
        case .sandboxFailed(let fact):
            Line(
                reason: "FailedCreatePodSandBox",
                message: "Failed to create pod sandbox: \(fact.message)",
                isWarning: true
            )
        case .sandboxLost:
            Line(reason: "SandboxChanged", message: "Pod sandbox changed, it will be killed and re-created.")
        case .imagePullStarted, .imagePulled, .imagePullFailed, .imagePullBackedOff:
            imageLine(for: fact)
        case .containerCreated, .containerStarted, .containerStartFailed, .containerExited, .containerKillRequested,
            .containerBackedOff, .probeChanged:
            containerLine(for: fact, pod: pod)
        case .sandboxCreated(let fact):
            fact.note.map { Line(reason: "NetworkNotReady", message: "network is not ready: \($0)", isWarning: true) }
        case .replaced, .patched, .deletionRequested, .stepPlanned, .sandboxRemoved, .containerRemoved, .removed,
            .execStarted, .execFinished, .attached:
            nil
        }
    }

    /// The message of the Event `Scheduled`.
    package static func scheduled(_ pod: ObjectMeta, to nodeName: String) -> String {
        "Successfully assigned \(pod.namespace)/\(pod.name) to \(nodeName)"
    }

    private static func imageLine(for fact: PodFact) -> Line? {
        switch fact {
        case .imagePullStarted(let fact):
            return Line(reason: "Pulling", message: "Pulling image \"\(fact.image)\"")
        case .imagePulled(let fact) where fact.alreadyPresent:
            return Line(
                reason: "Pulled",
                message: "Container image \"\(fact.image)\" already present on machine"
            )
        case .imagePulled(let fact):
            let span = Spans.short(fact.durationMicroseconds)
            return Line(
                reason: "Pulled",
                message: "Successfully pulled image \"\(fact.image)\" in \(span) (\(span) including waiting). "
                    + "Image size: \(fact.sizeBytes) bytes."
            )
        case .imagePullFailed(let fact):
            return imageFailure(fact)
        case .imagePullBackedOff(let fact):
            return Line(reason: "BackOff", message: "Back-off pulling image \"\(fact.image)\"")
        default:
            return nil
        }
    }

    private static func imageFailure(_ fact: ImagePullFailed) -> Line {
        switch fact.reason {
        case "ErrImageNeverPull":
            Line(
                reason: "ErrImageNeverPull",
                message: "Container image \"\(fact.image)\" is not present with pull policy of Never",
                isWarning: true
            )
        case "InvalidImageName", "ImageInspectError":
            Line(
                reason: "InspectFailed",
                message: fact.message,
                isWarning: true
            )
        default:
            Line(
                reason: "Failed",
                message: "Failed to pull image \"\(fact.image)\": \(fact.message)",
                isWarning: true
            )
        }
    }

    private static func containerLine(for fact: PodFact, pod: Pod) -> Line? {
        switch fact {
        case .containerCreated(let fact):
            return Line(reason: "Created", message: "Created container: \(fact.container)")
        case .containerStarted(let fact):
            return Line(reason: "Started", message: "Started container \(fact.container)")
        case .containerStartFailed(let fact) where fact.reason == ContainerStartFailed.failedMount:
            return Line(reason: fact.reason, message: fact.message, isWarning: true)
        case .containerStartFailed(let fact):
            return Line(reason: "Failed", message: "Error: \(fact.message)", isWarning: true)
        case .containerExited(let fact):
            return exitLine(fact)
        case .containerKillRequested(let fact):
            // SIGKILL follows a request that was told already.
            return fact.signal == 9 ? nil : Line(reason: "Killing", message: fact.message)
        case .containerBackedOff(let fact):
            return Line(
                reason: "BackOff",
                message: "Back-off restarting failed container \(fact.container) in pod "
                    + "\(pod.metadata.name)_\(pod.metadata.namespace)(\(pod.metadata.uid))",
                isWarning: true
            )
        case .probeChanged(let fact) where !fact.healthy:
            let kind = fact.probe.rawValue
            let name = kind.prefix(1).uppercased() + kind.dropFirst()
            return Line(reason: "Unhealthy", message: "\(name) probe failed: \(fact.message)", isWarning: true)
        default:
            return nil
        }
    }

    /// Kubernetes has no Event for the end of a container. Ours is one more than a kubelet emits.
    private static func exitLine(_ fact: ContainerExited) -> Line {
        var message = "Container \(fact.container) exited with code \(fact.exitCode)"
        if let signal = fact.signal { message += " (signal \(signal))" }
        if fact.oomKilled { message += ", out of memory" }
        if let reason = fact.reason { message += ": \(reason)" }
        return Line(reason: "Exited", message: message, isWarning: fact.exitCode != 0)
    }

    /// In the form of a UUID, derived from the pod's and the position, so that it is the same in every answer.
    private static func eventUID(seq: Int64, podUID: String) -> String {
        let hex = Array(DerivedID.event(podUID: podUID, seq: seq))
        let groups = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(hex[$0]) }
        return groups.joined(separator: "-")
    }
}
