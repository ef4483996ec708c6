import Hummingbird
import JSON
import KubernetesAPI

/// A list of stored documents, put together without decoding them.
enum ListDocument {
    /// The answer to a list, in the form that is wanted.
    ///
    /// - Throws: 406 for a form that a list does not have.
    static func answer(
        _ objects: [[UInt8]],
        _ metadata: ListMeta,
        kind: ResourceKind,
        for request: APIRequest,
        now: Int64
    ) throws -> Response {
        let document: [UInt8]
        switch try ObjectForm.wanted(accept: request.raw.headers[.accept]) {
        case .object: document = try of(objects, metadata, kind: kind)
        case .table: document = try kind.tableDocument(objects, metadata, for: request, now: now)
        case .metadataList:
            document = try of(
                objects.map { try JSONCoding.encode(PartialObjectMetadata(ofObject: $0)) },
                metadata,
                kind: "PartialObjectMetadataList",
                apiVersion: PartialObjectMetadata.version
            )
        case .metadata:
            throw APIError(.notAcceptable, "you requested PartialObjectMetadata, but the requested object is a list")
        }
        return try Answer.document(document, for: request)
    }

    static func of(_ objects: [[UInt8]], _ metadata: ListMeta, kind: ResourceKind) throws -> [UInt8] {
        try of(objects, metadata, kind: kind.kind + "List", apiVersion: kind.apiVersion)
    }

    private static func of(
        _ objects: [[UInt8]],
        _ metadata: ListMeta,
        kind: String,
        apiVersion: String
    ) throws -> [UInt8] {
        var text = Array("{\"kind\":\"\(kind)\",\"apiVersion\":\"\(apiVersion)\",\"metadata\":".utf8)
        text += try JSONCoding.encode(metadata)
        text += Array(",\"items\":[".utf8)
        text.reserveCapacity(text.count + objects.reduce(2) { $0 + $1.count + 1 })
        for (index, object) in objects.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text += object
        }
        text += Array("]}".utf8)
        return text
    }
}
