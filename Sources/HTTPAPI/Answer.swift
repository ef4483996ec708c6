import HTTPTypes
import Hummingbird
import JSON
import KubernetesAPI
import NIOCore
import ServiceLifecycle

/// Makes answers.
enum Answer {
    static let json = "application/json"

    /// Bytes as they are.
    static func bytes(
        _ bytes: [UInt8],
        status: HTTPResponse.Status = .ok,
        contentType: String = Answer.json
    ) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = contentType
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        bytes(Array(text.utf8), status: status, contentType: "text/plain; charset=utf-8")
    }

    static func object(_ object: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        bytes(try JSONCoding.encode(object), status: status)
    }

    /// A JSON document for a person or a program: indented for `?pretty` and for curl and Wget, as kube-apiserver does;
    /// YAML if that is what is accepted.
    static func document(
        _ document: [UInt8],
        for request: APIRequest,
        status: HTTPResponse.Status = .ok,
        warnings: [String] = []
    ) throws -> Response {
        var response: Response
        if request.prefers("application/yaml", to: Answer.json) {
            response = bytes(
                Array(YAML.encode(try JSONValue(parsing: document)).utf8),
                status: status,
                contentType: "application/yaml"
            )
        } else if try wantsIndentation(request) {
            response = bytes(try JSONValue(parsing: document).bytes(pretty: true) + [0x0A], status: status)
        } else {
            response = bytes(document, status: status)
        }
        for warning in warnings {
            response.headers.append(HTTPField(name: .warning, value: "299 - \"\(escaped(warning))\""))
        }
        return response
    }

    private static func wantsIndentation(_ request: APIRequest) throws(APIError) -> Bool {
        if request.query("pretty") != nil { return try request.flag("pretty") }
        let agent = request.raw.headers[.userAgent] ?? ""
        return agent.hasPrefix("curl/") || agent.hasPrefix("Wget/")
    }

    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": escaped += "\\\(scalar)"
            case "\u{00}"..."\u{1F}", "\u{7F}": escaped += " "  // a header's value has one line
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// An answer of unknown length, sent as it comes; it ends when the client goes away.
    ///
    /// - Parameter produce: Called once the head is out; returns when there is no more.
    static func stream(
        contentType: String,
        of request: APIRequest,
        _ produce: @escaping @Sendable (StreamWriter) async throws -> Void
    ) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = contentType
        let connection = request.connection
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody { writer in
                let output = StreamWriter(writer)
                do {
                    // The head goes out at once, so that a client that waits for changes knows it is being served.
                    try await output.write([])
                    // Streams have no end of their own: a stopping agent ends them.
                    try await cancelWhenGracefulShutdown {
                        try await whileConnected(connection) { try await produce(output) }
                    }
                } catch is CancellationError {}
                try await output.finish()
            }
        )
    }
}

/// Runs `body` until it returns or the client at the other end of the connection has gone, which cancels it.
///
/// Not Hummingbird's `consumeWithCancellationOnInboundClose`: after that no further request is read from the connection.
///
/// - Throws: `CancellationError` if the client has gone.
func whileConnected<Result: Sendable>(
    _ connection: (any Channel)?,
    _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    guard let connection else { return try await body() }
    let watcher = try await connection.pipeline.handler(type: DisconnectWatcher.self).get()
    return try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask {
            await watcher.wait()
            throw CancellationError()
        }
        group.addTask { try await body() }
        defer { group.cancelAll() }
        // The watcher ends with an error, so what returns is the body's.
        guard let result = try await group.next() else { throw CancellationError() }
        return result
    }
}

/// Sends the parts of a stream.
final class StreamWriter: Sendable {
    // SAFETY: Hummingbird's writer is used by one task at a time: the one that produces the stream.
    private nonisolated(unsafe) var writer: any ResponseBodyWriter

    init(_ writer: any ResponseBodyWriter) { unsafe self.writer = writer }

    /// Sends bytes; waits while the client is slow.
    func write(_ bytes: [UInt8]) async throws { try await unsafe writer.write(ByteBuffer(bytes: bytes)) }

    /// Ends the stream, with fields that come after it.
    func finish(_ trailers: HTTPFields? = nil) async throws { try await unsafe writer.finish(trailers) }
}

extension HTTPField.Name {
    /// RFC 7234 section 5.5, used by Kubernetes for warnings to people.
    static let warning = HTTPField.Name("Warning") ?? .server
    static let requestID = HTTPField.Name("X-Request-Id") ?? .server
    static let auditID = HTTPField.Name("Audit-Id") ?? .server
    static let retryAfterSeconds = HTTPField.Name("Retry-After") ?? .server
    static let registryAuth = HTTPField.Name("X-Registry-Auth") ?? .server
    static let idempotencyKey = HTTPField.Name("Idempotency-Key") ?? .server
}
