import Hummingbird
import JSON
import KubernetesAPI

/// One stored document as an answer.
enum SingleDocument {
    /// The answer to a GET of one object, in the form that is wanted.
    ///
    /// - Parameter version: The state of the log that the object is of, for a table.
    /// - Throws: 406 for a form that one object does not have.
    static func answer(
        _ object: [UInt8],
        version: String,
        kind: ResourceKind,
        for request: APIRequest,
        now: Int64
    ) throws -> Response {
        let document: [UInt8]
        switch try ObjectForm.wanted(accept: request.raw.headers[.accept]) {
        case .object: document = object
        case .table:
            document = try kind.tableDocument([object], ListMeta(resourceVersion: version), for: request, now: now)
        case .metadata: document = try JSONCoding.encode(PartialObjectMetadata(ofObject: object))
        case .metadataList: throw notAList
        }
        return try Answer.document(document, for: request)
    }

    /// 406 where one object or one after the other is answered.
    static let notAList = APIError(
        .notAcceptable,
        "you requested PartialObjectMetadataList, but the requested object is not a list"
    )
}

extension ResourceKind {
    func tableDocument(
        _ objects: [[UInt8]],
        _ metadata: ListMeta,
        for request: APIRequest,
        now: Int64
    ) throws -> [UInt8] {
        try JSONCoding.encode(
            table(
                objects,
                TableRequest(
                    now: Time(microsecondsSince1970: now),
                    include: try IncludeObject.parse(request.query("includeObject")),
                    metadata: metadata
                )
            )
        )
    }
}
