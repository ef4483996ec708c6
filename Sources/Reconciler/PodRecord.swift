package import Facts
package import KubernetesAPI

/// All that is known about a pod: the object as the API serves it, and what the agent needs to decide the next step.
/// Both are folds of the pod's facts.
package struct PodRecord: Hashable, Sendable, Codable {
    package var pod: Pod
    package var runtime: PodRuntime

    package init(pod: Pod, runtime: PodRuntime = PodRuntime()) {
        self.pod = pod
        self.runtime = runtime
    }

    /// True once the pod will never run again.
    package var isOver: Bool { pod.status.phase == "Succeeded" || pod.status.phase == "Failed" }
}

/// The part of a pod's record that its status does not show, or shows only in words.
package struct PodRuntime: Hashable, Sendable, Codable {
    package var sandbox: SandboxRuntime
    /// By name. A container that nothing has happened to yet is absent.
    package var containers: [String: ContainerRuntime]
    /// The attempt of the sandbox in which a main container was started last.
    package var initializedSandbox: Int?
    /// The reasons of the warnings that were given.
    package var warnings: [String]
    /// When the grace period of the deletion ends; nil while nobody asked for the deletion.
    package var deletionDeadline: Microseconds?
    /// When `spec.activeDeadlineSeconds` was found to have passed.
    package var deadlineExceededAt: Microseconds?
    /// The latest instant that any fact told of. It never goes back, so neither do the times in the status.
    package var latest: Microseconds

    package init() {
        sandbox = SandboxRuntime()
        containers = [:]
        warnings = []
        latest = 0
    }
}

/// The pod's sandbox.
package struct SandboxRuntime: Hashable, Sendable, Codable {
    package enum State: String, Hashable, Sendable, Codable {
        /// There has been none, or it was removed.
        case absent
        /// It runs.
        case ready
        /// The last one could not be made.
        case failed
        /// The last one went away by itself.
        case lost
    }

    package var state = State.absent
    /// Of the last sandbox; nil if there has been none.
    package var id: String?
    package var attempt: Int?
    /// True while something of it may still be on the machine.
    package var leftover = false
    package var podIPs: [String] = []
    package var createdAt: Microseconds = 0
    /// When it failed or was lost.
    package var endedAt: Microseconds = 0
    /// Why it failed or was lost.
    package var message = ""
    /// The latest sandboxes that failed (without a start) or were lost, oldest first, for the delay before the next one.
    package var runs: [ContainerRuntime.Run] = []

    package init() {}

    mutating func end(startedAt: Microseconds?, at instant: Microseconds, message: String) {
        endedAt = instant
        self.message = message
        runs.append(ContainerRuntime.Run(startedAt: startedAt, finishedAt: instant))
        if runs.count > ContainerRuntime.maximumRuns { runs.removeFirst() }
    }
}

/// One container of a pod.
package struct ContainerRuntime: Hashable, Sendable, Codable {
    package enum State: String, Hashable, Sendable, Codable {
        /// Not started yet.
        case waiting
        /// It exists in the runtime and has not been started.
        case created
        case running
        case exited
    }

    /// How one attempt ended.
    package struct Termination: Hashable, Sendable, Codable {
        package var exitCode: Int32
        package var signal: Int32?
        package var reason: String
        package var message: String?
        package var startedAt: Microseconds?
        package var finishedAt: Microseconds
        package var containerID: String
        /// True when no process ever ran: the start itself failed.
        package var startFailed: Bool
    }

    /// A run that ended, for the back-off.
    package struct Run: Hashable, Sendable, Codable {
        package var startedAt: Microseconds?
        package var finishedAt: Microseconds
    }

    /// Where the image for the next start stands.
    package struct Pull: Hashable, Sendable, Codable {
        package enum State: String, Hashable, Sendable, Codable {
            case none, pulling, pulled, failed
        }

        package var state = State.none
        package var image = ""
        package var imageRef = ""
        package var reason = ""
        package var message = ""
        /// Failures since the last success.
        package var failures = 0
        package var failedAt: Microseconds = 0
        /// Set when the wait was recorded.
        package var backedOffUntil: Microseconds?

        /// True until a pull succeeds, also while the next one is on its way: what held the container up is still so.
        var hasFailed: Bool { state == .failed || (state == .pulling && failures > 0) }
    }

    package struct BackOff: Hashable, Sendable, Codable {
        package var attempt: Int
        package var delaySeconds: Int64
        package var until: Microseconds
    }

    /// Why the next attempt could not be created.
    package struct CreateError: Hashable, Sendable, Codable {
        package var reason: String
        package var message: String
        package var failedAt: Microseconds
        /// In a row, for the same reason.
        package var failures: Int
    }

    package struct Kill: Hashable, Sendable, Codable {
        package var signal: Int32
        package var reason: String
        package var requestedAt: Microseconds
        package var deadline: Microseconds
    }

    package var kind: ContainerKind
    package var state = State.waiting
    /// The latest attempt that the runtime was told of; nil if there has been none. It is the restart count.
    package var attempt: Int?
    package var containerID = ""
    /// True while something of the latest attempt may still be in the runtime.
    package var leftover = false
    /// The attempt whose start was planned and whose outcome is not known: a process may run.
    package var starting: Int?
    /// In which sandbox the latest attempt was.
    package var sandboxAttempt: Int?
    /// What the status shows.
    package var image = ""
    package var imageID = ""
    /// What the pod's spec said when the image was pulled: another text there now means another container.
    package var specImage = ""
    package var stopSignal: String?
    package var pid: Int32?
    package var startedAt: Microseconds?
    /// How the latest attempt that ended did so.
    package var termination: Termination?
    /// How the one before it ended.
    package var previous: Termination?
    /// The latest runs that ended, oldest first, at most `maximumRuns`.
    package var runs: [Run] = []
    package var pull = Pull()
    package var backOff: BackOff?
    package var createError: CreateError?
    package var kill: Kill?
    /// True when the next start does not depend on the restart policy, because the definition was changed.
    package var restartForced = false
    package var startupHealthy: Bool?
    package var readinessHealthy: Bool?
    package var livenessHealthy: Bool?

    /// Enough for the back-off to reach its cap from any sensible base.
    static let maximumRuns = 16

    package init(kind: ContainerKind) {
        self.kind = kind
    }

    /// Something runs, or exists and could run, or is about to.
    package var isLive: Bool { state == .running || state == .created || starting != nil }

    /// The attempt that a start would be: a created container is started under the attempt it has.
    package var plannedAttempt: Int {
        guard let attempt else { return 0 }
        return state == .created ? attempt : attempt + 1
    }
}

/// What the reconciler has to know about the node.
package struct NodeContext: Hashable, Sendable {
    package var name: String
    /// The node's own addresses, the preferred one first.
    package var hostIPs: [String]

    package init(name: String, hostIPs: [String]) {
        self.name = name
        self.hostIPs = hostIPs
    }
}
