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
    private let parsedQuery: [(name: String, value: String)]

    init(raw: Request, parameters: [String: String], origin: RequestOrigin) {
        self.raw = raw
        self.parameters = parameters
        self.origin = origin
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
    func flag(_ name: String) -> Bool {
        guard let value = query(name) else { return false }
        return value == "" || value == "true" || value == "1"
    }

    /// A whole number of the query.
    func number(_ name: String) throws(APIError) -> Int64? {
        guard let text = query(name), !text.isEmpty else { return nil }
        guard let number = Int64(text) else {
            throw .badRequest("query parameter \(name): \"\(text)\" is not a whole number")
        }
        return number
    }

    var contentType: String? { raw.headers[.contentType] }

    /// The media type of the body without its parameters, in lower case.
    var mediaType: String {
        (contentType ?? "").split(separator: ";").first.map { $0.trimmed.lowercased() } ?? ""
    }

    func accepts(_ text: String) -> Bool { raw.headers[.accept]?.contains(text) ?? false }

    var isDryRun: Bool { query("dryRun") == "All" }

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
