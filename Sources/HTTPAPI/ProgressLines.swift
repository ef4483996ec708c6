import Images
import JSON
import Synchronization

/// What an import reports while it runs.
final class ProgressLines: Sendable {
    private let lines = Mutex<[JSONValue]>([])

    var all: [JSONValue] { lines.withLock { $0 } }

    func add(_ progress: ImportProgress) {
        lines.withLock { $0.append(ImageDocuments.line(progress)) }
    }
}
