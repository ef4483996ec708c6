import CSystemd

/// What the service manager is told, sd_notify(3). Without NOTIFY_SOCKET in the environment every call does nothing.
package enum SystemdNotify {
    /// The agent serves: a unit of Type=notify counts as started from here on.
    package static func ready() { send("READY=1") }

    /// The agent is ending, and that is as it should be.
    package static func stopping() { send("STOPPING=1") }

    /// One line for `systemctl status`.
    package static func status(_ text: String) { send(message(ofStatus: text)) }

    /// The agent is alive; to be called at least twice in each `watchdogInterval`.
    package static func alive() { send("WATCHDOG=1") }

    /// How long the service manager waits for `alive` before it restarts the agent; nil if it does not watch.
    package static var watchdogInterval: Duration? {
        var microseconds: UInt64 = 0
        guard unsafe sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds))
    }

    /// A status must not contain a line feed: what follows one would be an assignment of its own.
    package static func message(ofStatus text: String) -> String {
        let line = String(text.map { $0.isNewline ? " " : $0 })
        return "STATUS=" + line
    }

    private static func send(_ message: String) {
        // The result only says whether somebody listens; nobody does when the agent was started by hand.
        _ = unsafe sd_notify(0, message)
    }
}
