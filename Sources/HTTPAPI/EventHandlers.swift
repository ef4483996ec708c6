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
        let version = try await version(options)
        var found: [[UInt8]] = []
        var last: Event?
        var metadata = ListMeta(resourceVersion: String(version))
        for record in try records(request, options.continuation, version: version) {
            guard let event = try Self.event(record), Self.isIn(request, event) else { continue }
            let bytes = try JSONCoding.encode(event)
            guard try filter.matches(bytes) else { continue }
            if let last, found.count == options.limit {
                metadata.continue = Self.continuation(after: last.metadata, version: version).token
                break
            }
            found.append(bytes)
            last = event
        }
        return try ListDocument.answer(found, metadata, kind: .events, for: request, now: agent.now)
    }

    func get(_ request: APIRequest) async throws -> Response {
        let name = request["name"]
        guard let seq = Self.seq(ofEvent: name),
            let record = try agent.store.event(seq),
            let event = try Self.event(record), event.metadata.name == name,
            event.metadata.namespace == request["namespace"]
        else { throw APIError.notFound(resource: "events", name: name) }
        return try SingleDocument.answer(
            try JSONCoding.encode(event),
            version: String(seq),
            kind: .events,
            for: request,
            now: agent.now
        )
    }

    /// The position in the log, with which the name of an event ends in hexadecimal.
    private static func seq(ofEvent name: String) -> Seq? {
        name.split(separator: ".").last.flatMap { Seq($0, radix: 16) }.flatMap { $0 > 0 ? $0 : nil }
    }

    private static func continuation(after last: ObjectMeta, version: Seq) -> ListContinuation {
        ListContinuation(resourceVersion: version, namespace: last.namespace, name: last.name)
    }

    private func watch(_ request: APIRequest, _ options: ListOptions) async throws -> Response {
        let filter = try ObjectFilter(request, kind: .events)
        let form = try WatchLines.form(request)
        let asked = options.resourceVersion ?? 0
        let sendsInitial = options.sendsInitialEvents
        let head = agent.store.head
        let initial = sendsInitial || asked == 0 ? try records(request, nil, version: head) : nil
        let cursor = try await agent.store.watch(after: initial == nil ? asked : head, resource: ResourceKind.pods.key)
        let lines = WatchLines(
            agent: agent,
            kind: .events,
            filter: filter,
            form: form
        )
        return Answer.stream(contentType: Answer.json, of: request) { output in
            let line: @Sendable (EventRecord) throws -> [UInt8] = { record in
                guard let event = try Self.event(record), Self.isIn(request, event) else { return [] }
                let bytes = try JSONCoding.encode(event)
                return try filter.matches(bytes) ? try lines.line("ADDED", bytes) : []
            }
            for record in initial ?? [] {
                if case let text = try line(record), !text.isEmpty { try await output.write(text) }
            }
            if sendsInitial { try await output.write(lines.bookmark(head, endsInitialEvents: true)) }
            do {
                try await WatchHandler.follow(cursor, lines, output, options, line)
            } catch let error as WatchError {
                try await output.write(try lines.failure(error))
            }
        }
    }

    /// The state of the log that a list is of: what is there, and so what a version that is not too old has; exactly that
    /// one if it is asked for.
    private func version(_ options: ListOptions) async throws -> Seq {
        if let version = options.continuation?.resourceVersion { return version }
        try await ListHandler.wait(for: options.resourceVersion, in: agent)
        guard let wanted = options.resourceVersion, wanted > 0, options.isExact else { return agent.store.head }
        guard wanted >= agent.store.floor else { throw WatchError.expired(floor: agent.store.floor) }
        return wanted
    }

    /// The newest events of the log up to a version, or the whole history of the pod that the selector names by its uid;
    /// of both what the parts of the list before have not had.
    private func records(_ request: APIRequest, _ continuation: ListContinuation?, version: Seq) throws -> [EventRecord]
    {
        var begin: Seq = 0
        if let continuation {
            guard let last = Self.seq(ofEvent: continuation.name) else {
                throw APIError.badRequest("continue key is not valid: it names no event; list again without continue")
            }
            guard version >= agent.store.floor else { throw ListHandler.expired(continuation) }
            begin = last
        }
        let selector = try FieldSelector.parse(request.query("fieldSelector"), for: Event.self)
        let records: [EventRecord]
        if let uid = selector.requiredValue(of: "involvedObject.uid").flatMap({ UID($0) }) {
            do {
                records = try agent.store.history(uid: uid)
            } catch {
                guard error == .notFound else { throw error }
                return []
            }
        } else {
            records = try agent.store.events(
                after: max(agent.store.floor, version - Seq(Self.window), begin),
                limit: Self.window
            )
        }
        return records.filter { $0.seq > begin && $0.seq <= version }
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
