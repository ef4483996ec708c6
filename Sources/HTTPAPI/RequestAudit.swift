import Facts
import HTTPTypes

/// What is recorded of a request that could change something. Pure: times and the peer are given.
struct RequestAudit: Sendable {
    let method: HTTPRequest.Method
    let path: String
    let query: String?
    let userAgent: String

    /// What is recorded: reads are not, nor are questions about rights, which are asked with POST.
    static func covers(_ method: HTTPRequest.Method, path: String) -> Bool {
        method != .get && method != .head && method != .options && !ReviewHandlers.isReview(path)
    }

    /// What came of the request that is recorded: a change, or a refusal of somebody who may not.
    ///
    /// What was refused for its content and what was only tried (`dryRun`) leaves no trace in the log: it changed nothing.
    static func isRecorded(status: Int, isDryRun: Bool) -> Bool {
        status == 401 || status == 403 || ((200..<300).contains(status) && !isDryRun)
    }

    func fact(status: Int, durationMicroseconds: Int64, remote: String, peer: RequestPeer?) -> APIRequestAnswered {
        let target = Target(path)
        return APIRequestAnswered(
            verb: verb(of: target),
            method: method.rawValue,
            uri: Self.bounded(path + (query.map { "?" + Self.withoutSecrets($0) } ?? "")),
            resource: target.resource,
            status: status,
            durationMicroseconds: durationMicroseconds,
            userAgent: Self.bounded(userAgent),
            remote: remote,
            peer: peer
        )
    }

    private func verb(of target: Target) -> String {
        switch method {
        case .post: "create"
        case .put: "update"
        case .patch: "patch"
        case .delete: target.isCollection ? "deletecollection" : "delete"
        default: method.rawValue.lowercased()
        }
    }

    /// The object of a path of Kubernetes' form: `/api/v1/namespaces/NS/pods/NAME/SUBRESOURCE`, `/v1/images/…`.
    private struct Target {
        var resource = ""
        var isCollection = false

        init(_ path: String) {
            var parts = path.split(separator: "/").map(\.removingPercentEncoding)[...]
            while let first = parts.first, first == "api" || first == "apis" || first == "v1" {
                parts = parts.dropFirst()
            }
            var namespace: String?
            if parts.count > 2, parts.first == "namespaces" {
                namespace = parts[parts.startIndex + 1]
                parts = parts.dropFirst(2)
            }
            guard let plural = parts.first else { return }
            let singular = plural.hasSuffix("s") ? String(plural.dropLast()) : plural
            let name = parts.dropFirst().first
            isCollection = name == nil && singular != "image"
            resource = ([singular] + [namespace, name].compactMap(\.self)).joined(separator: "/")
        }
    }

    /// A client must not be able to fill the log with one line.
    private static func bounded(_ text: String) -> String { text.utf8.count <= 1024 ? text : text.prefix(256) + "…" }

    private static let secretNames = ["token", "password", "secret", "auth", "cred", "key"]

    /// The query with the values left out whose names sound like secrets.
    static func withoutSecrets(_ query: String) -> String {
        query.split(separator: "&", omittingEmptySubsequences: false).map { pair in
            guard let equals = pair.firstIndex(of: "=") else { return String(pair) }
            let name = pair[..<equals].removingPercentEncoding.lowercased()
            return secretNames.contains { name.contains($0) } ? "\(pair[..<equals])=…" : String(pair)
        }
        .joined(separator: "&")
    }
}
