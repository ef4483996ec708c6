/// A namespace of images, content labels and leases, as containerd has them; the after-image of the log's events about it.
package struct StoreNamespace: Codable, Hashable, Sendable {
    package var name: String
    package var labels: [String: String]
    /// Microseconds since 1970; nil for one that nobody made: it is there because something is in it.
    package var createdAt: Int64?

    package init(name: String, labels: [String: String] = [:], createdAt: Int64? = nil) {
        self.name = name
        self.labels = labels
        self.createdAt = createdAt
    }
}
