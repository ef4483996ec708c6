import EventLog
import Facts
import KubernetesAPI
import Reconciler

/// Reads and writes the facts of pods in the log.
struct PodStream: Sendable {
    static let resource = ResourceKey(group: "", version: "v1", plural: "pods")

    let store: EventStore

    static func reference(namespace: String, name: String) -> StreamRef {
        StreamRef(resource: resource, namespace: namespace, name: name)
    }

    /// Folds a pod's history from its first event.
    ///
    /// - Throws: `FactError` for an event this version does not know: never skipped, the state would be wrong.
    func replay(uid: UID) throws -> PodRecord? {
        var record: PodRecord?
        for event in try store.history(uid: uid) {
            guard
                case .pod(let fact) = try FactCoding.decode(
                    typeName: event.type,
                    schemaVersion: event.schema,
                    data: event.data
                )
            else { throw DocumentError("event \(event.seq) on the stream of a pod is \(event.type)") }
            var object: Pod? =
                switch fact {
                case .created, .replaced, .patched: try event.after.map(ObjectDocument.decodePod)
                default: nil
                }
            // A record has none: it is the log that gives each event its own.
            object?.metadata.resourceVersion = ""
            record = Reconciler.fold(record, fact, object: object)
        }
        return record
    }

    /// A fact as the log takes it, with the pod as it is afterwards.
    ///
    /// - Parameter before: The pod as it is in the log; an unchanged one is not written again.
    func newFact(_ fact: PodFact, before: Pod?, after: Pod?) throws -> NewFact {
        let encoded = try FactCoding.encode(fact)
        var new = NewFact(type: encoded.typeName, schema: encoded.schemaVersion, data: encoded.data)
        if let after, before != after { new.after = try ObjectDocument.image(of: after, \.metadata) }
        if case .removed = fact { new.deletesObject = true }
        return new
    }
}
