import EventLog
import Hummingbird
import JSON
import KubernetesAPI
import NodeAgent

/// GET of a collection and of one object.
struct ListHandler: Sendable {
    let agent: Agent
    let kind: ResourceKind

    /// The collection as of one instant; with `?watch=1` its changes from there on.
    func list(_ request: APIRequest) async throws -> Response {
        let options = try request.listOptions
        if options.isWatch { return try await WatchHandler(agent: agent, kind: kind).watch(request, options) }
        let namespace = kind.isNamespaced ? request.parameters["namespace"] : nil
        let filter = try ObjectFilter(request, kind: kind)
        let (objects, version) = try await snapshot(request, options, namespace: namespace)
        let page = try ListPage(objects, version: version, options: options, filter: filter)
        return try ListDocument.answer(page.items.map(\.bytes), page.metadata, kind: kind, for: request, now: agent.now)
    }

    func get(_ request: APIRequest) async throws -> Response {
        let stream = kind.stream(namespace: request["namespace"], name: request["name"])
        try await Self.wait(for: try QueryValue.resourceVersion(request.query("resourceVersion")), in: agent)
        let object: EventLog.StoredObject? =
            if let seq = try asOf(request) {
                try agent.store.object(stream, at: seq)
            } else {
                agent.store.object(stream)
            }
        guard let object else { throw APIError.notFound(resource: kind.key.plural, name: request["name"]) }
        return try SingleDocument.answer(
            object.bytes,
            version: String(object.resourceVersion),
            kind: kind,
            for: request,
            now: agent.now
        )
    }

    /// The objects of the state that is asked for, and which state it is.
    private func snapshot(
        _ request: APIRequest,
        _ options: ListOptions,
        namespace: String?
    ) async throws -> ([EventLog.StoredObject], Seq) {
        if let last = options.continuation {
            guard let version = last.resourceVersion else {
                return agent.store.objects(resource: kind.key, namespace: namespace)
            }
            guard version >= agent.store.floor else { throw Self.expired(last) }
            return (try agent.store.objects(resource: kind.key, namespace: namespace, at: version).items, version)
        }
        if let seq = try asOf(request) {
            return (try agent.store.objects(resource: kind.key, namespace: namespace, at: seq).items, seq)
        }
        try await Self.wait(for: options.resourceVersion, in: agent)
        if let wanted = options.resourceVersion, wanted > 0 {
            let isExact = options.isExact
            guard !isExact || wanted >= agent.store.floor else {
                throw APIError(WatchError.expired(floor: agent.store.floor))
            }
            if isExact {
                return (try agent.store.objects(resource: kind.key, namespace: namespace, at: wanted).items, wanted)
            }
        }
        return agent.store.objects(resource: kind.key, namespace: namespace)
    }

    /// Waits for a version that is not there yet, for a while.
    static func wait(for version: Int64?, in agent: Agent) async throws {
        guard let version, version > 0 else { return }
        guard await agent.store.reaches(version, within: .seconds(3)) else {
            throw APIError.tooLargeResourceVersion(requested: String(version), current: String(agent.store.head))
        }
    }

    /// 410 with a token that goes on with the newest state.
    static func expired(_ last: ListContinuation) -> APIError {
        var last = last
        last.resourceVersion = nil
        return .continuationExpired(inconsistent: last)
    }

    /// `?asOf=SEQ` or `?asOf=TIME` (RFC 3339): the state at that point of the log.
    private func asOf(_ request: APIRequest) throws -> Seq? {
        guard let text = request.query("asOf"), !text.isEmpty else { return nil }
        let seq: Seq
        if let number = Int64(text) {
            seq = number
        } else if let time = Time(parsing: text) {
            seq = try agent.store.seq(atOrBefore: time.microsecondsSince1970 + 999_999)
        } else {
            throw APIError.badRequest(
                "asOf: \"\(text)\" is neither a resourceVersion nor a time like 2026-01-31T12:00:00Z"
            )
        }
        guard seq >= agent.store.floor else { throw APIError(WatchError.expired(floor: agent.store.floor)) }
        guard seq <= agent.store.head else {
            throw APIError.tooLargeResourceVersion(requested: text, current: String(agent.store.head))
        }
        return seq
    }
}
