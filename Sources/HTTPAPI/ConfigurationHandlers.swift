import Hummingbird
import JSON
import KubernetesAPI
import NodeAgent

/// Changes of ConfigMaps, or of Secrets.
struct ConfigurationHandlers<Object: ConfigurationObject>: Sendable {
    let agent: Agent
    let kind: ResourceKind

    func create(_ request: APIRequest) async throws -> Response {
        let (object, warnings, _) = try await request.object(
            Object.self,
            fieldValidation: try request.fieldValidation
        )
        let stored = try await agent.createConfiguration(
            object,
            namespace: request["namespace"],
            origin: request.origin,
            dryRun: try request.isDryRun
        )
        return try Answer.document(stored, for: request, status: .created, warnings: warnings)
    }

    func replace(_ request: APIRequest) async throws -> Response {
        let (object, warnings, _) = try await request.object(
            Object.self,
            fieldValidation: try request.fieldValidation
        )
        try request.check(object.metadata)
        let stored = try await agent.updateConfiguration(
            Object.self,
            namespace: request["namespace"],
            name: request["name"],
            patchType: nil,
            origin: request.origin,
            dryRun: try request.isDryRun
        ) { current throws(APIError) in
            guard object.metadata.uid.isEmpty || object.metadata.uid == current.metadata.uid else {
                throw .conflict(resource: Object.plural, name: current.metadata.name)
            }
            return object
        }
        return try Answer.document(stored, for: request, warnings: warnings)
    }

    func patch(_ request: APIRequest) async throws -> Response {
        let strict = try request.fieldValidation
        let patch = try await request.patch()
        let warnings = PatchWarnings()
        let stored = try await agent.updateConfiguration(
            Object.self,
            namespace: request["namespace"],
            name: request["name"],
            patchType: request.mediaType,
            origin: request.origin,
            dryRun: try request.isDryRun
        ) { current throws(APIError) in
            try patch.apply(to: current, fieldValidation: strict, warnings: warnings)
        }
        return try Answer.document(stored, for: request, warnings: warnings.texts)
    }

    func delete(_ request: APIRequest) async throws -> Response {
        let deletion = try await agent.deleteConfiguration(
            Object.self,
            namespace: request["namespace"],
            name: request["name"],
            options: try await request.deleteOptions(),
            origin: request.origin
        )
        guard deletion.isGone else { return try Answer.document(deletion.object, for: request) }
        // As kube-apiserver, which has the object in the answer for pods only.
        var status = Status.success()
        status.details = StatusDetails(name: request["name"], kind: Object.plural, uid: deletion.uid)
        return try Answer.document(try JSONCoding.encode(status), for: request)
    }

    func deleteCollection(_ request: APIRequest) async throws -> Response {
        let origin = request.origin
        return try await CollectionDeletion(agent: agent, kind: kind).answer(request) {
            (namespace, name, options) async throws(APIError) in
            try await agent.deleteConfiguration(
                Object.self,
                namespace: namespace,
                name: name,
                options: options,
                origin: origin
            ).object
        }
    }
}
