package import Facts

/// What the machine shows of a pod's sandbox: the answer of its shim, or what a dead shim left in its files.
package struct SandboxObservation: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        /// The shim answers.
        case ready(shimPID: Int32, podIPs: [String])
        /// The shim is dead, or there is no such sandbox.
        case gone(message: String)
    }

    package var sandboxID: String
    package var state: State
    /// Every container of the sandbox, also those of which only an exit record is left.
    package var containers: [ContainerObservation]

    package init(sandboxID: String, state: State, containers: [ContainerObservation] = []) {
        self.sandboxID = sandboxID
        self.state = state
        self.containers = containers
    }
}

/// What the machine shows of one container.
package struct ContainerObservation: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        case created
        /// With a shim that is gone: it was started, and there is no record of its end.
        case running(pid: Int32, startedAt: Microseconds?)
        case exited(Exit)
    }

    /// The shim's record of an exit.
    package struct Exit: Hashable, Sendable {
        package var pid: Int32
        package var exitCode: Int32
        package var signal: Int32?
        package var oomKilled: Bool
        package var startedAt: Microseconds?
        package var finishedAt: Microseconds
        package var message: String?

        package init(
            pid: Int32,
            exitCode: Int32,
            signal: Int32? = nil,
            oomKilled: Bool = false,
            startedAt: Microseconds? = nil,
            finishedAt: Microseconds,
            message: String? = nil
        ) {
            self.pid = pid
            self.exitCode = exitCode
            self.signal = signal
            self.oomKilled = oomKilled
            self.startedAt = startedAt
            self.finishedAt = finishedAt
            self.message = message
        }
    }

    package var containerID: String
    package var state: State

    package init(containerID: String, state: State) {
        self.containerID = containerID
        self.state = state
    }
}
