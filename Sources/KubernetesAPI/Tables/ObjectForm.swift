/// What a client wants objects made into.
package enum ObjectForm: Hashable, Sendable {
    /// As they are.
    case object
    case table
    /// ``PartialObjectMetadata``: of one object, or of each in a watch.
    case metadata
    /// A list of ``PartialObjectMetadata``.
    case metadataList

    /// The form of an Accept header that the client likes best of those that this server can make; as they are if nothing is
    /// said.
    ///
    /// - Throws: 406 if the header names only forms of documents that nobody can make.
    /// Source: kube-apiserver, endpoints/handlers/negotiation: `as`, `g` and `v` beside a type of documents.
    package static func wanted(accept: String?) throws(APIError) -> ObjectForm {
        var isRefused = false
        for range in AcceptHeader(accept).preferred where types.contains(range.type) {
            if let form = form(range.parameters) { return form }
            isRefused = true
        }
        if isRefused { throw .notAcceptable(offered: offered) }
        return .object
    }

    private static let types = ["application/json", "application/yaml", "application/*", "*/*"]

    private static let offered = [
        "application/json", "application/yaml", Tables.mediaType,
        "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    ]

    private static func form(_ parameters: some Sequence<String>) -> ObjectForm? {
        var wanted: [Substring: Substring] = [:]
        for parameter in parameters {
            let pair = parameter.split(separator: "=", maxSplits: 1)
            if pair.count == 2, ["as", "g", "v"].contains(pair[0]) { wanted[pair[0]] = pair[1] }
        }
        if wanted.isEmpty { return .object }
        guard wanted["g"] == "meta.k8s.io", wanted["v"] == "v1" else { return nil }
        return switch wanted["as"] {
        case "Table": .table
        case "PartialObjectMetadata": .metadata
        case "PartialObjectMetadataList": .metadataList
        default: nil
        }
    }
}
