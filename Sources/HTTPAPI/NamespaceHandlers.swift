import Hummingbird
import KubernetesAPI
import NodeAgent

/// Changes of namespaces.
struct NamespaceHandlers: Sendable {
    let agent: Agent

    func create(_ request: APIRequest) async throws -> Response {
        let (namespace, warnings, _) = try await request.object(
            Namespace.self,
            fieldValidation: try request.fieldValidation
        )
        let stored = try await agent.createNamespace(namespace, origin: request.origin, dryRun: try request.isDryRun)
        return try Answer.document(stored, for: request, status: .created, warnings: warnings)
    }

    func delete(_ request: APIRequest) async throws -> Response {
        let stored = try await agent.deleteNamespace(
            request["name"],
            options: try await request.deleteOptions(),
            origin: request.origin
        )
        return try Answer.document(stored, for: request)
    }
}
