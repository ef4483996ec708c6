package import OCI

/// A name in the image store of one namespace and what it stands for; the after-image of the log's image events.
package struct ImageRecord: Codable, Hashable, Sendable {
    /// Normalised: "docker.io/library/bb:1".
    package var name: String
    package var namespace: String
    /// The manifest or index.
    package var target: ContentDescriptor
    /// Of manifest, configuration and layers as stored, in bytes.
    package var sizeBytes: Int64
    package var labels: [String: String]
    /// Microseconds since 1970.
    package var createdAt: Int64
    package var updatedAt: Int64
}
