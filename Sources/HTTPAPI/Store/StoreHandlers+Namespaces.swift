import Hummingbird
import JSON
import KubernetesAPI
import NodeAgent
import RuntimeCore

/// Namespaces of images, content labels and leases; those of Kubernetes are under /api/v1.
extension StoreHandlers {
    /// `{"name": "…", "labels": {…}}`.
    func createNamespace(_ request: APIRequest) async throws -> Response {
        let body = try await document(request)
        guard let name = body["name"]?.stringValue else {
            throw APIError.badRequest("name the namespace: {\"name\": \"…\", \"labels\": {…}}")
        }
        let namespace = StoreNamespace(
            name: try images.namespace(name),
            labels: try Self.labels(body["labels"]),
            createdAt: agent.now
        )
        let made = try await telling {
            try await agent.core.createNamespace(namespace, origin: images.origin(of: request))
        }
        return try Answer.document(try JSONCoding.encode(made), for: request, status: .created)
    }

    func namespace(_ request: APIRequest) async throws -> Response {
        let namespace = try await telling { try agent.core.namespace(request["name"]) }
        return try Answer.document(try JSONCoding.encode(namespace), for: request)
    }

    func labelNamespace(_ request: APIRequest) async throws -> Response {
        try await label(request) { changes, _, origin in
            try await agent.core.label(namespace: request["name"], changes: changes, origin: origin)
        }
    }

    func removeNamespace(_ request: APIRequest) async throws -> Response {
        let removed = try await telling {
            try await agent.core.removeNamespace(request["name"], origin: images.origin(of: request))
        }
        return try Answer.document(try JSONCoding.encode(removed), for: request)
    }
}
