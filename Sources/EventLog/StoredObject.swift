/// An object as of some seq. Immutable and shared, therefore a class.
package final class StoredObject: Sendable {
    package let stream: StreamRef
    package let uid: UID
    /// How many events it has had.
    package let version: Int64
    /// The seq of the last event that changed the object as served; 0 if it has never had an image.
    package let resourceVersion: Seq
    /// The JSON as served, resourceVersion in place; empty if it has never had an image.
    package let bytes: [UInt8]
    package let createdSeq: Seq
    /// The last event of any kind.
    package let lastSeq: Seq
    /// The row of the projection.
    let row: Int64
    /// Where in `bytes` the digits of the resourceVersion begin; nil if the image has none.
    let digitsOffset: Int?

    init(
        stream: StreamRef,
        uid: UID,
        version: Int64,
        resourceVersion: Seq,
        bytes: [UInt8],
        createdSeq: Seq,
        lastSeq: Seq,
        row: Int64,
        digitsOffset: Int?
    ) {
        self.stream = stream
        self.uid = uid
        self.version = version
        self.resourceVersion = resourceVersion
        self.bytes = bytes
        self.createdSeq = createdSeq
        self.lastSeq = lastSeq
        self.row = row
        self.digitsOffset = digitsOffset
    }

    /// The image without the digits, to be stamped with another seq; nil if it has never had one.
    var unspliced: AfterImage? {
        guard resourceVersion > 0 else { return nil }
        guard let digitsOffset else { return AfterImage(bytes: bytes, resourceVersionOffset: nil) }
        var plain = bytes
        plain.removeSubrange(digitsOffset..<digitsOffset + String(resourceVersion).utf8.count)
        return AfterImage(bytes: plain, resourceVersionOffset: digitsOffset)
    }
}
