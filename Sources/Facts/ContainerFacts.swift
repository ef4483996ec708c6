/// The container exists in the runtime and has not been started.
package struct ContainerCreated: FactPayload {
    package static let typeName = "ContainerCreated"

    package var container: ContainerRef
    /// The derived id, 64 hexadecimal digits.
    package var containerID: String
    /// Which start of this container: 0 is the first, then it is the restart count.
    package var attempt: Int
    /// As the pod's spec wrote it when the container was made.
    package var image: String
    /// What the status shows as `imageID`.
    package var imageID: String
    /// The image's stop signal, for example `SIGQUIT`, when it has one.
    package var stopSignal: String?

    package init(
        container: ContainerRef,
        containerID: String,
        attempt: Int,
        image: String,
        imageID: String,
        stopSignal: String? = nil
    ) {
        self.container = container
        self.containerID = containerID
        self.attempt = attempt
        self.image = image
        self.imageID = imageID
        self.stopSignal = stopSignal
    }
}

/// The container's process runs.
package struct ContainerStarted: FactPayload {
    package static let typeName = "ContainerStarted"

    package var container: ContainerRef
    /// The derived id, 64 hexadecimal digits.
    package var containerID: String
    /// Which start of this container: 0 is the first, then it is the restart count.
    package var attempt: Int
    /// In the host's pid namespace.
    package var pid: Int32
    package var startedAt: Microseconds

    package init(container: ContainerRef, containerID: String, attempt: Int, pid: Int32, startedAt: Microseconds) {
        self.container = container
        self.containerID = containerID
        self.attempt = attempt
        self.pid = pid
        self.startedAt = startedAt
    }
}

/// The container could not be created or started.
package struct ContainerStartFailed: FactPayload {
    package static let typeName = "ContainerStartFailed"
    /// A volume of the container could not be set up. The status goes on saying `ContainerCreating`, as kubelet's does.
    package static let failedMount = "FailedMount"

    package var container: ContainerRef
    /// The derived id, 64 hexadecimal digits.
    package var containerID: String
    /// Which start of this container: 0 is the first, then it is the restart count.
    package var attempt: Int
    /// `CreateContainerConfigError`, `CreateContainerError` and `failedMount`: nothing was started, the same attempt is
    /// tried again.
    /// `RunContainerError` and `StartError`: the attempt is used up, as if the container had exited with code 128.
    /// When it is not known whether a process was started, it is `RunContainerError`.
    package var reason: String
    package var message: String
    package var failedAt: Microseconds

    package init(
        container: ContainerRef,
        containerID: String,
        attempt: Int,
        reason: String,
        message: String,
        failedAt: Microseconds
    ) {
        self.container = container
        self.containerID = containerID
        self.attempt = attempt
        self.reason = reason
        self.message = message
        self.failedAt = failedAt
    }
}

/// The container's process ended.
package struct ContainerExited: FactPayload {
    package static let typeName = "ContainerExited"

    package var container: ContainerRef
    /// The derived id, 64 hexadecimal digits.
    package var containerID: String
    /// Which start of this container: 0 is the first, then it is the restart count.
    package var attempt: Int
    /// What the process returned, or 128 + the signal that ended it.
    package var exitCode: Int32
    package var signal: Int32?
    /// True when the kernel killed a process of the container for lack of memory.
    package var oomKilled: Bool
    package var startedAt: Microseconds?
    package var finishedAt: Microseconds
    /// The termination message.
    package var message: String?
    /// Overrules the reason that follows from the exit code, for example `ContainerStatusUnknown`.
    package var reason: String?

    package init(
        container: ContainerRef,
        containerID: String,
        attempt: Int,
        exitCode: Int32,
        signal: Int32? = nil,
        oomKilled: Bool,
        startedAt: Microseconds? = nil,
        finishedAt: Microseconds,
        message: String? = nil,
        reason: String? = nil
    ) {
        self.container = container
        self.containerID = containerID
        self.attempt = attempt
        self.exitCode = exitCode
        self.signal = signal
        self.oomKilled = oomKilled
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.message = message
        self.reason = reason
    }
}

