import JSON

/// An object of which only the metadata is told (meta.k8s.io/v1).
package struct PartialObjectMetadata: Codable, Hashable, Sendable {
    package static let version = "meta.k8s.io/v1"

    package var kind = "PartialObjectMetadata"
    package var apiVersion = PartialObjectMetadata.version
    package var metadata: ObjectMeta

    package init(metadata: ObjectMeta) { self.metadata = metadata }

    /// Of an object of any kind, given as JSON.
    ///
    /// - Throws: the coder's error for what is not the JSON of an object with metadata.
    package init(ofObject document: [UInt8]) throws {
        metadata = try JSONCoding.decode(Head.self, from: document).metadata
    }

    private struct Head: Decodable {
        var metadata: ObjectMeta
    }
}
