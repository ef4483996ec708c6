import Hummingbird
import KubernetesAPI
import NodeAgent

/// Changes of nodes, of which the metadata is a client's.
struct NodeHandlers: Sendable {
    let agent: Agent

    func replace(_ request: APIRequest) async throws -> Response {
        let (object, warnings, _) = try await request.object(Node.self, fieldValidation: try request.fieldValidation)
        try request.check(object.metadata)
        let stored = try await agent.updateNode(
            request["name"],
            patchType: nil,
            origin: request.origin,
            dryRun: try request.isDryRun
        ) { current throws(APIError) in
            guard object.metadata.uid.isEmpty || object.metadata.uid == current.metadata.uid else {
                throw .conflict(resource: "nodes", name: current.metadata.name)
            }
            return object
        }
        return try Answer.document(stored, for: request, warnings: warnings)
    }

    func patch(_ request: APIRequest) async throws -> Response {
        let strict = try request.fieldValidation
        let patch = try await request.patch()
        let warnings = PatchWarnings()
        let stored = try await agent.updateNode(
            request["name"],
            patchType: request.mediaType,
            origin: request.origin,
            dryRun: try request.isDryRun
        ) { current throws(APIError) in
            try patch.apply(to: current, fieldValidation: strict, warnings: warnings)
        }
        return try Answer.document(stored, for: request, warnings: warnings.texts)
    }
}
