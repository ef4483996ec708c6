/// A further process to be started in a running container.
package struct ExecRequest: Sendable {
    /// Unique in its container: letters, digits and any of `_ - . +`.
    package var id: String
    package var containerID: String
    /// The program and its arguments. User, environment, working directory and rights are the container's.
    package var command: [String]
    package var stdin: Bool
    package var stdout: Bool
    package var stderr: Bool
    /// All streams are one terminal's; there is no stderr then.
    package var terminal: Bool
    /// Kept with the process, so that an agent that starts anew can tell whose it was.
    package var note: [String: String]

    package init(
        id: String,
        containerID: String,
        command: [String],
        stdin: Bool,
        stdout: Bool,
        stderr: Bool,
        terminal: Bool,
        note: [String: String] = [:]
    ) {
        self.id = id
        self.containerID = containerID
        self.command = command
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr && !terminal
        self.terminal = terminal
        self.note = note
    }
}

/// Why a process could not be started by exec.
package enum ExecFailure: Error, CustomStringConvertible {
    /// The program could not be executed; the code is what a shell says: 126 not executable, 127 not found.
    case notExecutable(code: Int32, message: String)
    /// The container does not run.
    case notRunning(String)
    case other(String)

    package var description: String {
        switch self {
        case .notExecutable(_, let message), .notRunning(let message), .other(let message): message
        }
    }
}
