import EventLog
import Hummingbird
import JSON
import KubernetesAPI
import NodeAgent

/// GET /v1/log: the event log itself, one JSON object a line: `?after=SEQ&follow=1&type=PodCreated&name=web`.
struct EventLogHandler: Sendable {
    let agent: Agent

    func log(_ request: APIRequest) async throws -> Response {
        let filter = try LogFilter(request.parsedQuery)
        let after = try request.count("after") ?? 0
        let follow = try request.flag("follow")
        // As in Kubernetes' lists, no limit is 0.
        let limit = try request.count("limit").flatMap { $0 > 0 ? $0 : nil }
        let asEvents = request.prefers("text/event-stream", to: "application/x-ndjson")
        // A stream of server-sent events goes on after the id that the client saw last.
        let resumed = try QueryValue.count(request.raw.headers[.lastEventID], of: "Last-Event-ID") ?? after
        let floor = agent.store.floor
        // Whoever asks for everything gets what there is; whoever resumes must not lose events without being told.
        if resumed > 0, resumed < floor { throw WatchError.expired(floor: floor) }
        let start = max(resumed, floor)
        // What is not there yet is waited for a while, as lists do; a watch does that by itself.
        if !follow, !(await agent.store.reaches(start, within: .seconds(3))) {
            throw WatchError.tooLarge(head: agent.store.head)
        }
        let end = agent.store.head
        let cursor = follow ? try await agent.store.watch(after: start) : nil
        return Answer.stream(
            contentType: asEvents ? "text/event-stream" : "application/x-ndjson",
            of: request
        ) { output in
            var left = limit ?? .max
            if let cursor {
                while !Task.isCancelled, left > 0 {
                    let events = try await cursor.next(max: 500)
                    if events.isEmpty { return }
                    try await Self.write(events, filter, &left, asEvents, to: output)
                }
                return
            }
            var position = start
            while position < end, left > 0 {
                let events = try agent.store.events(after: position, limit: 500)
                guard let last = events.last else { return }
                position = last.seq
                try await Self.write(events.filter { $0.seq <= end }, filter, &left, asEvents, to: output)
            }
        }
    }

    /// Writes those that the client wants, at most as many as are left.
    private static func write(
        _ events: [EventRecord],
        _ filter: LogFilter,
        _ left: inout Int64,
        _ asEvents: Bool,
        to output: StreamWriter
    ) async throws {
        let lines = events.filter(filter.matches).prefix(Int(min(500, left)))
        left -= Int64(lines.count)
        if !lines.isEmpty { try await output.write(lines.flatMap { line($0, asEvent: asEvents) }) }
    }

    static func line(_ event: EventRecord, asEvent: Bool) -> [UInt8] {
        var writer = JSONWriter(reserving: 256 + event.data.count)
        writer.beginObject()
        writer.key("seq")
        writer.int(event.seq)
        writer.key("time")
        writer.string(agentTime(event.time))
        writer.key("type")
        writer.string(event.type)
        writer.key("object")
        writer.beginObject()
        for (name, value) in [
            ("kind", event.stream.resource.plural), ("namespace", event.stream.namespace),
            ("name", event.stream.name), ("uid", event.uid.description),
        ] {
            writer.key(name)
            writer.string(name == "kind" ? LogKind.name(of: value) : value)
        }
        writer.endObject()
        writer.key("actor")
        writer.string(event.actor)
        writer.key("cause")
        if let cause = event.cause { writer.int(cause) } else { writer.null() }
        writer.key("correlation")
        writer.int(event.correlation)
        writer.key("request")
        if let request = event.request { writer.string(request) } else { writer.null() }
        writer.key("data")
        writer.raw(event.data)
        writer.endObject()
        let line = writer.bytes + [0x0A]
        return asEvent ? Array("id: \(event.seq)\ndata: ".utf8) + line + [0x0A] : line
    }
}
