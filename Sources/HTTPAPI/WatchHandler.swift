import EventLog
import Hummingbird
import JSON
import KubernetesAPI
import NodeAgent

/// `?watch=1` on a collection: one JSON object a line, from a resourceVersion on, without gap or repetition.
struct WatchHandler: Sendable {
    let agent: Agent
    let kind: ResourceKind

    /// How often a client that asked for bookmarks gets one.
    static let bookmarkInterval = Duration.seconds(60)

    /// So many bytes are written in one piece, give or take one event.
    private static let writeLimit = 64 << 10

    func watch(_ request: APIRequest, _ options: ListOptions) async throws -> Response {
        let namespace = kind.isNamespaced ? request.parameters["namespace"] : nil
        let filter = try ObjectFilter(request, kind: kind)
        let asked = options.resourceVersion ?? 0
        let sendsInitial = options.sendsInitialEvents
        let form = try WatchLines.form(request)
        let initial = sendsInitial || asked == 0 ? agent.store.objects(resource: kind.key, namespace: namespace) : nil
        let cursor = try await agent.store.watch(
            after: initial?.head ?? asked,
            resource: kind.key,
            namespace: namespace
        )
        return Answer.stream(contentType: Answer.json, of: request) { output in
            let lines = WatchLines(agent: agent, kind: kind, filter: filter, form: form)
            if let initial {
                for object in initial.items where try filter.matches(object.bytes) {
                    try await output.write(try lines.line("ADDED", object.bytes))
                }
                if sendsInitial {
                    try await output.write(lines.bookmark(initial.head, endsInitialEvents: true))
                }
            }
            do {
                try await Self.follow(cursor, lines, output, options) { try lines.lines(of: $0) }
            } catch let error as WatchError {
                try await output.write(try lines.failure(error))
            }
        }
    }

    /// Sends what comes until the client goes, the log ends or the time that the client has set is over. With bookmarks
    /// one comes whenever nothing was sent for a while, and one at the end, so that the next watch begins there.
    ///
    /// What is in the log when it begins is sent whatever the time: on a busy machine, or to a client that reads slowly,
    /// one short watch after the other would tell little or nothing otherwise.
    ///
    /// - Parameter written: What an event of the log is to this watch.
    static func follow(
        _ cursor: WatchCursor,
        _ lines: WatchLines,
        _ output: StreamWriter,
        _ options: ListOptions,
        _ written: (EventRecord) throws -> [UInt8]
    ) async throws {
        let clock = ContinuousClock()
        let bookmarks = options.allowsBookmarks
        let end = options.timeoutSeconds.flatMap { $0 > 0 ? clock.now + .seconds(min($0, 1 << 31)) : nil }
        var nextBookmark = clock.now + Self.bookmarkInterval
        let head = lines.agent.store.head
        while !Task.isCancelled {
            let wakes = [end, bookmarks ? nextBookmark : nil].compactMap(\.self)
            let least: Duration = cursor.position < head ? .seconds(1) : .zero
            let events = try await Self.next(cursor, within: wakes.min().map { max($0 - clock.now, least) })
            var text: [UInt8] = []
            if let events {
                if events.isEmpty { return }
                for event in events {
                    text += try written(event)
                    // A client that does not read holds no more than this.
                    guard text.count >= Self.writeLimit else { continue }
                    try await output.write(text)
                    nextBookmark = clock.now + Self.bookmarkInterval
                    text = []
                }
            }
            let isOver = end.map { clock.now >= $0 && cursor.position >= head } ?? false
            if bookmarks, isOver || (text.isEmpty && clock.now >= nextBookmark) {
                text += lines.bookmark(cursor.position, endsInitialEvents: false)
            }
            if !text.isEmpty {
                try await output.write(text)
                nextBookmark = clock.now + Self.bookmarkInterval
            }
            if isOver { return }
        }
    }

    /// The next events; nil if none came in time; empty when the watch is over.
    static func next(_ cursor: WatchCursor, within limit: Duration?) async throws -> [EventRecord]? {
        guard let limit else { return try await cursor.next(max: 500) }
        return try await withThrowingTaskGroup(of: [EventRecord]?.self) { group in
            group.addTask { try await cursor.next(max: 500) }
            group.addTask {
                try? await Task.sleep(for: limit)  // cancelled when events came first; then nobody asks for this result
                return nil
            }
            let first = try await group.next() ?? nil
            group.cancelAll()
            if let first { return first }
            // The cursor may have moved in the same instant: what it has taken would be lost.
            let late = try await group.next() ?? nil
            if let late, !late.isEmpty { return late }
            return Task.isCancelled ? [] : nil
        }
    }
}

/// Writes the lines of one watch.
struct WatchLines: Sendable {
    let agent: Agent
    let kind: ResourceKind
    let filter: ObjectFilter
    let form: ObjectForm

    /// - Throws: 406 for the form of a list.
    static func form(_ request: APIRequest) throws(APIError) -> ObjectForm {
        let form = try ObjectForm.wanted(accept: request.raw.headers[.accept])
        if form == .metadataList { throw SingleDocument.notAList }
        return form
    }

    /// What an event of the log means to this watch: leaving the selector is DELETED, entering it is ADDED.
    func lines(of event: EventRecord) throws -> [UInt8] {
        guard let after = event.after else { return [] }
        let type: String
        switch event.change {
        case .none: return []
        case .added:
            guard try filter.matches(after) else { return [] }
            type = "ADDED"
        case .deleted:
            guard try filter.matches(after) else { return [] }
            type = "DELETED"
        case .modified:
            if filter.isEmpty {
                type = "MODIFIED"
            } else {
                let matches = try filter.matches(after)
                let matched = try agent.store.previousImage(of: event).map(filter.matches) ?? false
                guard matches || matched else { return [] }
                type = matches ? (matched ? "MODIFIED" : "ADDED") : "DELETED"
            }
        }
        return try line(type, after)
    }

    func line(_ type: String, _ object: [UInt8]) throws -> [UInt8] {
        Array("{\"type\":\"\(type)\",\"object\":".utf8) + (try document(object)) + Array("}\n".utf8)
    }

    private func document(_ object: [UInt8]) throws -> [UInt8] {
        switch form {
        case .object, .metadataList: object
        case .metadata: try JSONCoding.encode(PartialObjectMetadata(ofObject: object))
        case .table:
            try JSONCoding.encode(
                kind.table(
                    [object],
                    ResourceKind.TableRequest(
                        now: Time(microsecondsSince1970: agent.now),
                        include: .metadata,
                        metadata: ListMeta()
                    )
                )
            )
        }
    }

    /// Why the watch ends; clients list again.
    func failure(_ error: WatchError) throws -> [UInt8] {
        let status = try JSONCoding.encode(APIError(error).status)
        return Array("{\"type\":\"ERROR\",\"object\":".utf8) + status + Array("}\n".utf8)
    }

    /// "Everything up to here was delivered."
    func bookmark(_ seq: Seq, endsInitialEvents: Bool) -> [UInt8] {
        let annotations = endsInitialEvents ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : ""
        let isWhole = form != .metadata
        let (kindName, version) =
            isWhole ? (kind.kind, kind.apiVersion) : ("PartialObjectMetadata", PartialObjectMetadata.version)
        let empty = isWhole && kind.kind == "Pod" ? ",\"spec\":{\"containers\":null},\"status\":{}" : ""
        return Array(
            ("{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"\(kindName)\",\"apiVersion\":\"\(version)\","
                + "\"metadata\":{\"resourceVersion\":\"\(seq)\",\"creationTimestamp\":null\(annotations)}\(empty)}}\n")
                .utf8
        )
    }
}
