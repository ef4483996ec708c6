import EventLog
import JSON
import KubernetesAPI

/// A kind of object that is stored in the log and served as it is there.
struct ResourceKind: Sendable {
    let key: ResourceKey
    /// "Pod".
    let kind: String
    let isNamespaced: Bool
    /// Makes a Table of these objects (their JSON, in order).
    let table: @Sendable (_ objects: [[UInt8]], _ request: TableRequest) throws -> Table
    /// Reads the field selector of a query into a test of one object's JSON; nil if everything passes.
    let fieldTest: @Sendable (_ query: String?) throws(APIError) -> (@Sendable ([UInt8]) throws -> Bool)?

    var apiVersion: String { key.group.isEmpty ? key.version : "\(key.group)/\(key.version)" }

    struct TableRequest: Sendable {
        var now: Time
        var include: IncludeObject
        var metadata: ListMeta
        var withColumns = true
    }

    static let pods = of(Pod.self, plural: "pods", kind: "Pod", isNamespaced: true)
    static let nodes = of(Node.self, plural: "nodes", kind: "Node", isNamespaced: false)
    static let namespaces = of(Namespace.self, plural: "namespaces", kind: "Namespace", isNamespaced: false)
    static let configMaps = of(ConfigMap.self, plural: "configmaps", kind: "ConfigMap", isNamespaced: true)
    static let secrets = of(Secret.self, plural: "secrets", kind: "Secret", isNamespaced: true)
    static let events = of(Event.self, plural: "events", kind: "Event", isNamespaced: true)

    private static func of<Object: TableObject & FieldSelectable & Decodable & Sendable>(
        _ type: Object.Type,
        plural: String,
        kind: String,
        isNamespaced: Bool
    ) -> ResourceKind {
        ResourceKind(
            key: ResourceKey(group: "", version: "v1", plural: plural),
            kind: kind,
            isNamespaced: isNamespaced,
            table: { objects, request in
                try Tables.table(
                    objects.map { try JSONCoding.decode(type, from: $0) },
                    metadata: request.metadata,
                    includeObject: request.include,
                    withColumns: request.withColumns,
                    now: request.now
                )
            },
            fieldTest: { query throws(APIError) in
                let selector = try FieldSelector.parse(query, for: type)
                guard !selector.terms.isEmpty else { return nil }
                return { selector.matches(try JSONCoding.decode(type, from: $0)) }
            }
        )
    }

    func stream(namespace: String, name: String) -> StreamRef {
        StreamRef(resource: key, namespace: isNamespaced ? namespace : "", name: name)
    }
}

/// The label and field selector of a request; objects that match both are served.
struct ObjectFilter: Sendable {
    private let labels: LabelQuery?
    private let fields: (@Sendable ([UInt8]) throws -> Bool)?

    init(_ request: APIRequest, kind: ResourceKind) throws(APIError) {
        let query = try LabelQuery.parse(request.query("labelSelector"))
        labels = query.requirements.isEmpty ? nil : query
        fields = try kind.fieldTest(request.query("fieldSelector"))
    }

    /// True if every object passes, so that nothing needs to be decoded.
    var isEmpty: Bool { labels == nil && fields == nil }

    func matches(_ object: [UInt8]) throws -> Bool {
        if let labels {
            let head = try JSONCoding.decode(LabelledObject.self, from: object)
            guard labels.matches(head.metadata.labels ?? [:]) else { return false }
        }
        if let fields { return try fields(object) }
        return true
    }

    private struct LabelledObject: Decodable {
        struct Metadata: Decodable {
            var labels: [String: String]?
        }
        var metadata: Metadata
    }
}
