import EventLog
import KubernetesAPI

/// Which events of the log a client wants: those in which every given field of a line has the given value.
struct LogFilter: Sendable {
    /// The parameters that are not filters.
    private static let others = ["after", "follow", "limit"]
    private static let fields: [(name: String, value: @Sendable (EventRecord) -> String)] = [
        ("type", { $0.type }), ("kind", { EventLogHandler.kind(of: $0.stream.resource.plural) }),
        ("namespace", { $0.stream.namespace }), ("name", { $0.stream.name }), ("uid", { $0.uid.description }),
        ("actor", { $0.actor }), ("correlation", { String($0.correlation) }), ("request", { $0.request ?? "" }),
    ]

    private var wanted: [(value: @Sendable (EventRecord) -> String, text: String)] = []

    /// - Throws: 400 for a parameter that means nothing here: without it, too much would come.
    init(_ parameters: [(name: String, value: String)]) throws(APIError) {
        for (name, text) in parameters where !Self.others.contains(name) {
            guard let field = Self.fields.first(where: { $0.name == name }) else {
                let known = (Self.others + Self.fields.map(\.name)).joined(separator: ", ")
                throw .badRequest("\(name): the event log has no such parameter; there are \(known)")
            }
            wanted.append((field.value, text))
        }
    }

    func matches(_ event: EventRecord) -> Bool { wanted.allSatisfy { $0.value(event) == $0.text } }
}
