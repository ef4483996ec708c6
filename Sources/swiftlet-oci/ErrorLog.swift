import JSON
import Linux
import OCIRuntime

/// Where an error goes: one line to standard error, and one record to the file of `--log`.
struct ErrorLog {
    private var path: String?
    private var json = false
    private var debug = false
    /// A container that outlives the command has the same standard error: what is written there lands in its log.
    var errorsAreTheContainers = false

    init() {}

    init(_ globals: Arguments) throws(UsageError) {
        debug = globals.has("debug")
        path = globals.text("log")
        switch globals.value("log-format") ?? "text" {
        case "json": json = true
        case "text": json = false
        case let other: throw UsageError(description: "invalid log-format \"\(other)\"")
        }
    }

    /// Makes the log's file, so that one that cannot be written is told before anything is done.
    func open() throws(SysError) {
        if let path { try Files.append(path, []) }
    }

    func report(_ message: String) { emit("error", message) }

    /// Only with `--debug`.
    func note(_ message: @autoclosure () -> String) {
        if debug { emit("debug", message()) }
    }

    func warn(_ message: String) { emit("warning", message) }

    private func emit(_ level: String, _ text: String) {
        let message = OneLine.text(OneLine.shortened(text, to: 4000))
        // A log that cannot be written must not hide the error itself, which goes to standard error below.
        if let path { try? Files.append(path, Array((record(level, message) + "\n").utf8)) }
        if level == "debug" {
            if path == nil { StandardStreams.error(record(level, message) + "\n") }
            return
        }
        let seen = path == nil && (debug || !errorsAreTheContainers || StandardStreams.errorIsTerminal)
        if level == "error" || seen {
            StandardStreams.error("swiftlet-oci: \(level == "error" ? "" : "warning: ")\(message)\n")
        }
    }

    /// One line of the log.
    private func record(_ level: String, _ message: String) -> String {
        let time = WallClock.now()
        if json {
            return JSONValue.object(["level": .string(level), "msg": .string(message), "time": .string(time)]).text()
        }
        return "time=\"\(time)\" level=\(level) msg=\(quoted(message))"
    }

    private func quoted(_ text: String) -> String { JSONValue.string(text).text() }
}