/// A signal was sent to the container because it has to stop.
package struct ContainerKillRequested: FactPayload {
    package static let typeName = "ContainerKillRequested"

    package var container: ContainerRef
    /// The derived id, 64 hexadecimal digits.
    package var containerID: String
    /// Which start of this container: 0 is the first, then it is the restart count.
    package var attempt: Int
    package var signal: Int32
    /// Why: one of the constants of `KillReason`.
    package var reason: String
    /// As the Event's message.
    package var message: String
    /// 0 with SIGKILL.
    package var gracePeriodSeconds: Int64
    package var requestedAt: Microseconds
    /// When the next signal follows: SIGKILL after the stop signal, or SIGKILL once more.
    package var deadline: Microseconds

    package init(
        container: ContainerRef,
        containerID: String,
        attempt: Int,
        signal: Int32,
        reason: String,
        message: String,
        gracePeriodSeconds: Int64,
        requestedAt: Microseconds,
        deadline: Microseconds
    ) {
        self.container = container
        self.containerID = containerID
        self.attempt = attempt
        self.signal = signal
        self.reason = reason
        self.message = message
        self.gracePeriodSeconds = gracePeriodSeconds
        self.requestedAt = requestedAt
        self.deadline = deadline
    }
}

/// The next start waits, because the container keeps on exiting.
package struct ContainerBackedOff: FactPayload {
    package static let typeName = "ContainerBackedOff"

    package var container: ContainerRef
    /// The attempt that exited.
    package var attempt: Int
    package var delaySeconds: Int64
    /// When the next attempt may start.
    package var until: Microseconds

    package init(container: ContainerRef, attempt: Int, delaySeconds: Int64, until: Microseconds) {
        self.container = container
        self.attempt = attempt
        self.delaySeconds = delaySeconds
        self.until = until
    }
}

/// Nothing of this container is left in the runtime. Its log file stays.
package struct ContainerRemoved: FactPayload {
    package static let typeName = "ContainerRemoved"

    package var container: ContainerRef
    /// The derived id, 64 hexadecimal digits.
    package var containerID: String
    /// Which start of this container: 0 is the first, then it is the restart count.
    package var attempt: Int

    package init(container: ContainerRef, containerID: String, attempt: Int) {
        self.container = container
        self.containerID = containerID
        self.attempt = attempt
    }
}

/// A probe of the running container changed its result.
package struct ProbeChanged: FactPayload {
    package static let typeName = "ProbeChanged"

    package var container: ContainerRef
    /// The attempt that was probed.
    package var attempt: Int
    package var probe: ProbeKind
    package var healthy: Bool
    package var message: String
    package var changedAt: Microseconds

    package init(
        container: ContainerRef,
        attempt: Int,
        probe: ProbeKind,
        healthy: Bool,
        message: String,
        changedAt: Microseconds
    ) {
        self.container = container
        self.attempt = attempt
        self.probe = probe
        self.healthy = healthy
        self.message = message
        self.changedAt = changedAt
    }
}
/// Which probe of a container.
package enum ProbeKind: String, Codable, Hashable, Sendable, CaseIterable {
    case startup, readiness, liveness
}

/// Why a container was told to stop: the values of `ContainerKillRequested.reason`.
package enum KillReason {
    /// The pod is being deleted.
    package static let podDeleted = "PodDeleted"
    /// `spec.activeDeadlineSeconds` has passed.
    package static let deadlineExceeded = "DeadlineExceeded"
    /// All main containers are done, so the sidecars and the ephemeral containers stop.
    package static let podFinished = "PodFinished"
    /// The image in the pod's spec was changed.
    package static let definitionChanged = "DefinitionChanged"
    /// A liveness or startup probe failed.
    package static let unhealthy = "Unhealthy"
}
