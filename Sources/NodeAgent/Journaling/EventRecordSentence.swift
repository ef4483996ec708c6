import EventLog
import Facts
import JSON
import Journal
import KubernetesAPI

/// What one event of the log says in the journal.
struct EventRecordSentence {
    let event: EventRecord
    let nodeName: String
    /// The request that asked for it, or that began the story it belongs to.
    let request: String?

    private typealias Field = JournalRecord.Field
    private typealias Name = JournalRecord.Field.Name

    func journalRecord() throws -> JournalRecord {
        let fact = try FactCoding.decode(typeName: event.type, schemaVersion: event.schema, data: event.data)
        let isRequest = if case .request = fact { true } else { false }
        var fields = [
            Field(Name.event, EventName.dotted(event.type)),
            Field(Name.sequence, String(event.seq)),
            Field(Name.time, MicroTime(microsecondsSince1970: event.time).description),
            Field(Name.actor, event.actor),
            Field(Name.node, nodeName),
            Field(Name.correlation, String(event.correlation)),
        ]
        if let cause = event.cause { fields.append(Field(Name.cause, String(cause))) }
        if let request { fields.append(Field(Name.requestID, request)) }
        if !event.stream.namespace.isEmpty { fields.append(Field(Name.namespace, event.stream.namespace)) }
        switch fact {
        case .pod(let fact): fields += [Field(Name.resource, resource)] + podFields(fact)
        case .image(let fact): fields += [Field(Name.resource, resource)] + imageFields(fact)
        case .node, .namespace, .configuration, .store: fields.append(Field(Name.resource, resource))
        case .request(.answered(let fact)): fields += requestFields(fact)
        }
        return try JournalRecord(
            message: Sentences.describe(fact, subject: isRequest ? event.actor : subject),
            priority: Self.priority(of: fact),
            facility: event.request == nil ? .daemon : .authorization,
            messageID: MessageID(eventType: event.type),
            fields: fields
        )
    }

    private var subject: String {
        event.stream.namespace.isEmpty ? event.stream.name : "\(event.stream.namespace)/\(event.stream.name)"
    }

    /// "pod/default/web": the singular of the resource, as kubectl writes references.
    private var resource: String {
        let plural = event.stream.resource.plural
        return "\(plural.hasSuffix("s") ? String(plural.dropLast()) : plural)/\(subject)"
    }

    private func podFields(_ fact: PodFact) -> [Field] {
        var fields = [Field(Name.pod, event.stream.name), Field(Name.podUID, event.uid.description)]
        if let container = fact.container {
            fields.append(Field(Name.containerName, container.name))
            fields.append(Field(Name.containerTag, "\(event.stream.name)/\(container.name)"))
        }
        switch fact {
        case .imagePulled(let fact):
            fields.append(Field(Name.imageName, fact.image))
            fields.append(Field(Name.imageDigest, fact.imageRef))
        case .imagePullStarted(let fact): fields.append(Field(Name.imageName, fact.image))
        case .imagePullFailed(let fact):
            fields.append(Field(Name.imageName, fact.image))
            fields.append(Field(Name.reason, fact.reason))
        case .containerCreated(let fact):
            fields += Self.id(fact.containerID)
            fields.append(Field(Name.imageName, fact.image))
        case .containerStarted(let fact):
            fields += Self.id(fact.containerID)
            fields.append(Field(Name.objectPID, String(fact.pid)))
            fields.append(Field(Name.restartCount, String(fact.attempt)))
        case .containerStartFailed(let fact):
            fields += Self.id(fact.containerID)
            fields.append(Field(Name.reason, fact.reason))
        case .containerExited(let fact):
            fields += Self.id(fact.containerID)
            fields.append(Field(Name.exitCode, String(fact.exitCode)))
            fields.append(Field(Name.oomKilled, String(fact.oomKilled)))
            fields.append(Field(Name.restartCount, String(fact.attempt)))
            if let signal = fact.signal { fields.append(Field(Name.signal, String(signal))) }
            if let reason = fact.reason { fields.append(Field(Name.reason, reason)) }
        case .containerKillRequested(let fact):
            fields += Self.id(fact.containerID)
            fields.append(Field(Name.signal, String(fact.signal)))
            fields.append(Field(Name.reason, fact.reason))
        case .containerRemoved(let fact): fields += Self.id(fact.containerID)
        case .execStarted(let fact):
            fields += Self.id(fact.containerID)
            fields.append(Field(Name.execID, fact.execID))
            let command = JSONValue.array(fact.command.map(JSONValue.string))
            fields.append(Field(Name.execCommand, String(decoding: command.bytes(), as: UTF8.self)))
        case .execFinished(let fact):
            fields += Self.id(fact.containerID)
            fields.append(Field(Name.execID, fact.execID))
            if let code = fact.exitCode { fields.append(Field(Name.exitCode, String(code))) }
            if let reason = fact.reason { fields.append(Field(Name.reason, reason)) }
        case .attached(let fact): fields += Self.id(fact.containerID)
        case .sandboxFailed(let fact): fields.append(Field(Name.reason, fact.reason))
        case .warned(let fact): fields.append(Field(Name.reason, fact.reason))
        default: break
        }
        return fields
    }

