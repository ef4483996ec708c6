import Hummingbird
import JSON
import KubernetesAPI

/// A list of stored documents, put together without decoding them.
enum ListDocument {
    /// The answer to a list: a table for who wants one.
    static func answer(
        _ objects: [[UInt8]],
        _ metadata: ListMeta,
        kind: ResourceKind,
        for request: APIRequest,
        now: Int64
    ) throws -> Response {
        guard Tables.isWanted(accept: request.raw.headers[.accept]) else {
            return try Answer.document(try of(objects, metadata, kind: kind), for: request)
        }
        let table = try kind.table(
            objects,
            ResourceKind.TableRequest(
                now: Time(microsecondsSince1970: now),
                include: try IncludeObject.parse(request.query("includeObject")),
                metadata: metadata
            )
        )
        return try Answer.document(try JSONCoding.encode(table), for: request)
    }

    static func of(_ objects: [[UInt8]], _ metadata: ListMeta, kind: ResourceKind) throws -> [UInt8] {
        var text = Array("{\"kind\":\"\(kind.kind)List\",\"apiVersion\":\"\(kind.apiVersion)\",\"metadata\":".utf8)
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
