import EventLog
import Facts
import Hummingbird
import JSON
import KubernetesAPI
import NodeAgent
import OCI
import RuntimeCore

/// containerd's concepts by containerd's words, each a list under /v1: `?namespace=k8s.io&filter=labels.a==b`.
struct StoreHandlers: Sendable {
    let agent: Agent
    /// For what requests about images and these have in common.
    let images: ImageHandlers

    init(agent: Agent) {
        self.agent = agent
        images = ImageHandlers(agent: agent)
    }

    // MARK: Lists

    func namespaces(_ request: APIRequest) async throws -> Response {
        try list("namespaces", try await telling { try agent.core.namespaces() }, request)
    }

    func content(_ request: APIRequest) async throws -> Response {
        let namespace = try images.namespace(of: request)
        return try list("content", try await telling { try await agent.core.contents(namespace: namespace) }, request)
    }

    func snapshots(_ request: APIRequest) async throws -> Response {
        let namespace = try images.namespace(of: request)
        let snapshots = try await telling { try await agent.core.snapshotInfos(namespace: namespace) }
        return try list("snapshots", snapshots, request)
    }

    func containers(_ request: APIRequest) async throws -> Response {
        try list("containers", try await telling { try await agent.core.containers() }, request)
    }

    func tasks(_ request: APIRequest) async throws -> Response {
        try list("tasks", try await telling { try await agent.core.tasks() }, request)
    }

    func sandboxes(_ request: APIRequest) async throws -> Response {
        try list("sandboxes", try await telling { try await agent.core.sandboxInfos() }, request)
    }

    func leases(_ request: APIRequest) async throws -> Response {
        let namespace = try images.namespace(of: request)
        return try list("leases", try await telling { try agent.core.leases(namespace: namespace) }, request)
    }

    private func list(_ name: String, _ items: [some Encodable], _ request: APIRequest) throws -> Response {
        try list(name, try items.map { try JSONCoding.value(of: $0) }, request)
    }

    private func list(_ name: String, _ items: [JSONValue], _ request: APIRequest) throws -> Response {
        let filter = try StoreFilter(request.queries("filter"))
        let list = JSONValue.object([name: .array(items.filter { filter.matches($0) })])
        return try Answer.document(list.bytes(), for: request)
    }

    // MARK: Leases

    /// `{"id": "…", "labels": {…}}`, both optional; the label containerd.io/gc.expire ends the lease by itself.
    func createLease(_ request: APIRequest) async throws -> Response {
        let body = try await document(request)
        let labels = try Self.labels(body["labels"])
        let id = body["id"]?.stringValue ?? "\(agent.now)-\(UID.random().description.prefix(8))"
        if let reason = Identifier.refusal(lease: id) { throw APIError.badRequest(reason) }
        let lease = LeaseRecord(
            id: id,
            namespace: try images.namespace(of: request),
            labels: labels,
            createdAt: agent.now,
            expiresAt: try Self.expiry(labels)
        )
        let made = try await telling { try await agent.core.createLease(lease, origin: images.origin(of: request)) }
        return try Answer.document(try JSONCoding.encode(made), for: request, status: .created)
    }

    func lease(_ request: APIRequest) async throws -> Response {
        let namespace = try images.namespace(of: request)
        let lease = try await telling { try agent.core.lease(request["id"], namespace: namespace) }
        return try Answer.document(try JSONCoding.encode(lease), for: request)
    }

    func removeLease(_ request: APIRequest) async throws -> Response {
        let namespace = try images.namespace(of: request)
        let lease = try await telling {
            try await agent.core.removeLease(request["id"], namespace: namespace, origin: images.origin(of: request))
        }
        return try Answer.document(try JSONCoding.encode(lease), for: request)
    }

    /// `{"type": "content", "id": "sha256:…"}`.
    func addResource(_ request: APIRequest) async throws -> Response {
        let body = try await document(request)
        guard let type = body["type"]?.stringValue, let id = body["id"]?.stringValue else {
            throw APIError.badRequest("say what the lease shall keep: {\"type\": \"content\", \"id\": \"sha256:…\"}")
        }
        return try await change(request, adding: [try Self.resource(type, id)], removing: [])
    }

    func removeResource(_ request: APIRequest) async throws -> Response {
        guard let type = request.query("type"), let id = request.query("id") else {
            throw APIError.badRequest("say what the lease shall let go of: ?type=content&id=sha256:…")
        }
        return try await change(request, adding: [], removing: [LeaseRecord.Resource(type: type, id: id)])
    }

    private func change(
        _ request: APIRequest,
        adding added: [LeaseRecord.Resource],
        removing removed: [LeaseRecord.Resource]
    ) async throws -> Response {
        let namespace = try images.namespace(of: request)
        let lease = try await telling {
            try await agent.core.changeLease(
                request["id"],
                namespace: namespace,
                adding: added,
                removing: removed,
                origin: images.origin(of: request)
            )
        }
        return try Answer.document(try JSONCoding.encode(lease), for: request)
    }

    private static func resource(_ type: String, _ id: String) throws(APIError) -> LeaseRecord.Resource {
        guard ["content", "images"].contains(type) || type.hasPrefix("snapshots/"), !id.isEmpty else {
            throw .badRequest("type \"\(type)\": a lease keeps content, images or snapshots/overlayfs")
        }
        guard type != "content" || (try? Digest(id)) != nil else {
            throw .badRequest("id \"\(id)\" is no digest; write it as in sha256:…")
        }
        return LeaseRecord.Resource(type: type, id: id)
    }

