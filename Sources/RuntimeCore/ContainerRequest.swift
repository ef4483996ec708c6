import Images
package import OCI

/// A container to be created in a sandbox.
package struct ContainerRequest: Sendable {
    package var id: String
    package var sandboxID: String
    /// Complete but for the root file system's path, which the core sets to `rootfs`.
    package var spec: RuntimeSpec
    /// The unpacked image that the writable layer goes on.
    package var image: UnpackedContainerImage
    /// Where standard output and error go, in CRI format.
    package var logPath: String
    package var logMaxSize: Int64
    package var logMaxFiles: Int
    /// Who makes it; nil is our own shim and runtime.
    package var runtime: RuntimeHandler?
    package var labels: [String: String]

    /// Where the pod's shim writes the log, and lets clients attach.
    func logTarget(bundle: String) -> String {
        "cri://\(logPath)?max-size=\(logMaxSize)&max-files=\(logMaxFiles)&attach=\(BundleFiles.attachSocket(bundle))"
    }
    /// True gives the process an input that clients can attach to; else it reads nothing.
    package var stdin: Bool

    package init(
        id: String,
        sandboxID: String,
        spec: RuntimeSpec,
        image: UnpackedContainerImage,
        logPath: String,
        logMaxSize: Int64,
        logMaxFiles: Int,
        stdin: Bool = false,
        runtime: RuntimeHandler? = nil,
        labels: [String: String] = [:]
    ) {
        self.id = id
        self.sandboxID = sandboxID
        self.spec = spec
        self.image = image
        self.logPath = logPath
        self.logMaxSize = logMaxSize
        self.logMaxFiles = logMaxFiles
        self.runtime = runtime
        self.stdin = stdin
        self.labels = labels
    }
}

/// An image that is ready to carry containers.
package struct UnpackedContainerImage: Sendable {
    package let record: ImageRecord
    /// The snapshot with all layers; nil for an image without any.
    package let chainID: Digest?
    package let configDigest: Digest
    package let config: ImageConfig
    /// Keeps the layers until a container stands on them.
    let lease: ContentLease
}

/// A task's state, as the shim or, after its death, the files it left tell it.
package struct TaskState: Hashable, Sendable {
    package enum Status: Hashable, Sendable {
        case created
        case running
        case stopped
        case paused
        /// Nothing is known of it: no shim, no file.
        case unknown
    }

    package var id: String
    package var status: Status
    package var pid: Int32
    package var exit: TaskExit?
}

/// How a task ended.
package struct TaskExit: Hashable, Sendable {
    package let containerID: String
    package let pid: Int32
    /// Exit code, or 128 + signal number.
    package let status: Int32
    /// Microseconds since 1970.
    package let exitedAt: Int64
    package let oomKilled: Bool
    /// It was ended because somebody had removed its bundle: what its program would have said is not known.
    package var lostItsFiles = false

    package init(containerID: String, pid: Int32, status: Int32, exitedAt: Int64, oomKilled: Bool) {
        self.containerID = containerID
        self.pid = pid
        self.status = status
        self.exitedAt = exitedAt
        self.oomKilled = oomKilled
    }
}
