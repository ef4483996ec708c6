import EventLog
import Facts
import JSON
import Journal

/// The event log as the source of the journal: one record per event, in the log's order.
///
/// The position up to which journald has everything is a consumer position in the log itself, so a restart goes on
/// where the last agent stopped, with repetitions rather than gaps (`SWIFTLET_EVENT_SEQ` tells).
struct LogJournal: JournalSource {
    static let consumer = "journald"

    let store: EventStore
    let nodeName: String

    func records(after position: Int64, limit: Int) throws -> [(position: Int64, record: JournalRecord)] {
        // What was removed from the log before it reached the journal cannot be told any more.
        try store.events(after: max(position, store.floor), limit: limit).map { event in
            (event.seq, try EventRecordSentence(event: event, nodeName: nodeName).journalRecord())
        }
    }

    func savePosition(_ position: Int64) throws {
        // Losing this write means repetitions, not gaps, so nobody waits for it.
        store.submitConsumerPosition(Self.consumer, position)
    }
}

/// What one event of the log says in the journal.
struct EventRecordSentence {
    let event: EventRecord
    let nodeName: String

    func journalRecord() throws -> JournalRecord {
        let fact = try FactCoding.decode(typeName: event.type, schemaVersion: event.schema, data: event.data)
        var fields = [
            JournalRecord.Field("SWIFTLET_EVENT", event.type),
            JournalRecord.Field("SWIFTLET_EVENT_SEQ", String(event.seq)),
            JournalRecord.Field("SWIFTLET_ACTOR", event.actor),
            JournalRecord.Field("SWIFTLET_NODE", nodeName),
            JournalRecord.Field("SWIFTLET_RESOURCE", resource),
            JournalRecord.Field("SWIFTLET_CORRELATION", String(event.correlation)),
        ]
        if let cause = event.cause { fields.append(JournalRecord.Field("SWIFTLET_CAUSE", String(cause))) }
        if let request = event.request { fields.append(JournalRecord.Field("SWIFTLET_REQUEST_ID", request)) }
        if !event.stream.namespace.isEmpty {
            fields.append(JournalRecord.Field("SWIFTLET_NAMESPACE", event.stream.namespace))
        }
        switch fact {
        case .pod(let fact): fields += podFields(fact)
        case .image(let fact): fields += imageFields(fact)
        case .node, .namespace: break
        }
        return try JournalRecord(
            message: Sentences.describe(fact, subject: subject),
            priority: priority(of: fact),
            facility: event.request == nil ? .daemon : .authorization,
            messageID: MessageID(eventType: event.type),
            fields: fields
        )
    }

    private var subject: String {
        event.stream.namespace.isEmpty ? event.stream.name : "\(event.stream.namespace)/\(event.stream.name)"
    }

    private var resource: String { "\(event.stream.resource.plural)/\(subject)" }

    private func podFields(_ fact: PodFact) -> [JournalRecord.Field] {
        var fields = [
            JournalRecord.Field("SWIFTLET_POD", event.stream.name),
            JournalRecord.Field("SWIFTLET_POD_UID", event.uid.description),
        ]
        if let container = fact.container {
            fields.append(JournalRecord.Field("CONTAINER_NAME", container.name))
            fields.append(JournalRecord.Field("CONTAINER_TAG", "\(event.stream.name)/\(container.name)"))
        }
        func id(_ text: String) -> [JournalRecord.Field] {
            [
                JournalRecord.Field("CONTAINER_ID", String(text.prefix(12))),
                JournalRecord.Field("CONTAINER_ID_FULL", text),
            ]
        }
        switch fact {
        case .imagePulled(let fact):
            fields.append(JournalRecord.Field("IMAGE_NAME", fact.image))
            fields.append(JournalRecord.Field("SWIFTLET_IMAGE_DIGEST", fact.imageRef))
        case .containerCreated(let fact):
            fields += id(fact.containerID)
            fields.append(JournalRecord.Field("IMAGE_NAME", fact.image))
        case .containerStarted(let fact):
            fields += id(fact.containerID)
            fields.append(JournalRecord.Field("OBJECT_PID", String(fact.pid)))
            fields.append(JournalRecord.Field("SWIFTLET_RESTART_COUNT", String(fact.attempt)))
        case .containerStartFailed(let fact):
            fields += id(fact.containerID)
            fields.append(JournalRecord.Field("SWIFTLET_REASON", fact.reason))
        case .containerExited(let fact):
            fields += id(fact.containerID)
            fields.append(JournalRecord.Field("SWIFTLET_EXIT_CODE", String(fact.exitCode)))
            fields.append(JournalRecord.Field("SWIFTLET_OOM_KILLED", String(fact.oomKilled)))
            fields.append(JournalRecord.Field("SWIFTLET_RESTART_COUNT", String(fact.attempt)))
            if let signal = fact.signal { fields.append(JournalRecord.Field("SWIFTLET_SIGNAL", String(signal))) }
        case .containerKillRequested(let fact):
            fields += id(fact.containerID)
            fields.append(JournalRecord.Field("SWIFTLET_SIGNAL", String(fact.signal)))
            fields.append(JournalRecord.Field("SWIFTLET_REASON", fact.reason))
        case .containerRemoved(let fact): fields += id(fact.containerID)
        case .execStarted(let fact):
            fields += id(fact.containerID)
            fields.append(JournalRecord.Field("SWIFTLET_EXEC_ID", fact.execID))
            let command = JSONValue.array(fact.command.map(JSONValue.string))
            fields.append(JournalRecord.Field("SWIFTLET_EXEC_CMD", String(decoding: command.bytes(), as: UTF8.self)))
        case .execFinished(let fact):
            fields += id(fact.containerID)
            fields.append(JournalRecord.Field("SWIFTLET_EXEC_ID", fact.execID))
            if let code = fact.exitCode { fields.append(JournalRecord.Field("SWIFTLET_EXIT_CODE", String(code))) }
            if let reason = fact.reason { fields.append(JournalRecord.Field("SWIFTLET_REASON", reason)) }
        case .attached(let fact): fields += id(fact.containerID)
        case .warned(let fact): fields.append(JournalRecord.Field("SWIFTLET_REASON", fact.reason))
        default: break
        }
        return fields
    }

    private func imageFields(_ fact: ImageFact) -> [JournalRecord.Field] {
        var fields = [JournalRecord.Field("IMAGE_NAME", event.stream.name)]
        if case .imported(let fact) = fact { fields.append(JournalRecord.Field("SWIFTLET_IMAGE_DIGEST", fact.target)) }
        return fields
    }

    private func priority(of fact: Fact) -> JournalRecord.Priority {
        switch fact {
        case .pod(.stepPlanned): .debug
        case .pod(.sandboxLost), .pod(.sandboxFailed): .error
        case .pod(.warned), .pod(.containerStartFailed), .pod(.imagePullFailed), .pod(.containerBackedOff),
            .pod(.deadlineExceeded):
            .warning
        case .pod(.containerExited(let fact)): fact.exitCode == 0 ? .informational : .notice
        case .pod(.created), .pod(.replaced), .pod(.patched), .pod(.deletionRequested), .pod(.removed),
            .pod(.execStarted), .pod(.execFinished), .pod(.attached), .namespace,
            .image(.imported), .image(.removed), .image(.tagged):
            .notice
        default: .informational
        }
    }
}