    private static func expiry(_ labels: [String: String]) throws(APIError) -> Int64? {
        guard let text = labels[RuntimeCore.leaseExpiryLabel] else { return nil }
        guard let time = MicroTime(parsing: text) else {
            throw .badRequest("label \(RuntimeCore.leaseExpiryLabel): \"\(text)\" is not a time of RFC 3339")
        }
        return time.microsecondsSince1970
    }

    // MARK: Content and labels

    /// The bytes of a piece of content.
    func fetch(_ request: APIRequest) async throws -> Response {
        let digest = try Self.digest(request["digest"])
        let size = try await telling { try await agent.core.contentSize(digest) }
        guard size != nil else { throw APIError.notFound(resource: "content", name: digest.description) }
        return Answer.stream(contentType: "application/octet-stream", of: request) { [agent] output in
            var offset = 0
            while true {
                let part = try await agent.core.readContent(digest, at: offset, count: 1 << 20)
                if part.isEmpty { return }
                try await output.write(part)
                offset += part.count
            }
        }
    }

    /// The body has the labels to set; null takes one away.
    func labelContent(_ request: APIRequest) async throws -> Response {
        let digest = try Self.digest(request["digest"])
        return try await label(request) { changes, namespace, origin in
            try await agent.core.label(
                content: digest,
                namespace: namespace,
                changes: changes,
                origin: origin
            )
        }
    }

    func labelSnapshot(_ request: APIRequest) async throws -> Response {
        try await label(request) { changes, namespace, origin in
            try await agent.core.label(
                snapshot: request["key"],
                namespace: namespace,
                changes: changes,
                origin: origin
            )
        }
    }

    func labelImage(_ request: APIRequest) async throws -> Response {
        let name = try images.name(of: request)
        return try await label(request) { changes, namespace, origin in
            try await agent.core.label(
                image: name,
                namespace: namespace,
                changes: changes,
                origin: origin,
                now: agent.now
            ).labels
        }
    }

    func label(
        _ request: APIRequest,
        _ change: ([String: String?], String, LogOrigin) async throws -> [String: String]
    ) async throws -> Response {
        guard let members = try await document(request).objectValue else {
            throw APIError.badRequest("the body has to be an object of labels: {\"NAME\": \"VALUE\", \"OTHER\": null}")
        }
        var changes: [String: String?] = [:]
        for (name, value) in members {
            guard value.isNull || value.stringValue != nil else {
                throw APIError.badRequest("label \(name): its value has to be a text, or null to take it away")
            }
            if let text = value.stringValue { try Self.check(label: name, text) }
            changes.updateValue(value.stringValue, forKey: name)
        }
        let namespace = try images.namespace(of: request)
        let fixed = changes
        let labels = try await telling { try await change(fixed, namespace, images.origin(of: request)) }
        let answer = JSONValue.object(["labels": try JSONCoding.value(of: labels)])
        return try Answer.document(answer.bytes(), for: request)
    }

    // MARK: Why

    /// What happened to an image's name, to its end.
    func whyImage(_ request: APIRequest) async throws -> Response {
        let name = try images.name(of: request)
        let namespace = try images.namespace(of: request)
        let story = try await telling { try agent.core.story(ofImage: name, namespace: namespace) }
        guard !story.isEmpty else { throw APIError.notFound(resource: "images", name: name) }
        return Answer.text(try story.map(Self.sentence).joined())
    }

    /// What happened to a piece of content or to a layer: who labelled it, and why it was removed.
    func whyContent(_ request: APIRequest) async throws -> Response {
        let digest = try Self.digest(request["digest"])
        let story = try await telling { try agent.core.story(ofContent: digest) }
        let isThere = try await telling { try await agent.core.contentSize(digest) } != nil
        guard isThere || !story.isEmpty else {
            throw APIError.notFound(resource: "content", name: digest.description)
        }
        let now = isThere ? "\(digest) is in the store.\n" : "\(digest) is not in the store.\n"
        return Answer.text(try now + story.map(Self.sentence).joined())
    }

    /// "2026-01-31T12:00:00.000000Z  event 17 by unix:root: …", a line.
    private static func sentence(_ event: EventRecord) throws -> String {
        let fact = try FactCoding.decode(typeName: event.type, schemaVersion: event.schema, data: event.data)
        let text = Sentences.describe(fact, subject: event.stream.name)
        let cause = event.cause.map { ", after event \($0)" } ?? ""
        return "\(agentTime(event.time))  event \(event.seq) by \(event.actor)\(cause): \(text)\n"
    }

    // MARK: Parts

    private static func digest(_ text: String) throws(APIError) -> Digest {
        do {
            return try Digest(text)
        } catch {
            throw .badRequest("\"\(text)\" is no digest; write it as in sha256:…")
        }
    }

    private static func check(label name: String, _ value: String) throws(APIError) {
        if let reason = Identifier.refusal(label: name, value) { throw .badRequest(reason) }
    }

    static func labels(_ value: JSONValue?) throws(APIError) -> [String: String] {
        guard let value, !value.isNull else { return [:] }
        guard let members = value.objectValue else { throw .badRequest("labels: they have to be an object") }
        var labels: [String: String] = [:]
        for (name, value) in members {
            guard let text = value.stringValue else { throw .badRequest("label \(name): its value has to be a text") }
            try check(label: name, text)
            labels[name] = text
        }
        return labels
    }

    func document(_ request: APIRequest) async throws -> JSONValue {
        let body = try await request.body()
        do {
            return body.isEmpty ? .object([:]) : try JSONValue(parsing: body)
        } catch {
            throw APIError.badRequest("the body is not JSON: \(error)")
        }
    }

    func telling<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch {
            throw ImageAnswer.error(error, name: "")
        }
    }
}
