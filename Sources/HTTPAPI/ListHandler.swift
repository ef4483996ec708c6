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
        if request.flag("watch") { return try await WatchHandler(agent: agent, kind: kind).watch(request) }
        let namespace = kind.isNamespaced ? request.parameters["namespace"] : nil
        let filter = try ObjectFilter(request, kind: kind)
        let (items, version) = try await snapshot(request, namespace: namespace)
        let matching = try filter.isEmpty ? items : items.filter { try filter.matches($0.bytes) }
        if Tables.isWanted(accept: request.raw.headers[.accept]) {
            let table = try kind.table(
                matching.map(\.bytes),
                ResourceKind.TableRequest(
                    now: Time(microsecondsSince1970: agent.now),
                    include: try IncludeObject.parse(request.query("includeObject")),
                    resourceVersion: String(version)
                )
            )
            return try Answer.document(try JSONCoding.encode(table), for: request)
        }
        return try Answer.document(
            ListDocument.of(matching.map(\.bytes), kind: kind, version: version),
            for: request
        )
    }

    func get(_ request: APIRequest) async throws -> Response {
        let stream = kind.stream(namespace: request["namespace"], name: request["name"])
        let object: EventLog.StoredObject? =
            if let seq = try asOf(request) {
                try agent.store.object(stream, at: seq)
            } else {
                agent.store.object(stream)
            }
        guard let object else { throw APIError.notFound(resource: kind.key.plural, name: request["name"]) }
        if Tables.isWanted(accept: request.raw.headers[.accept]) {
            let table = try kind.table(
                [object.bytes],
                ResourceKind.TableRequest(
                    now: Time(microsecondsSince1970: agent.now),
                    include: try IncludeObject.parse(request.query("includeObject")),
                    resourceVersion: String(object.resourceVersion)
                )
            )
            return try Answer.document(try JSONCoding.encode(table), for: request)
        }
        return try Answer.document(object.bytes, for: request)
    }

    private func snapshot(_ request: APIRequest, namespace: String?) async throws -> ([EventLog.StoredObject], Seq) {
        if let seq = try asOf(request) {
            return (try agent.store.objects(resource: kind.key, namespace: namespace, at: seq).items, seq)
        }
        if let wanted = try request.number("resourceVersion"), wanted > 0 {
            if request.query("resourceVersionMatch") == "Exact" {
                guard wanted >= agent.store.floor else {
                    throw APIError(WatchError.expired(floor: agent.store.floor))
                }
                return (try agent.store.objects(resource: kind.key, namespace: namespace, at: wanted).items, wanted)
            }
            guard await agent.store.reaches(wanted, within: .seconds(3)) else {
                throw APIError.tooLargeResourceVersion(requested: String(wanted), current: String(agent.store.head))
            }
        }
        return agent.store.objects(resource: kind.key, namespace: namespace)
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
