import EventLog
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
        try check(pod.metadata, against: request)
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
        let patch = try await podPatch(request)
        let stored = try await agent.updatePod(
            namespace: request["namespace"],
            name: request["name"],
            patchType: request.mediaType,
            origin: request.origin,
            dryRun: try request.isDryRun
        ) { current throws(APIError) in
            try patch.apply(to: current, fieldValidation: strict)
        }
        return try Answer.document(stored, for: request)
    }

    /// PATCH or PUT of `pods/NAME/resize`: CPU and memory of containers that run.
    func resize(_ request: APIRequest) async throws -> Response {
        let strict = try request.fieldValidation
        let patch = request.raw.method == .patch ? try await podPatch(request) : nil
        let whole = patch == nil ? try await request.object(Pod.self, fieldValidation: strict).object : nil
        if let whole { try check(whole.metadata, against: request) }
        let stored = try await agent.resizePod(
            namespace: request["namespace"],
            name: request["name"],
            patchType: patch == nil ? nil : request.mediaType,
            origin: request.origin,
            dryRun: try request.isDryRun
        ) { current throws(APIError) in
            guard let patch else { return whole ?? current }
            return try patch.apply(to: current, fieldValidation: strict)
        }
        return try Answer.document(stored, for: request)
    }

    private func podPatch(_ request: APIRequest) async throws -> PodPatch {
        try PodPatch.check(mediaType: request.mediaType)
        return try PodPatch(mediaType: request.mediaType, body: try await request.body())
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
            options: try await deleteOptions(request),
            origin: request.origin
        )
        return try Answer.document(stored, for: request)
    }

    /// DELETE of the collection: each pod that matches the selectors; answers with the list of them.
    func deleteCollection(_ request: APIRequest) async throws -> Response {
        let options = try await deleteOptions(request)
        let filter = try ObjectFilter(request, kind: .pods)
        let (items, head) = agent.store.objects(resource: ResourceKind.pods.key, namespace: request["namespace"])
        var deleted: [JSONValue] = []
        for object in items where try filter.matches(object.bytes) {
            if let stored = try await delete(object.stream.namespace, object.stream.name, options, request) {
                deleted.append(try JSONValue(parsing: stored))
            }
        }
        let list = JSONValue.object([
            "kind": "PodList", "apiVersion": "v1",
            "metadata": .object(["resourceVersion": .string(String(head))]),
            "items": .array(deleted),
        ])
        return try Answer.document(list.bytes(), for: request)
    }

    /// - Returns: Nil if the pod is gone meanwhile, which is what was asked for.
    private func delete(
        _ namespace: String,
        _ name: String,
        _ options: DeleteOptions,
        _ request: APIRequest
    ) async throws(APIError) -> [UInt8]? {
        do {
            return try await agent.deletePod(namespace: namespace, name: name, options: options, origin: request.origin)
        } catch {
            if error.status.code == 404 { return nil }
            throw error
        }
    }

    func why(_ request: APIRequest) async throws -> Response {
        Answer.text(try await agent.why(namespace: request["namespace"], name: request["name"]))
    }

    /// DeleteOptions from the body and from the query, where curl users put them.
    private func deleteOptions(_ request: APIRequest) async throws -> DeleteOptions {
        let body = try await request.body()
        var options = DeleteOptions()
        if !body.isEmpty {
            options =
                try ObjectDecoding.decode(
                    DeleteOptions.self,
                    body: body,
                    contentType: request.contentType,
                    fieldValidation: .ignore
                ).object
        }
        if let seconds = try request.number("gracePeriodSeconds") { options.gracePeriodSeconds = seconds }
        if try request.isDryRun { options.dryRun = ["All"] }
        return options
    }

    private func check(_ metadata: ObjectMeta, against request: APIRequest) throws(APIError) {
        guard metadata.name == request["name"] else {
            throw .badRequest(
                "the name of the object (\(metadata.name)) does not match the name on the URL (\(request["name"]))"
            )
        }
        guard metadata.namespace.isEmpty || metadata.namespace == request["namespace"] else {
            throw .badRequest(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        }
    }
}

/// A patch of a pod in one of the forms of RFC 7386 and RFC 6902.
struct PodPatch: Sendable {
    private enum Form: Sendable {
        case merge(JSONValue)
        case operations(JSONPatch)
        case strategic(JSONValue)
    }

    static let accepted = [
        "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
    ]

    private let form: Form

    /// - Throws: 415 for what is no patch.
    static func check(mediaType: String) throws(APIError) {
        guard accepted.contains(mediaType) else { throw .unsupportedMediaType(accepted: accepted) }
    }

    init(mediaType: String, body: [UInt8]) throws(APIError) {
        do {
            switch mediaType {
            case "application/merge-patch+json": form = .merge(try JSONValue(parsing: body))
            case "application/strategic-merge-patch+json": form = .strategic(try JSONValue(parsing: body))
            case "application/json-patch+json": form = .operations(try JSONPatch(JSONValue(parsing: body)))
            default: throw APIError.unsupportedMediaType(accepted: Self.accepted)
            }
        } catch let error as APIError {
            throw error
        } catch {
            throw .badRequest("the patch cannot be read: \(error)")
        }
    }

    func apply(to pod: Pod, fieldValidation: FieldValidation) throws(APIError) -> Pod {
        do {
            let current = try JSONCoding.value(of: pod)
            let patched =
                switch form {
                case .merge(let patch): current.merging(patch: patch)
                case .operations(let patch): try patch.applied(to: current)
                case .strategic(let patch): try StrategicMerge.apply(patch, to: current)
                }
            return try ObjectDecoding.decode(Pod.self, from: patched, fieldValidation: fieldValidation).object
        } catch let error as APIError {
            throw error
        } catch {
            throw APIError(.invalid, "the patch does not fit the pod: \(error)")
        }
    }
}
