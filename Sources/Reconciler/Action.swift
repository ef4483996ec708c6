package import Facts

/// One step towards what a pod's spec asks for. Steps are values: they can be compared, printed and tested.
///
/// Performing a step twice is harmless, because ids are derived: what is there already counts as done.
package enum Action: Hashable, Sendable, CustomStringConvertible {
    /// Append this fact; there is nothing else to do.
    case record(PodFact)
    /// Get the image and unpack it. It brings `imagePullStarted` (when something is fetched), then `imagePulled` or
    /// `imagePullFailed`, and may run in the background. `policy` is `Always`, `IfNotPresent` or `Never`.
    case pullImage(ContainerRef, image: String, policy: String)
    /// It brings `sandboxCreated` or `sandboxFailed`.
    case createSandbox(sandboxID: String, attempt: Int)
    /// Create and start. It brings `containerCreated`, then `containerStarted` or `containerStartFailed`.
    case startContainer(ContainerRef, containerID: String, attempt: Int)
    /// Send the signal, then append the request itself as a fact. A container that is no longer there counts as done.
    case signalContainer(ContainerKillRequested)
    /// Remove the container from the runtime; kill it if it runs. It brings `containerRemoved`. Log files stay.
    case removeContainer(ContainerRef, containerID: String, attempt: Int)
    /// Kill and remove everything of the sandbox, its containers included. It brings `sandboxRemoved`.
    case removeSandbox(sandboxID: String)
    /// Remove what is outside of the sandbox (volumes, logs, the pod's cgroup). It brings `removed`, the last fact.
    case removePod

    /// Derived from what the step is about, and stable: an action whose id is in flight must not be begun again.
    package var id: String {
        switch self {
        case .record(let fact):
            "record/\(fact.typeName)" + (fact.container.map { "/\($0.name)" } ?? "")
        case .pullImage(let container, let image, _): "pull/\(container.name)/\(image)"
        case .createSandbox(let sandboxID, _): "create-sandbox/\(sandboxID)"
        case .startContainer(_, let containerID, _): "start/\(containerID)"
        case .signalContainer(let kill): "signal/\(kill.containerID)/\(kill.signal)"
        case .removeContainer(_, let containerID, _): "remove/\(containerID)"
        case .removeSandbox(let sandboxID): "remove-sandbox/\(sandboxID)"
        case .removePod: "remove-pod"
        }
    }

    package var description: String {
        switch self {
        case .record(let fact): "record \(fact.typeName)" + (fact.container.map { " \($0)" } ?? "")
        case .pullImage(let container, let image, let policy): "pull \(image) for \(container) (\(policy))"
        case .createSandbox(let sandboxID, let attempt): "create sandbox #\(attempt) \(sandboxID.prefix(12))"
        case .startContainer(let container, let containerID, let attempt):
            "start \(container) #\(attempt) \(containerID.prefix(12))"
        case .signalContainer(let kill): "signal \(kill.signal) to \(kill.container) #\(kill.attempt) (\(kill.reason))"
        case .removeContainer(let container, let containerID, let attempt):
            "remove \(container) #\(attempt) \(containerID.prefix(12))"
        case .removeSandbox(let sandboxID): "remove sandbox \(sandboxID.prefix(12))"
        case .removePod: "remove the pod"
        }
    }

    /// True for a step that takes nothing away and that a restarted agent finds by its derived id: it may be begun while
    /// the facts that it follows from are still on their way to the disk.
    package var onlyAdds: Bool {
        switch self {
        case .pullImage, .startContainer: true
        case .record, .createSandbox, .signalContainer, .removeContainer, .removeSandbox, .removePod: false
        }
    }

    /// The name of the step that the fold itself takes note of.
    static let startStep = "StartContainer"

    /// The intent that is to be appended before the step is begun; nil for a step that only writes. Its append need not
    /// be waited for.
    package var plannedFact: PodFact? {
        switch self {
        case .record: nil
        case .pullImage(let container, _, _):
            .stepPlanned(ReconcileStepPlanned(action: "PullImage", container: container))
        case .createSandbox(_, let attempt):
            .stepPlanned(ReconcileStepPlanned(action: "CreateSandbox", attempt: attempt))
        case .startContainer(let container, _, let attempt):
            .stepPlanned(ReconcileStepPlanned(action: Self.startStep, container: container, attempt: attempt))
        case .signalContainer(let kill):
            .stepPlanned(
                ReconcileStepPlanned(action: "SignalContainer", container: kill.container, attempt: kill.attempt)
            )
        case .removeContainer(let container, _, let attempt):
            .stepPlanned(ReconcileStepPlanned(action: "RemoveContainer", container: container, attempt: attempt))
        case .removeSandbox: .stepPlanned(ReconcileStepPlanned(action: "RemoveSandbox"))
        case .removePod: .stepPlanned(ReconcileStepPlanned(action: "RemovePod"))
        }
    }
}

/// What to do now, and when to look again if nothing happens before.
package struct Decision: Hashable, Sendable {
    /// In the order in which they should be begun. All but pulls are performed one at a time.
    package var actions: [Action]
    /// The next instant at which time alone makes something due; nil if there is none.
    package var wakeAt: Microseconds?

    package init(actions: [Action] = [], wakeAt: Microseconds? = nil) {
        self.actions = actions
        self.wakeAt = wakeAt
    }
}
