import HTTPTypes
import Hummingbird
import KubernetesAPI

/// One route: a method, a pattern and what answers it.
struct Route: Sendable {
    typealias Handler = @Sendable (APIRequest) async throws -> Response
    typealias Upgrade = @Sendable (APIRequest) async throws -> any UpgradedService

    let method: HTTPRequest.Method
    /// `/api/v1/namespaces/{namespace}/pods/{name}`.
    let pattern: String
    /// For the list at `/` and for people.
    let summary: String
    let handler: Handler
    /// Makes what a client gets that asks to leave HTTP here; nil where that is not possible.
    let upgrade: Upgrade?

    private let segments: [Substring]

    init(
        _ method: HTTPRequest.Method,
        _ pattern: String,
        _ summary: String,
        upgrade: Upgrade? = nil,
        _ handler: @escaping Handler
    ) {
        self.upgrade = upgrade
        self.method = method
        self.pattern = pattern
        self.summary = summary
        self.handler = handler
        segments = pattern.split(separator: "/")
    }

    /// In which codings the body of a request may come: as it is, and an archive also as the archives themselves are.
    private var contentCodings: [String] {
        pattern == "/v1/images/import" ? ["identity", "gzip", "zstd"] : ["identity"]
    }

    /// What is accepted instead of a coding of the body that is not undone here; nil if there is none.
    func misfitting(contentEncoding: String?) -> [String]? {
        guard let contentEncoding else { return nil }
        let accepted = contentCodings
        let given = contentEncoding.split(separator: ",").map { $0.trimmed.lowercased() }
        return given.count <= 1 && given.allSatisfy(accepted.contains) ? nil : accepted
    }

    /// Refuses a parameter that is given twice and can have one value: of two names of an image, one would be removed.
    /// Kubernetes' own paths go by its servers, which take the first.
    ///
    /// - Throws: 400 with the parameter's name.
    func checkParameters(_ parameters: [(name: String, value: String)]) throws(APIError) {
        guard segments.first == "v1" else { return }
        let repeatable = pattern == "/v1/images/export" ? ["name", "reference"] : ["command", "filter"]
        var seen: Set<String> = []
        for (name, _) in parameters where !repeatable.contains(name) && !seen.insert(name).inserted {
            throw .badRequest("\(name): it is given more than once; give one value")
        }
    }

    /// What is offered by the paths of Kubernetes' API that answer with objects.
    static let documentTypes = [Answer.json, "application/yaml"]

    /// - Throws: 406 if the client takes nothing that this route can answer with.
    func checkAccept(_ header: String?) throws(APIError) {
        guard answersWithObjects, AcceptHeader(header).best(of: Self.documentTypes) == nil else { return }
        throw .notAcceptable(offered: Self.documentTypes)
    }

    private var answersWithObjects: Bool {
        let texts: Set<Substring> = ["log", "exec", "attach", "why", "proxy"]
        return segments.first == "api" && !segments.contains(where: texts.contains)
    }

    /// The path's values for the pattern's names, or nil if it is another path.
    func match(_ path: [Substring]) -> [String: String]? {
        guard path.count == segments.count else { return nil }
        var values: [String: String] = [:]
        for (segment, part) in zip(segments, path) {
            if segment.hasPrefix("{") {
                values[String(segment.dropFirst().dropLast())] = part.removingPercentEncoding
            } else if segment != part {
                return nil
            }
        }
        return values
    }
}

/// All routes; the first that matches answers.
struct RouteTable: Sendable {
    let routes: [Route]

    enum Match {
        case found(Route, [String: String])
        /// The path is known, with other methods.
        case otherMethods([HTTPRequest.Method])
        case none
    }

    /// A slash at the end does not matter (the Python client writes `/version/`).
    func match(_ method: HTTPRequest.Method, _ path: String) -> Match {
        let parts = path.split(separator: "/")
        // HEAD is GET without the body, which the responder leaves out.
        let wanted: HTTPRequest.Method = method == .head ? .get : method
        var others: [HTTPRequest.Method] = []
        for route in routes {
            guard let values = route.match(parts) else { continue }
            if route.method == wanted { return .found(route, values) }
            others.append(route.method)
        }
        return others.isEmpty ? .none : .otherMethods(others)
    }
}

extension Substring {
    /// Percent-decoded; an invalid escape stays as it is.
    var removingPercentEncoding: String {
        guard contains("%") else { return String(self) }
        var bytes: [UInt8] = []
        var rest = Array(utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2).compactMap { Character(UnicodeScalar($0)).hexDigitValue }
            if byte == UInt8(ascii: "%"), digits.count == 2 {
                bytes.append(UInt8(digits[0] * 16 + digits[1]))
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
