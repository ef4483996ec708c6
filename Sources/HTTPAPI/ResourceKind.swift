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
    /// The fields that a field selector may name, by path.
    let fields: @Sendable (_ object: [UInt8]) throws -> [String: String]
    let fieldKind: FieldSelector.Kind

    var apiVersion: String { key.group.isEmpty ? key.version : "\(key.group)/\(key.version)" }

    struct TableRequest: Sendable {
        var now: Int64
        var include: Table.IncludeObject
        var resourceVersion: String
    }

    static let pods = ResourceKind(
        key: ResourceKey(group: "", version: "v1", plural: "pods"),
        kind: "Pod",
        isNamespaced: true,
        table: { objects, request in
            Tables.pods(
                try objects.map { try JSONCoding.decode(Pod.self, from: $0) },
                now: request.now,
                includeObject: request.include,
                resourceVersion: request.resourceVersion
            )
        },
        fields: { FieldSelector.fields(of: try JSONCoding.decode(Pod.self, from: $0)) },
        fieldKind: .pods
    )

    static let nodes = ResourceKind(
        key: ResourceKey(group: "", version: "v1", plural: "nodes"),
        kind: "Node",
        isNamespaced: false,
        table: { objects, request in
            Tables.nodes(
                try objects.map { try JSONCoding.decode(Node.self, from: $0) },
                now: request.now,
                includeObject: request.include,
                resourceVersion: request.resourceVersion
            )
        },
        fields: { FieldSelector.fields(of: try JSONCoding.decode(Node.self, from: $0)) },
        fieldKind: .nodes
    )

    static let namespaces = ResourceKind(
        key: ResourceKey(group: "", version: "v1", plural: "namespaces"),
        kind: "Namespace",
        isNamespaced: false,
        table: { objects, request in
            Tables.namespaces(
                try objects.map { try JSONCoding.decode(Namespace.self, from: $0) },
                now: request.now,
                includeObject: request.include,
                resourceVersion: request.resourceVersion
            )
        },
        fields: { FieldSelector.fields(of: try JSONCoding.decode(Namespace.self, from: $0)) },
        fieldKind: .namespaces
    )

    func stream(namespace: String, name: String) -> StreamRef {
        StreamRef(resource: key, namespace: isNamespaced ? namespace : "", name: name)
    }
}

/// The label and field selector of a request; objects that match both are served.
struct ObjectFilter: Sendable {
    private let labels: LabelSelector?
    private let fields: FieldSelector?
    private let kind: ResourceKind

    init(_ request: APIRequest, kind: ResourceKind) throws(APIError) {
        self.kind = kind
        labels = try request.query("labelSelector").flatMap { (text) throws(APIError) in
            text.isEmpty ? nil : try LabelSelector(parsing: text)
        }
        fields = try request.query("fieldSelector").flatMap { (text) throws(APIError) in
            text.isEmpty ? nil : try FieldSelector(parsing: text, kind: kind.fieldKind)
        }
    }

    /// True if every object passes, so that nothing needs to be decoded.
    var isEmpty: Bool { labels == nil && fields == nil }

    func matches(_ object: [UInt8]) throws -> Bool {
        if let labels {
            let head = try JSONCoding.decode(LabelledObject.self, from: object)
            guard labels.matches(head.metadata.labels ?? [:]) else { return false }
        }
        if let fields {
            guard fields.matches(try kind.fields(object)) else { return false }
        }
        return true
    }

    private struct LabelledObject: Decodable {
        struct Metadata: Decodable {
            var labels: [String: String]?
        }
        var metadata: Metadata
    }
}
