/// The pod's sandbox runs: the shim is up and holds the namespaces and the network.
package struct SandboxCreated: FactPayload {
    package static let typeName = "SandboxCreated"

    /// The derived id, 64 hexadecimal digits.
    package var sandboxID: String
    /// Which sandbox of this pod: 0 is the first.
    package var attempt: Int
    package var shimPID: Int32
    /// The pod's addresses; those of the node when the pod uses its network; empty when it has none.
    package var podIPs: [String]
    package var createdAt: Microseconds
    /// What is special about it, for example that there is only a loopback interface. The owner is told by `PodWarned`.
    package var note: String?

    package init(
        sandboxID: String,
        attempt: Int,
        shimPID: Int32,
        podIPs: [String],
        createdAt: Microseconds,
        note: String? = nil
    ) {
        self.sandboxID = sandboxID
        self.attempt = attempt
        self.shimPID = shimPID
        self.podIPs = podIPs
        self.createdAt = createdAt
        self.note = note
    }
}

/// The sandbox could not be made. What was made of it is still to be removed.
package struct SandboxFailed: FactPayload {
    package static let typeName = "SandboxFailed"

    /// The derived id, 64 hexadecimal digits.
    package var sandboxID: String
    /// Which sandbox of this pod: 0 is the first.
    package var attempt: Int
    /// `CreatePodSandboxError` or `ConfigPodSandboxError`.
    package var reason: String
    package var message: String
    package var failedAt: Microseconds

    package init(sandboxID: String, attempt: Int, reason: String, message: String, failedAt: Microseconds) {
        self.sandboxID = sandboxID
        self.attempt = attempt
        self.reason = reason
        self.message = message
        self.failedAt = failedAt
    }
}

/// The sandbox is gone although nobody asked for it: its shim died, or the machine was restarted.
package struct SandboxLost: FactPayload {
    package static let typeName = "SandboxLost"

    /// The derived id, 64 hexadecimal digits.
    package var sandboxID: String
    package var message: String
    package var lostAt: Microseconds

    package init(sandboxID: String, message: String, lostAt: Microseconds) {
        self.sandboxID = sandboxID
        self.message = message
        self.lostAt = lostAt
    }
}

/// Nothing of this sandbox is left on the machine.
package struct SandboxRemoved: FactPayload {
    package static let typeName = "SandboxRemoved"

    /// The derived id, 64 hexadecimal digits.
    package var sandboxID: String
    package var removedAt: Microseconds

    package init(sandboxID: String, removedAt: Microseconds) {
        self.sandboxID = sandboxID
        self.removedAt = removedAt
    }
}
