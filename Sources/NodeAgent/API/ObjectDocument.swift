import EventLog
import JSON
import KubernetesAPI

/// Between an object and its after-image in the log: the JSON that GET, LIST and WATCH serve as it is.
enum ObjectDocument {
    /// Encodes an object with a hole where the log writes the resourceVersion.
    static func image<Object: Encodable>(of object: Object, _ metadata: WritableKeyPath<Object, ObjectMeta>) throws
        -> AfterImage
    {
        var object = object
        // Empty strings are left out, so a digit keeps the place; in ObjectMeta only fields that hold no free text of
        // the user's come before it, so the first match is the field itself.
        object[keyPath: metadata].resourceVersion = "0"
        var bytes = try JSONCoding.encode(object)
        let marker = Array("\"resourceVersion\":\"0\"".utf8)
        guard let start = firstIndex(of: marker, in: bytes) else {
            throw DocumentError("the encoded object has no metadata.resourceVersion")
        }
        let digit = start + marker.count - 2
        bytes.remove(at: digit)
        return AfterImage(bytes: bytes, resourceVersionOffset: digit)
    }

    static func decodePod(_ bytes: [UInt8]) throws -> Pod { try JSONCoding.decode(Pod.self, from: bytes) }

    private static func firstIndex(of marker: [UInt8], in bytes: [UInt8]) -> Int? {
        guard let first = marker.first, bytes.count >= marker.count else { return nil }
        var index = 0
        while index <= bytes.count - marker.count {
            if bytes[index] == first, bytes[index..<index + marker.count].elementsEqual(marker) { return index }
            index += 1
        }
        return nil
    }
}

/// A stored object is not what it should be.
struct DocumentError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
