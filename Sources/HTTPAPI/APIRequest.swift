import HTTPTypes
import Hummingbird
import KubernetesAPI
import NIOCore
import NodeAgent

/// A request as handlers see it: routed, identified, its query decoded.
struct APIRequest: Sendable {
    let raw: Request
    /// The parts of the path that the route names.
    let parameters: [String: String]
    let origin: RequestOrigin
    /// The parameters of the query in their order.
    let parsedQuery: [(name: String, value: String)]
    private let expectation: Expectation?
    /// The connection that the request has come by; nil for one that wants to leave HTTP.
    let connection: (any Channel)?

    init(
        raw: Request,
        parameters: [String: String],
        origin: RequestOrigin,
        expectation: Expectation? = nil,
        connection: (any Channel)? = nil
    ) {
        self.raw = raw
        self.parameters = parameters
        self.origin = origin
        self.expectation = expectation
        self.connection = connection
        parsedQuery = Self.parse(raw.uri.query)
    }

    /// The most that a JSON or YAML body may have, as with Kubernetes' API server.
    static let bodyLimit = 3 << 20

    /// A parameter that the route's pattern promises.
    subscript(parameter: String) -> String { parameters[parameter] ?? "" }

    /// The first value of a query parameter.
    func query(_ name: String) -> String? { parsedQuery.first { $0.name == name }?.value }

    /// All values of a query parameter, in their order.
    func queries(_ name: String) -> [String] { parsedQuery.filter { $0.name == name }.map(\.value) }

    /// As browsers and Go write it (application/x-www-form-urlencoded): a plus is a blank.
    private static func parse(_ query: String?) -> [(name: String, value: String)] {
        (query ?? "").split(separator: "&").map { part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let decoded = { (text: Substring) in text.replacing("+", with: " ")[...].removingPercentEncoding }
            return (decoded(pair[0]), pair.count == 2 ? decoded(pair[1]) : "")
        }
    }

    /// True for "true", "1" and a parameter without a value.
    ///
    /// - Parameter fallback: What a missing parameter means.
    /// - Throws: 400 for what is neither true nor false.
    func flag(_ name: String, default fallback: Bool = false) throws(APIError) -> Bool {
        guard let text = query(name) else { return fallback }
        return try QueryValue.flag(text, of: name)
    }

    /// A whole number of the query.
    func number(_ name: String) throws(APIError) -> Int64? { try QueryValue.number(query(name), of: name) }

    /// A whole number of the query that is not below zero.
    func count(_ name: String) throws(APIError) -> Int64? { try QueryValue.count(query(name), of: name) }

    /// What a list or watch asks for.
    var listOptions: ListOptions { get throws(APIError) { try ListOptions(query) } }

    /// True if nothing is to be changed.
    ///
    /// - Throws: 400 for another value than All, because somebody who wants to try must not change anything.
    var isDryRun: Bool {
        get throws(APIError) {
            switch query("dryRun") {
            case nil, "": return false
            case "All": return true
            case .some(let other):
                throw .badRequest(
                    "dryRun: Invalid value: [\"\(other)\"]: dryRun: Unsupported value: \"\(other)\": supported values: "
                        + "\"All\""
                )
            }
        }
    }

    var contentType: String? { raw.headers[.contentType] }

    /// The media type of the body without its parameters, in lower case.
    var mediaType: String {
        (contentType ?? "").split(separator: ";").first.map { $0.trimmed.lowercased() } ?? ""
    }

    /// True if the client likes a type better than the one that it gets otherwise.
    func prefers(_ type: String, to usual: String) -> Bool {
        AcceptHeader(raw.headers[.accept]).best(of: [usual, type]) == type
    }

    var fieldValidation: FieldValidation {
        get throws(APIError) {
            // Stricter than kube-apiserver, which warns: see docs/decisions/0009-unknown-fields-are-refused.md.
            try FieldValidation.parse(query("fieldValidation") ?? "Strict")
        }
    }

    /// The client's name for this request (draft-ietf-httpapi-idempotency-key-header), if it gave one.
    func idempotencyKey(body: [UInt8]) throws(APIError) -> IdempotencyKey? {
        guard let text = raw.headers[.idempotencyKey] else { return nil }
        let key = IdempotencyKey(
            key: text,
            actor: origin.actor,
            target: "\(raw.method.rawValue) \(raw.uri.path)",
            body: body
        )
        guard let key else {
            throw .badRequest(
                "Idempotency-Key: it has \(text.utf8.count) bytes; 1 to \(IdempotencyKey.limit) are possible"
            )
        }
        return key
    }

    /// The body, which the client is told to send if it waits for that.
    func openBody() async throws -> RequestBody {
        try await expectation?.meet()
        return raw.body
    }

    /// Reads an object from the body. What the head alone is refused for is refused before the body is asked for.
    func object<Object: APIObject>(
        _ type: Object.Type,
        fieldValidation: FieldValidation
    ) async throws -> (object: Object, warnings: [String], body: [UInt8]) {
        let body = try await objectBody()
        let (object, warnings) = try ObjectDecoding.decode(
            type,
            body: body.bytes,
            contentType: body.contentType,
            fieldValidation: fieldValidation
        )
        return (object, warnings, body.bytes)
    }

    /// A body that holds an object, in JSON or YAML; one in protobuf is brought into JSON.
    func objectBody() async throws -> (bytes: [UInt8], contentType: String?) {
        if mediaType == ProtobufBody.mediaType { return (try ProtobufBody.json(try await body()), Answer.json) }
        try ObjectDecoding.check(contentType: contentType)
        return (try await body(), contentType)
    }

    /// Reads the body.
    ///
    /// - Throws: 413 before anything of it is read when its length is known to be too large.
    func body(limit: Int = APIRequest.bodyLimit) async throws -> [UInt8] {
        try await body(of: raw.body, limit: limit)
    }

    /// As `body`, from the sequence of its parts that the caller has.
    func body(of parts: some AsyncSequence<ByteBuffer, any Error>, limit: Int = APIRequest.bodyLimit) async throws
        -> [UInt8]
    {
        if let length = raw.headers[.contentLength].flatMap(Int.init), length > limit {
            throw APIError.requestEntityTooLarge(limit: limit)
        }
        try await expectation?.meet()
        var collected = ByteBuffer()
        for try await part in parts {
            guard collected.readableBytes + part.readableBytes <= limit else {
                throw APIError.requestEntityTooLarge(limit: limit)
            }
            collected.writeImmutableBuffer(part)
        }
        return Array(buffer: collected)
    }
}

extension StringProtocol {
    /// Without blanks and tabs at both ends.
    var trimmed: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }
}
