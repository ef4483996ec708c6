import EventLog
import JSON
import KubernetesAPI

/// One part of a list, or all of it.
struct ListPage: Sendable {
    private(set) var items: [EventLog.StoredObject]
    private(set) var metadata: ListMeta

    /// - Parameters:
    ///   - objects: What the list is of, in the order of namespace and name.
    ///   - version: The state of the log that they are of.
    init(_ objects: [EventLog.StoredObject], version: Seq, options: ListOptions, filter: ObjectFilter) throws {
        items = []
        metadata = ListMeta(resourceVersion: String(version))
        let begin = options.continuation.map { last in
            objects.firstIndex { last.precedes(namespace: $0.stream.namespace, name: $0.stream.name) } ?? objects.count
        }
        let rest = objects[(begin ?? 0)...]
        guard let limit = options.limit else {
            items = try filter.isEmpty ? Array(rest) : rest.filter { try filter.matches($0.bytes) }
            return
        }
        for (index, object) in zip(rest.indices, rest) where try filter.matches(object.bytes) {
            guard items.count == limit, let last = items.last else {
                items.append(object)
                continue
            }
            metadata.continue =
                ListContinuation(
                    resourceVersion: version,
                    namespace: last.stream.namespace,
                    name: last.stream.name
                ).token
            // With selectors nobody knows without looking at all of them.
            if filter.isEmpty { metadata.remainingItemCount = Int64(rest.endIndex - index) }
            return
        }
    }
}
