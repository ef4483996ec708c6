/// Everything that can happen to a pod. The stream is resource ("", "v1", "pods") and the pod's namespace and name.
package enum PodFact: Hashable, Sendable {
    case created(PodCreated)
    case replaced(PodReplaced)
    case patched(PodPatched)
    case deletionRequested(PodDeletionRequested)
    case stepPlanned(ReconcileStepPlanned)
    case imagePullStarted(ImagePullStarted)
    case imagePulled(ImagePulled)
    case imagePullFailed(ImagePullFailed)
    case imagePullBackedOff(ImagePullBackedOff)
    case sandboxCreated(SandboxCreated)
    case sandboxFailed(SandboxFailed)
    case sandboxLost(SandboxLost)
    case sandboxRemoved(SandboxRemoved)
    case containerCreated(ContainerCreated)
    case containerStarted(ContainerStarted)
    case containerStartFailed(ContainerStartFailed)
    case containerExited(ContainerExited)
    case containerKillRequested(ContainerKillRequested)
    case containerBackedOff(ContainerBackedOff)
    case containerRemoved(ContainerRemoved)
    case probeChanged(ProbeChanged)
    case execStarted(ExecStarted)
    case execFinished(ExecFinished)
    case attached(ContainerAttached)
    case deadlineExceeded(PodDeadlineExceeded)
    case warned(PodWarned)
    case removed(PodRemoved)

    /// The value that is written into the log.
    package var payload: any FactPayload {
        switch self {
        case .created(let payload): payload
        case .replaced(let payload): payload
        case .patched(let payload): payload
        case .deletionRequested(let payload): payload
        case .stepPlanned(let payload): payload
        case .imagePullStarted(let payload): payload
        case .imagePulled(let payload): payload
        case .imagePullFailed(let payload): payload
        case .imagePullBackedOff(let payload): payload
        case .sandboxCreated(let payload): payload
        case .sandboxFailed(let payload): payload
        case .sandboxLost(let payload): payload
        case .sandboxRemoved(let payload): payload
        case .containerCreated(let payload): payload
        case .containerStarted(let payload): payload
        case .containerStartFailed(let payload): payload
        case .containerExited(let payload): payload
        case .containerKillRequested(let payload): payload
        case .containerBackedOff(let payload): payload
        case .containerRemoved(let payload): payload
        case .probeChanged(let payload): payload
        case .execStarted(let payload): payload
        case .execFinished(let payload): payload
        case .attached(let payload): payload
        case .deadlineExceeded(let payload): payload
        case .warned(let payload): payload
        case .removed(let payload): payload
        }
    }

    /// The name in the log.
    package var typeName: String { type(of: payload).typeName }

    /// The container that the fact is about, if it is about one.
    package var container: ContainerRef? {
        switch self {
        case .stepPlanned(let payload): payload.container
        case .imagePullStarted(let payload): payload.container
        case .imagePulled(let payload): payload.container
        case .imagePullFailed(let payload): payload.container
        case .imagePullBackedOff(let payload): payload.container
        case .containerCreated(let payload): payload.container
        case .containerStarted(let payload): payload.container
        case .containerStartFailed(let payload): payload.container
        case .containerExited(let payload): payload.container
        case .containerKillRequested(let payload): payload.container
        case .containerBackedOff(let payload): payload.container
        case .containerRemoved(let payload): payload.container
        case .probeChanged(let payload): payload.container
        case .execStarted(let payload): payload.container
        case .execFinished(let payload): payload.container
        case .attached(let payload): payload.container
        case .warned(let payload): payload.container
        case .created, .replaced, .patched, .deletionRequested, .sandboxCreated, .sandboxFailed, .sandboxLost,
            .sandboxRemoved, .deadlineExceeded, .removed:
            nil
        }
    }
}
