import JSON
import KubernetesAPI

/// The API of the agent, as the commands need it.
package struct APIClient {
    package static let tableType = Tables.mediaType + ",application/json"

    let transport: HTTPTransport
    let console: Console

    package init(endpoint: Endpoint, console: Console, version: String = LocalActions.installed.version) {
        transport = HTTPTransport(endpoint: endpoint, userAgent: "swiftlet/\(version)")
        self.console = console
    }

    /// The whole answer.
    ///
    /// - Throws: `ClientFailure` for an answer of 400 and above.
    func bytes(_ request: HTTPRequest) throws -> [UInt8] {
        var body: [UInt8] = []
        let head = try transport.perform(request) { _, bytes in
            body += bytes
            return .more
        }
        warn(head)
        guard head.status < 400 else { throw ClientFailure(status: head.status, body: body) }
        return body
    }

    /// The answer as JSON.
    func json(
        _ method: String = "GET",
        _ target: Target,
        accept: String = "application/json",
        body: JSONValue? = nil
    ) throws -> JSONValue {
        var request = HTTPRequest(method, target.description, accept: accept)
        if let body { request.body = .bytes(body.bytes(), contentType: "application/json") }
        let answer = try bytes(request)
        do {
            return try JSONValue(parsing: answer, limits: .client)
        } catch {
            throw ClientFailure.failed("the answer to \(method) \(target) is not JSON: \(error)")
        }
    }

    /// Copies an answer to standard output as it comes.
    func copy(_ target: Target, accept: String = "*/*") throws {
        try self.receive(HTTPRequest("GET", target.description, accept: accept)) { bytes in
            try console.output(bytes)
            return .more
        }
    }

    /// Hands over an answer line by line as it comes, without line feeds; the last line may lack one.
    func lines(_ request: HTTPRequest, _ receive: @escaping ([UInt8]) throws -> HTTPTransport.Verdict) throws {
        var rest: [UInt8] = []
        var hasEnough = false
        try self.receive(request) { bytes in
            rest += bytes
            var start = rest.startIndex
            while let end = rest[start...].firstIndex(of: 0x0A) {
                let line = Array(rest[start..<end])
                start = end + 1
                if case .enough = try receive(line) {
                    hasEnough = true
                    return .enough
                }
            }
            rest.removeSubrange(..<start)
            return .more
        }
        if !rest.isEmpty, !hasEnough { _ = try receive(rest) }
    }

    /// Watches a collection: each event's type and object, until the agent ends the stream or `receive` has enough.
    func watch(
        _ target: Target,
        accept: String = "application/json",
        _ receive: @escaping (_ type: String, _ object: JSONValue) throws -> HTTPTransport.Verdict
    ) throws {
        let request = HTTPRequest("GET", target.with("watch", "true").description, accept: accept)
        try lines(request) { line in
            guard !line.isEmpty else { return .more }
            let event: JSONValue
            do { event = try JSONValue(parsing: line, limits: .client) } catch {
                throw ClientFailure.failed("a line of the watch is not JSON: \(error)")
            }
            let object = event["object"] ?? .null
            let type = event["type"]?.stringValue ?? ""
            if type == "ERROR" { throw ClientFailure(status: object) }
            return type == "BOOKMARK" ? .more : try receive(type, object)
        }
    }

    /// Hands over an answer as it comes.
    func receive(
        _ request: HTTPRequest,
        _ receive: @escaping ([UInt8]) throws -> HTTPTransport.Verdict
    ) throws {
        var refusal: [UInt8] = []
        var hasWarned = false
        let head = try transport.perform(request) { head, bytes in
            if head.status >= 400 {
                refusal += bytes
                return .more
            }
            if !hasWarned { warn(head) }
            hasWarned = true
            return try receive(bytes)
        }
        guard head.status < 400 else { throw ClientFailure(status: head.status, body: refusal) }
    }

    /// Shows the warnings of an answer: `Warning: 299 - "text"`.
    private func warn(_ head: HTTPHead) {
        for value in head.values(of: "warning") {
            let parts = value.split(separator: "\"", maxSplits: 1)
            var text = parts.count == 2 ? String(parts[1]) : value
            if text.hasSuffix("\"") { text.removeLast() }
            text = text.replacing("\\\"", with: "\"").replacing("\\\\", with: "\\")
            console.note("Warning: \(Terminal.safe(text))")
        }
    }
}

extension JSONLimits {
    /// For answers of our own agent, which may be long lists.
    static let client = JSONLimits(maxBytes: 1 << 30, maxDepth: 200)
}
