import Logging
import Synchronization
import Testing

@testable import HTTPAPI

@Suite("What of the HTTP server's own messages an operator sees")
struct ServerLogTests {
    /// Keeps what it is given.
    private struct Recorder: LogHandler {
        final class Lines: Sendable {
            let all = Mutex<[String]>([])
        }

        let lines: Lines
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]
        var metadataProvider: Logger.MetadataProvider?

        func log(event: LogEvent) { lines.all.withLock { $0.append(event.message.description) } }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
    }

    @Test("warnings and errors, but not that a server was cancelled because another one could not begin")
    func quiet() {
        let lines = Recorder.Lines()
        let logger = ServerLog.quiet(Logger(label: "test") { _ in Recorder(lines: lines) })
        logger.info("Server started and listening")
        logger.warning("too many connections")
        logger.error("Waiting on child channel: CancellationError()")
        logger.error("Server channel error: too many open files")
        #expect(lines.all.withLock { $0 } == ["too many connections", "Server channel error: too many open files"])
    }
}
