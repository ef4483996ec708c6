/// The state of a container, as `state` prints it and hooks read it (runtime-spec 1.2, runtime.md, "State").
package struct ContainerState: Codable, Hashable, Sendable {
    package var ociVersion: String
    /// Unique on the host for one runtime.
    package var id: String
    package var status: Status
    /// The container's first process in the runtime's pid namespace; absent (runc writes 0) when stopped.
    package var pid: Int?
    /// The bundle's absolute path.
    package var bundle: String
    package var annotations: [String: String]?

    package init(
        ociVersion: String,
        id: String,
        status: Status,
        pid: Int? = nil,
        bundle: String,
        annotations: [String: String]? = nil
    ) {
        self.ociVersion = ociVersion
        self.id = id
        self.status = status
        self.pid = pid
        self.bundle = bundle
        self.annotations = annotations
    }

    package enum Status: String, Codable, Sendable {
        case creating, created, running, stopped
        /// Not one of the specification; what runc and crun print for a frozen container.
        case paused
    }
}

/// What the seccomp agent is told with a notification descriptor (config-linux.md, "The Container Process State").
package struct ContainerProcessState: Codable, Hashable, Sendable {
    package var ociVersion: String
    /// Names of the descriptors that were sent, in order; "seccompFd" is the notification descriptor.
    package var fds: [String]
    package var pid: Int
    /// `listenerMetadata` of the configuration.
    package var metadata: String?
    package var state: ContainerState

    package init(
        ociVersion: String,
        fds: [String],
        pid: Int,
        metadata: String? = nil,
        state: ContainerState
    ) {
        self.ociVersion = ociVersion
        self.fds = fds
        self.pid = pid
        self.metadata = metadata
        self.state = state
    }
}
