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
        if request.accepts("as=Table") {
            let table = try kind.table(
                matching.map(\.bytes),
                ResourceKind.TableRequest(
                    now: agent.now,
                    include: try tableObject(request),
                    resourceVersion: String(version)
                )
            )
            return try Answer.document(try JSONCoding.encode(table), for: request)
        }
        return try Answer.document(document(matching.map(\.bytes), version: version), for: request)
    }

    func get(_ request: APIRequest) async throws -> Response {
        let stream = kind.stream(namespace: request["namespace"], name: request["name"])
        let object: StoredObject? =
            if let seq = try asOf(request) {
                try agent.store.object(stream, at: seq)
            } else {
                agent.store.object(stream)
            }
        guard let object else { throw APIError.notFound(resource: kind.key.plural, name: request["name"]) }
        if request.accepts("as=Table") {
            let table = try kind.table(
                [object.bytes],
                ResourceKind.TableRequest(
                    now: agent.now,
                    include: try tableObject(request),
                    resourceVersion: String(object.resourceVersion)
                )
            )
            return try Answer.document(try JSONCoding.encode(table), for: request)
        }
        return try Answer.document(object.bytes, for: request)
    }

    /// The stored documents in a list, without decoding them.
    private func document(_ objects: [[UInt8]], version: Seq) -> [UInt8] {
        var text = Array(
            "{\"kind\":\"\(kind.kind)List\",\"apiVersion\":\"\(kind.apiVersion)\",\"metadata\":{\"resourceVersion\":\"\(version)\"},\"items\":["
                .utf8
        )
        text.reserveCapacity(text.count + objects.reduce(2) { $0 + $1.count + 1 })
        for (index, object) in objects.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text += object
        }
        text += Array("]}".utf8)
        return text
    }

    private func snapshot(_ request: APIRequest, namespace: String?) async throws -> ([StoredObject], Seq) {
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
            throw APIError.badRequest("asOf: \"\(text)\" is neither a resourceVersion nor a time like 2026-01-31T12:00:00Z")
        }
        guard seq >= agent.store.floor else { throw APIError(WatchError.expired(floor: agent.store.floor)) }
        guard seq <= agent.store.head else {
            throw APIError.tooLargeResourceVersion(requested: text, current: String(agent.store.head))
        }
        return seq
    }

    private func tableObject(_ request: APIRequest) throws(APIError) -> Table.IncludeObject {
        switch request.query("includeObject") {
        case nil, "", "Metadata": .metadata
        case "Object": .object
        case "None": .none
        case .some(let other): throw .badRequest("includeObject: \"\(other)\" is not one of None, Metadata, Object")
        }
    }
}
