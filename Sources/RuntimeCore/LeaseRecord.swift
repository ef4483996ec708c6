import Images
import OCI

/// A claim on things in the store, by containerd's rules: it keeps them until it is removed or has expired. The after-image
/// of the log's events about leases.
package struct LeaseRecord: Codable, Hashable, Sendable {
    /// What a lease names, by containerd's types: "content", "images", "snapshots/overlayfs".
    package struct Resource: Codable, Hashable, Sendable {
        package var type: String
        /// A digest, a name, or a snapshot's key.
        package var id: String

        package init(type: String, id: String) {
            self.type = type
            self.id = id
        }

        /// As the log names it.
        var reference: String { "\(type)/\(id)" }

        /// What of the stores it keeps; nil for an image, and for a writable snapshot, which nobody collects.
        var node: StoreNode? {
            guard let digest = try? Digest(id) else { return nil }  // see above
            if type == "content" { return .content(digest) }
            return type.hasPrefix("snapshots/") ? .layers(digest) : nil
        }
    }

    package var id: String
    package var namespace: String
    package var labels: [String: String]
    package var resources: [Resource]
    /// Microseconds since 1970.
    package var createdAt: Int64
    /// When the lease ends by itself; nil for never.
    package var expiresAt: Int64?

    package init(
        id: String,
        namespace: String,
        labels: [String: String],
        resources: [Resource] = [],
        createdAt: Int64,
        expiresAt: Int64? = nil
    ) {
        self.id = id
        self.namespace = namespace
        self.labels = labels
        self.resources = resources
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    /// True if what the lease names is kept without what that refers to.
    var isFlat: Bool { labels[CollectionLabels.flat]?.isEmpty == false }
}
