import EventLog
import Facts
import Hummingbird
import JSON
import KubernetesAPI
import NodeAgent

/// core/v1 Events: a view of the log, made when asked for. Nothing is aggregated and nothing expires before the log does.
struct EventHandlers: Sendable {
    let agent: Agent

    /// How many of the log's newest events a list without a pod looks at.
    static let window = 20_000

    func list(_ request: APIRequest) async throws -> Response {
        let options = try request.listOptions
        if options.isWatch { return try await watch(request, options) }
        let filter = try ObjectFilter(request, kind: .events)
        let head = agent.store.head
        var found: [[UInt8]] = []
        for record in try records(request, head: head) {
            guard let event = try Self.event(record), Self.isIn(request, event) else { continue }
            let bytes = try JSONCoding.encode(event)
            if try filter.matches(bytes) { found.append(bytes) }
        }
        // All at once, whatever the limit: events are made from the log for this answer, and no later one has the same.
        let metadata = ListMeta(resourceVersion: String(head))
        return try ListDocument.answer(found, metadata, kind: .events, for: request, now: agent.now)
    }

    func get(_ request: APIRequest) async throws -> Response {
        // The name ends with the event's seq in hexadecimal.
        let name = request["name"]
        guard let digits = name.split(separator: ".").last, let seq = Seq(digits, radix: 16), seq > 0,
            let record = try agent.store.event(seq),
            let event = try Self.event(record), event.metadata.name == name,
            event.metadata.namespace == request["namespace"]
        else { throw APIError.notFound(resource: "events", name: name) }
        return try Answer.document(try JSONCoding.encode(event), for: request)
    }

    private func watch(_ request: APIRequest, _ options: ListOptions) async throws -> Response {
        let filter = try ObjectFilter(request, kind: .events)
        let asked = options.resourceVersion ?? 0
        let seconds = options.timeoutSeconds
        let head = agent.store.head
        let initial = asked > 0 ? [] : try records(request, head: head)
        let cursor = try await agent.store.watch(after: asked > 0 ? asked : head, resource: ResourceKind.pods.key)
        let lines = WatchLines(
            agent: agent,
            kind: .events,
            filter: filter,
            asTable: Tables.isWanted(accept: request.raw.headers[.accept])
        )
        return Answer.stream(contentType: Answer.json, of: request) { output in
            let send: @Sendable ([EventRecord]) async throws -> Void = { records in
                var text: [UInt8] = []
                for record in records {
                    guard let event = try Self.event(record), Self.isIn(request, event) else { continue }
                    let bytes = try JSONCoding.encode(event)
                    if try filter.matches(bytes) { text += try lines.line("ADDED", bytes) }
                }
                if !text.isEmpty { try await output.write(text) }
            }
            try await send(initial)
            try await output.within(seconds: seconds) {
                do {
                    while case let records = try await cursor.next(max: 500), !records.isEmpty {
                        try await send(records)
                    }
                } catch let error as WatchError {
                    try await output.write(try lines.failure(error))
                }
            }
        }
    }

    /// The newest events of the log, or the whole history of the pod that the selector names by its uid.
    private func records(_ request: APIRequest, head: Seq) throws -> [EventRecord] {
        let selector = try FieldSelector.parse(request.query("fieldSelector"), for: Event.self)
        if let uid = selector.requiredValue(of: "involvedObject.uid").flatMap({ UID($0) }) {
            do {
                return try agent.store.history(uid: uid)
            } catch {
                guard error == .notFound else { throw error }
                return []
            }
        }
        return try agent.store.events(
            after: max(agent.store.floor, head - Seq(Self.window)),
            limit: Self.window
        )
    }

    private static func isIn(_ request: APIRequest, _ event: Event) -> Bool {
        request.parameters["namespace"].map { $0 == event.metadata.namespace } ?? true
    }

    /// The Event that an event of the log amounts to, if it is about a pod and worth one.
    static func event(_ record: EventRecord) throws -> Event? {
        guard record.stream.resource == ResourceKind.pods.key,
            case .pod(let fact) = try FactCoding.decode(
                typeName: record.type,
                schemaVersion: record.schema,
                data: record.data
            )
        else { return nil }
        let pod = Pod(
            metadata: ObjectMeta(
                name: record.stream.name,
                namespace: record.stream.namespace,
                uid: record.uid.description
            )
        )
        return KubernetesEvents.project(fact, pod: pod, seq: record.seq, time: record.time)
    }
}