    private static func id(_ text: String) -> [Field] {
        [Field(Name.containerID, String(text.prefix(12))), Field(Name.containerFullID, text)]
    }

    private func imageFields(_ fact: ImageFact) -> [Field] {
        var fields = [Field(Name.imageName, event.stream.name)]
        let digest: String? =
            switch fact {
            case .imported(let fact): fact.target
            case .fetched(let fact): fact.target
            case .tagged(let fact): fact.target
            case .unpacked, .labelled, .removed: nil
            }
        if let digest { fields.append(Field(Name.imageDigest, digest)) }
        return fields
    }

    private func requestFields(_ fact: APIRequestAnswered) -> [Field] {
        var fields = [
            Field(Name.verb, fact.verb), Field(Name.method, fact.method), Field(Name.uri, fact.uri),
            Field(Name.status, String(fact.status)), Field(Name.duration, String(fact.durationMicroseconds)),
            Field(Name.userAgent, fact.userAgent), Field(Name.remote, fact.remote),
            Field(Name.resource, fact.resource),
        ]
        let parts = fact.resource.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 3, parts[0] == "pod" {
            if event.stream.namespace.isEmpty { fields.append(Field(Name.namespace, parts[1])) }
            fields.append(Field(Name.pod, parts[2]))
        }
        guard let peer = fact.peer else { return fields }
        fields += [
            Field(Name.actorUID, String(peer.uid)), Field(Name.actorGID, String(peer.gid)),
            Field(Name.actorPID, String(peer.pid)),
        ]
        if let command = peer.command { fields.append(Field(Name.actorCommand, command)) }
        if let login = peer.loginUID { fields.append(Field(Name.actorLoginUID, String(login))) }
        if let session = peer.session { fields.append(Field(Name.actorSession, String(session))) }
        if let unit = peer.unit { fields.append(Field(Name.actorUnit, unit)) }
        return fields
    }

    private static func priority(of fact: Fact) -> JournalRecord.Priority {
        switch fact {
        case .pod(.stepPlanned): .debug
        case .pod(.sandboxLost), .pod(.sandboxFailed): .error
        case .pod(.warned), .pod(.containerStartFailed), .pod(.imagePullFailed), .pod(.containerBackedOff),
            .pod(.deadlineExceeded):
            .warning
        case .pod(.containerExited(let fact)): fact.exitCode == 0 ? .informational : .notice
        case .pod(.created), .pod(.replaced), .pod(.patched), .pod(.deletionRequested), .pod(.removed),
            .pod(.execStarted), .pod(.execFinished), .pod(.attached), .namespace, .configuration,
            .image(.imported), .image(.fetched), .image(.removed), .image(.tagged), .image(.labelled),
            .store(.leaseCreated), .store(.leaseChanged), .store(.leaseRemoved), .store(.garbageCollected),
            .store(.contentLabelled), .store(.snapshotLabelled), .store(.namespaceCreated),
            .store(.namespaceLabelled), .store(.namespaceRemoved):
            .notice
        case .request(.answered(let fact)):
            switch fact.status {
            case 401, 403: .warning
            case 500...: .error
            default: .notice
            }
        default: .informational
        }
    }
}
