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

    func replace(_ request: APIRequest) async throws -> Response {
        let (object, warnings, _) = try await request.object(
            Namespace.self,
            fieldValidation: try request.fieldValidation
        )
        try request.check(object.metadata)
        let stored = try await agent.updateNamespace(
            request["name"],
            isPatch: false,
            origin: request.origin,
            dryRun: try request.isDryRun
        ) { current throws(APIError) in
            guard object.metadata.uid.isEmpty || object.metadata.uid == current.metadata.uid else {
                throw .conflict(resource: "namespaces", name: current.metadata.name)
            }
            return object
        }
        return try Answer.document(stored, for: request, warnings: warnings)
    }

    func patch(_ request: APIRequest) async throws -> Response {
        let strict = try request.fieldValidation
        let patch = try await request.patch()
        let warnings = PatchWarnings()
        let stored = try await agent.updateNamespace(
            request["name"],
            isPatch: true,
            origin: request.origin,
            dryRun: try request.isDryRun
        ) { current throws(APIError) in
            try patch.apply(to: current, fieldValidation: strict, warnings: warnings)
        }
        return try Answer.document(stored, for: request, warnings: warnings.texts)
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
