package import OCI

/// Something in the stores that is kept while something refers to it.
package enum StoreNode: Hashable, Sendable {
    case content(Digest)
    /// An unpacked layer with all below it, by chain id.
    case layers(Digest)

    /// The digest or chain id.
    package var digest: Digest {
        switch self {
        case .content(let digest), .layers(let digest): digest
        }
    }
}

/// What must be kept: everything that roots lead to.
package enum ReferenceGraph {
    /// Walks from the roots along all references; every node is asked once.
    ///
    /// - Parameter references: What a node refers to directly. What it throws ends the walk: with half a graph nobody knows
    ///   what is garbage.
    package static func reachable<Failure: Error>(
        from roots: some Sequence<StoreNode>,
        references: (StoreNode) throws(Failure) -> [StoreNode]
    ) throws(Failure) -> Set<StoreNode> {
        var reached: Set<StoreNode> = []
        var waiting = Array(roots)
        while let node = waiting.popLast() {
            guard reached.insert(node).inserted else { continue }
            waiting += try references(node)
        }
        return reached
    }
}

/// The labels with which clients of containerd steer its garbage collection (docs/garbage-collection.md there).
package enum CollectionLabels {
    private static let root = "containerd.io/gc.root"
    private static let content = "containerd.io/gc.ref.content"
    private static let snapshot = "containerd.io/gc.ref.snapshot."
    /// On a lease: when it ends, RFC 3339.
    package static let expiry = "containerd.io/gc.expire"
    /// On a lease: what it names is kept, what that refers to is not.
    package static let flat = "containerd.io/gc.flat"

    /// True if the labels keep what carries them although nothing refers to it.
    package static func isRoot(_ labels: [String: String]) -> Bool { labels[root]?.isEmpty == false }

    /// What the labels refer to. A value that is no digest refers to nothing that the stores could have.
    package static func references(_ labels: [String: String]) -> [StoreNode] {
        labels.compactMap { name, value in
            guard let digest = try? Digest(value) else { return nil }  // see above
            if isContent(name) { return .content(digest) }
            return name.hasPrefix(snapshot) ? .layers(digest) : nil
        }
    }

    /// "containerd.io/gc.ref.content", alone or with ".NAME" or "/NAME" behind it.
    private static func isContent(_ name: String) -> Bool {
        guard name.hasPrefix(content) else { return false }
        let rest = name.dropFirst(content.count)
        return rest.isEmpty || rest.first == "." || rest.first == "/"
    }
}
