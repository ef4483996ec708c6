import EventLog
import Glibc
import Linux

/// One thing without which the agent cannot carry out what it is asked for.
package struct ReadinessCheck: Hashable, Sendable {
    package var name: String
    /// Why it is not so, or nil.
    package var failure: String?

    package init(name: String, failure: String?) {
        self.name = name
        self.failure = failure
    }
}

extension Agent {
    /// Whether changes are taken and can be carried out.
    package var readiness: [ReadinessCheck] {
        [
            ReadinessCheck(name: "log", failure: store.isReadOnly.map { "the event log takes no changes: \($0)" }),
            ReadinessCheck(name: "pods", failure: isReady ? nil : "taking over the pods of the log"),
        ] + DirectoryCheck.all(configuration)
    }
}

/// Whether the agent's directories can be written to: their file system may become read-only while the agent runs.
enum DirectoryCheck {
    static func all(_ configuration: Configuration) -> [ReadinessCheck] {
        [("root", configuration.root), ("state", configuration.state), ("logs", configuration.logDirectory)].map {
            ReadinessCheck(name: $0, failure: failure(of: $1))
        }
    }

    /// Why nothing can be written in a directory; nil also for one that is not there, which is made when it is needed.
    static func failure(of path: String) -> String? {
        guard unsafe access(path, W_OK) != 0 else { return nil }
        let errno = Errno.current
        guard errno != .noEntry else { return nil }
        return "\(path) cannot be written to: \(errno); pods cannot be started or removed until it can"
    }
}
