import Hummingbird
import JSON
import KubernetesAPI
import NodeAgent

/// Changes of pods.
struct PodHandlers: Sendable {
    let agent: Agent

    func create(_ request: APIRequest) async throws -> Response {
        let (pod, warnings, body) = try await request.object(Pod.self, fieldValidation: try request.fieldValidation)
        let stored = try await agent.createPod(
            pod,
            namespace: request["namespace"],
            origin: request.origin,
            idempotency: try request.idempotencyKey(body: body),
            dryRun: try request.isDryRun
        )
        return try Answer.document(stored, for: request, status: .created, warnings: warnings)
    }

    func replace(_ request: APIRequest) async throws -> Response {
        let (pod, warnings, _) = try await request.object(Pod.self, fieldValidation: try request.fieldValidation)
        try request.check(pod.metadata)
        let stored = try await agent.updatePod(
            namespace: request["namespace"],
            name: request["name"],
            patchType: nil,
            origin: request.origin,
            dryRun: try request.isDryRun
        ) { current throws(APIError) in
            guard pod.metadata.uid.isEmpty || pod.metadata.uid == current.metadata.uid else {
                throw .conflict(resource: "pods", name: current.metadata.name)
            }
            return pod
        }
        return try Answer.document(stored, for: request, warnings: warnings)
    }

    func patch(_ request: APIRequest) async throws -> Response {
        let strict = try request.fieldValidation
        let patch = try await request.patch()
        let warnings = PatchWarnings()
        let stored = try await agent.updatePod(
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

    /// PATCH or PUT of `pods/NAME/resize`: CPU and memory of containers that run.
    func resize(_ request: APIRequest) async throws -> Response {
        let warnings = PatchWarnings()
        let strict = try request.fieldValidation
        let patch = request.raw.method == .patch ? try await request.patch() : nil
        let whole = patch == nil ? try await request.object(Pod.self, fieldValidation: strict).object : nil
        if let whole { try request.check(whole.metadata) }
        let stored = try await agent.resizePod(
            namespace: request["namespace"],
            name: request["name"],
            patchType: patch == nil ? nil : request.mediaType,
            origin: request.origin,
            dryRun: try request.isDryRun
        ) { current throws(APIError) in
            guard let patch else { return whole ?? current }
            return try patch.apply(to: current, fieldValidation: strict, warnings: warnings)
        }
        return try Answer.document(stored, for: request, warnings: warnings.texts)
    }

    func pause(_ request: APIRequest) async throws -> Response { try await setPaused(true, request) }
    func resume(_ request: APIRequest) async throws -> Response { try await setPaused(false, request) }

    private func setPaused(_ paused: Bool, _ request: APIRequest) async throws -> Response {
        let (namespace, name) = (request["namespace"], request["name"])
        try await agent.setPaused(paused, namespace: namespace, name: name, origin: request.origin)
        return Answer.text("\(paused ? "paused" : "resumed")\n")
    }

    func delete(_ request: APIRequest) async throws -> Response {
        let stored = try await agent.deletePod(
            namespace: request["namespace"],
            name: request["name"],
            options: try await request.deleteOptions(),
            origin: request.origin
        )
        return try Answer.document(stored, for: request)
    }

    /// POST of `pods/NAME/eviction`: a deletion that says who is in the way. Here nobody is: there are no budgets.
    func evict(_ request: APIRequest) async throws -> Response {
        let eviction = try await request.object(Eviction.self, fieldValidation: .ignore).object
        guard eviction.metadata.name == request["name"] else {
            throw APIError.badRequest("name in URL does not match name in Eviction object")
        }
        try request.check(eviction.metadata)
        var options = eviction.deleteOptions ?? DeleteOptions()
        if try request.isDryRun { options.dryRun = ["All"] }
        try options.check()
        _ = try await agent.deletePod(
            namespace: request["namespace"],
            name: request["name"],
            options: options,
            origin: request.origin
        )
        var status = Status.success()
        status.code = 201
        return try Answer.document(try JSONCoding.encode(status), for: request, status: .created)
    }

    func deleteCollection(_ request: APIRequest) async throws -> Response {
        let origin = request.origin
        return try await CollectionDeletion(agent: agent, kind: .pods).answer(request) {
            (namespace, name, options) async throws(APIError) in
            try await agent.deletePod(namespace: namespace, name: name, options: options, origin: origin)
        }
    }

    func why(_ request: APIRequest) async throws -> Response {
        Answer.text(try await agent.why(namespace: request["namespace"], name: request["name"]))
    }
}
