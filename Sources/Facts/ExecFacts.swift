/// A further process is about to be started in a running container, for a client. Written before the process exists.
package struct ExecStarted: FactPayload {
    package static let typeName = "ExecStarted"

    /// The longest command that is written down, in bytes; of a longer one the beginning is kept.
    package static let longestCommand = 4096

    package var container: ContainerRef
    /// The container's derived id, 64 hexadecimal digits.
    package var containerID: String
    /// Names this process in the shim and in `ExecFinished`.
    package var execID: String
    /// The program and its arguments. Never what is written to its standard input.
    package var command: [String]
    package var stdin: Bool
    package var tty: Bool
    package var startedAt: Microseconds

    package init(
        container: ContainerRef,
        containerID: String,
        execID: String,
        command: [String],
        stdin: Bool,
        tty: Bool,
        startedAt: Microseconds
    ) {
        self.container = container
        self.containerID = containerID
        self.execID = execID
        self.command = Self.shortened(command)
        self.stdin = stdin
        self.tty = tty
        self.startedAt = startedAt
    }

    private static func shortened(_ command: [String]) -> [String] {
        var left = longestCommand
        var words: [String] = []
        for word in command {
            guard word.utf8.count <= left else {
                words.append(String(decoding: word.utf8.prefix(left), as: UTF8.self) + "…")
                break
            }
            left -= word.utf8.count
            words.append(word)
        }
        return words
    }
}

/// A process that was announced with `ExecStarted` has ended, or could not be started.
package struct ExecFinished: FactPayload {
    package static let typeName = "ExecFinished"

    package var container: ContainerRef
    /// The container's derived id, 64 hexadecimal digits.
    package var containerID: String
    package var execID: String
    /// What the process returned, or 128 + the signal that ended it; 126 or 127 if it could not be executed. Nil if it
    /// is not known.
    package var exitCode: Int32?
    /// Why it ended otherwise than by itself, or was never started: one sentence.
    package var reason: String?
    package var finishedAt: Microseconds

    package init(
        container: ContainerRef,
        containerID: String,
        execID: String,
        exitCode: Int32?,
        reason: String? = nil,
        finishedAt: Microseconds
    ) {
        self.container = container
        self.containerID = containerID
        self.execID = execID
        self.exitCode = exitCode
        self.reason = reason
        self.finishedAt = finishedAt
    }
}

/// A client was connected to the streams of a container's first process.
package struct ContainerAttached: FactPayload {
    package static let typeName = "ContainerAttached"

    package var container: ContainerRef
    /// The container's derived id, 64 hexadecimal digits.
    package var containerID: String
    /// True if the client may write to the container's standard input.
    package var stdin: Bool
    package var tty: Bool
    package var attachedAt: Microseconds

    package init(
        container: ContainerRef,
        containerID: String,
        stdin: Bool,
        tty: Bool,
        attachedAt: Microseconds
    ) {
        self.container = container
        self.containerID = containerID
        self.stdin = stdin
        self.tty = tty
        self.attachedAt = attachedAt
    }
}
