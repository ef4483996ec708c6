import Synchronization

/// How many requests were answered, by method and status code.
final class RequestCounts: Sendable {
    private struct Key: Hashable, Comparable {
        var code: Int
        var method: String

        static func < (left: Key, right: Key) -> Bool { (left.code, left.method) < (right.code, right.method) }
    }

    private let counts = Mutex<[Key: Int64]>([:])

    /// Methods that are told apart; a client must not be able to make new lines.
    private static let methods: Set = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

    /// - Parameter method: Nil for a request that could not be read.
    func add(method: String?, code: Int) {
        let name = method.map { Self.methods.contains($0) ? $0 : "other" } ?? "malformed"
        counts.withLock { $0[Key(code: code, method: name), default: 0] += 1 }
    }

    /// In Prometheus' text format (exposition formats, 0.0.4).
    var metricsText: String {
        let name = "swiftlet_http_requests_total"
        let samples = counts.withLock { $0 }.sorted { $0.key < $1.key }
        return samples.reduce("# HELP \(name) Requests answered.\n# TYPE \(name) counter\n") { text, sample in
            text + "\(name){code=\"\(sample.key.code)\",method=\"\(sample.key.method)\"} \(sample.value)\n"
        }
    }
}
