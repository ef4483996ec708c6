import Hummingbird
import JSON
import KubernetesAPI
import NodeAgent

/// Who am I, and what may I do: the reviews behind `kubectl auth`. They change nothing.
///
/// There are no roles: who reaches the API may do all that it serves.
struct ReviewHandlers: Sendable {
    /// Paths of reviews, which look like changes to an auditor and are none.
    static func isReview(_ path: String) -> Bool {
        path.hasPrefix("/apis/authorization.k8s.io/") || path.hasPrefix("/apis/authentication.k8s.io/")
    }

    func access(_ request: APIRequest) async throws -> Response {
        let review = try await review(request)
        let spec = review["spec"] ?? .object([:])
        var status: JSONValue = ["allowed": true, "reason": "who reaches this API may do all that it serves"]
        if let asked = spec["resourceAttributes"], !Self.isServed(asked) {
            status = ["allowed": false, "reason": "this node does not serve that resource with that verb"]
        }
        return try answer(
            "SelfSubjectAccessReview",
            "authorization.k8s.io/v1",
            ["spec": spec, "status": status],
            request
        )
    }

    func rules(_ request: APIRequest) async throws -> Response {
        let spec = try await review(request)["spec"] ?? .object([:])
        var rules: [JSONValue] = []
        for resource in ServedResource.all {
            rules.append(Self.rule(resource, resource.name, resource.verbs))
            for subresource in resource.subresources {
                rules.append(Self.rule(resource, "\(resource.name)/\(subresource.name)", subresource.verbs))
            }
        }
        let status: JSONValue = [
            "resourceRules": .array(rules),
            "nonResourceRules": [["verbs": ["*"], "nonResourceURLs": ["*"]]],
            "incomplete": false,
        ]
        return try answer(
            "SelfSubjectRulesReview",
            "authorization.k8s.io/v1",
            ["spec": spec, "status": status],
            request
        )
    }

    func identity(_ request: APIRequest) async throws -> Response {
        _ = try await review(request)
        let status: JSONValue = ["userInfo": ["username": .string(request.origin.actor)]]
        return try answer("SelfSubjectReview", "authentication.k8s.io/v1", ["status": status], request)
    }

    private static func rule(_ resource: ServedResource, _ name: String, _ verbs: [String]) -> JSONValue {
        [
            "verbs": .array(verbs.map { .string($0) }), "apiGroups": [.string(resource.group)],
            "resources": [.string(name)],
        ]
    }

    private static func isServed(_ asked: JSONValue) -> Bool {
        func text(_ name: String) -> String { asked[name]?.stringValue ?? "" }
        let (verb, name, subresource) = (text("verb"), text("resource"), text("subresource"))
        if name == "*" { return true }
        return ServedResource.all.contains { resource in
            guard resource.name == name, ["*", resource.group].contains(text("group")) else { return false }
            let verbs =
                subresource.isEmpty
                ? resource.verbs : resource.subresources.first { $0.name == subresource }?.verbs ?? []
            return verb == "*" ? !verbs.isEmpty : verbs.contains(verb)
        }
    }

    private func review(_ request: APIRequest) async throws -> JSONValue {
        let body = try await request.objectBody()
        do {
            return try ObjectDecoding.value(body.bytes, contentType: body.contentType)
        } catch {
            throw APIError.badRequest("the review cannot be read: \(error)")
        }
    }

    private func answer(_ kind: String, _ version: String, _ more: JSONObject, _ request: APIRequest) throws -> Response
    {
        var document: JSONObject = [
            "kind": .string(kind), "apiVersion": .string(version), "metadata": ["creationTimestamp": .null],
        ]
        for (name, value) in more { document[name] = value }
        return try Answer.document(JSONValue.object(document).bytes(), for: request, status: .created)
    }
}
