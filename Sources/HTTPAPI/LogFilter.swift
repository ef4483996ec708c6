import EventLog
import Facts
import KubernetesAPI

/// Which events of the log a client wants: those in which every given field of a line has the given value.
struct LogFilter: Sendable {
    /// One field of a line that can be asked for.
    private struct Field: Sendable {
        let name: String
        /// The field's text in an event, and empty where the event has none.
        let value: @Sendable (EventRecord) -> String
        /// The text to look for, in the form that events have it.
        ///
        /// - Throws: A sentence why no event can have that value.
        let wanted: @Sendable (String) throws(Misfit) -> String
    }

    private struct Misfit: Error {
        let why: String
    }

    /// The parameters that are not filters.
    private static let others = ["after", "follow", "limit"]
    private static let fields = [
        Field(name: "type", value: { $0.type }, wanted: { text throws(Misfit) in try oneOf(types, text) }),
        Field(
            name: "kind",
            value: { LogKind.name(of: $0.stream.resource.plural) },
            wanted: { text throws(Misfit) in try oneOf(LogKind.names, text) }
        ),
        // Empty: of what is in no namespace.
        Field(name: "namespace", value: { $0.stream.namespace }, wanted: { text in text }),
        Field(name: "name", value: { $0.stream.name }, wanted: notEmpty),
        Field(
            name: "uid",
            value: { $0.uid.description },
            wanted: { text throws(Misfit) in
                if let uid = UID(text) { return uid.description }
                throw Misfit(why: "is not a uid such as 1b4e28ba-2fa1-4d2e-883f-0016d3cca427")
            }
        ),
        Field(name: "actor", value: { $0.actor }, wanted: notEmpty),
        Field(
            name: "correlation",
            value: { String($0.correlation) },
            wanted: { text throws(Misfit) in
                if let seq = Seq(text), seq > 0 { return String(seq) }
                throw Misfit(why: "is not the seq of an event, which is a whole number from 1 on")
            }
        ),
        // Empty: of what no request has caused.
        Field(name: "request", value: { $0.request ?? "" }, wanted: { text in text }),
    ]

    /// The fields that can be asked for.
    static let names = fields.map(\.name)

    private static let types = FactType.all.map(\.name).sorted()

    private var wanted: [(value: @Sendable (EventRecord) -> String, text: String)] = []

    /// - Throws: 400 for what means nothing here, as otherwise too much would come, or nothing at all: a parameter that
    ///   there is not, or a value that no event can have.
    init(_ parameters: [(name: String, value: String)]) throws(APIError) {
        for (name, text) in parameters {
            let field = Self.fields.first { $0.name == name }
            guard field != nil || Self.others.contains(name) else {
                let known = (Self.others + Self.names).joined(separator: ", ")
                throw .badRequest("\(name): the event log has no such parameter; there are \(known)")
            }
            guard let field else { continue }
            do {
                wanted.append((field.value, try field.wanted(text)))
            } catch {
                throw .badRequest("\(name): \(FieldError.quoted(text)) \(error.why)")
            }
        }
    }

    func matches(_ event: EventRecord) -> Bool { wanted.allSatisfy { $0.value(event) == $0.text } }

    private static func oneOf(_ known: [String], _ text: String) throws(Misfit) -> String {
        if known.contains(text) { return text }
        throw Misfit(why: "is not one of \(known.joined(separator: ", "))")
    }

    private static func notEmpty(_ text: String) throws(Misfit) -> String {
        guard text.isEmpty else { return text }
        throw Misfit(why: "is empty; leave the parameter out to get all")
    }
}

/// The kinds of the objects that events are about.
enum LogKind {
    private static let kinds = [
        "pods": "Pod", "nodes": "Node", "namespaces": "Namespace", "configmaps": "ConfigMap", "secrets": "Secret",
        "images": "Image", "leases": "Lease", "contents": "Content", "snapshots": "Snapshot",
        "storenamespaces": "StoreNamespace", "collections": "Collection", "requests": "Request",
    ]

    static let names = kinds.values.sorted()

    /// The resource's name as a kind: "Pod" for "pods".
    static func name(of plural: String) -> String { kinds[plural] ?? plural }
}
