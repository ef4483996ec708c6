/// A lease was made: what it names is kept although nothing else refers to it. The lease is the event's after-image.
package struct LeaseCreated: FactPayload {
    package static let typeName = "LeaseCreated"

    package var labels: [String: String]

    package init(labels: [String: String]) { self.labels = labels }
}

/// A lease names more, or less, than before. The lease is the event's after-image.
package struct LeaseChanged: FactPayload {
    package static let typeName = "LeaseChanged"

    /// "content/sha256:…", "snapshots/overlayfs/KEY", "images/NAME".
    package var added: [String]
    package var removed: [String]

    package init(added: [String], removed: [String]) {
        self.added = added
        self.removed = removed
    }
}

/// A lease is gone. What only it kept is collected later.
package struct LeaseRemoved: FactPayload {
    package static let typeName = "LeaseRemoved"

    package var reason: String

    package init(reason: String) { self.reason = reason }
}

/// The labels of a piece of content were changed; these are all it has now.
package struct ContentLabelled: FactPayload {
    package static let typeName = "ContentLabelled"

    package var labels: [String: String]

    package init(labels: [String: String]) { self.labels = labels }
}

/// The labels of a snapshot were changed; these are all it has now.
package struct SnapshotLabelled: FactPayload {
    package static let typeName = "SnapshotLabelled"

    package var labels: [String: String]

    package init(labels: [String: String]) { self.labels = labels }
}

/// A namespace of the store was made. The namespace is the event's after-image.
package struct StoreNamespaceCreated: FactPayload {
    package static let typeName = "StoreNamespaceCreated"

    package var labels: [String: String]

    package init(labels: [String: String]) { self.labels = labels }
}

/// The labels of a namespace of the store were changed; these are all it has now.
package struct StoreNamespaceLabelled: FactPayload {
    package static let typeName = "StoreNamespaceLabelled"

    package var labels: [String: String]

    package init(labels: [String: String]) { self.labels = labels }
}

/// A namespace of the store, which was empty, is gone.
package struct StoreNamespaceRemoved: FactPayload {
    package static let typeName = "StoreNamespaceRemoved"

    package init() {}
}

/// Nothing refers to these any more: they are about to be removed.
package struct GarbageFound: FactPayload {
    package static let typeName = "GarbageFound"

    /// What the collection followed, for people: "image docker.io/library/bb:1 was removed".
    package var reason: String
    /// Digests.
    package var contents: [String]
    /// Chain ids.
    package var snapshots: [String]

    package init(reason: String, contents: [String], snapshots: [String]) {
        self.reason = reason
        self.contents = contents
        self.snapshots = snapshots
    }
}

/// These were removed. What was found and is not among them was taken into use meanwhile, or the agent was stopped.
package struct GarbageCollected: FactPayload {
    package static let typeName = "GarbageCollected"

    package var reason: String
    /// Digests.
    package var contents: [String]
    /// Chain ids.
    package var snapshots: [String]
    /// Of the contents; what unpacked layers occupied is not counted.
    package var bytes: Int64

    package init(reason: String, contents: [String], snapshots: [String], bytes: Int64) {
        self.reason = reason
        self.contents = contents
        self.snapshots = snapshots
        self.bytes = bytes
    }
}

/// What happens in the stores of content and snapshots beside images. The streams are the internal resources of
/// ("swiftlet.dev", "v1"): "leases", "contents" and "snapshots" in the image namespace, "storenamespaces" in none, and
/// "collections" with one name.
package enum StoreFact: Hashable, Sendable {
    case leaseCreated(LeaseCreated)
    case leaseChanged(LeaseChanged)
    case leaseRemoved(LeaseRemoved)
    case contentLabelled(ContentLabelled)
    case snapshotLabelled(SnapshotLabelled)
    case namespaceCreated(StoreNamespaceCreated)
    case namespaceLabelled(StoreNamespaceLabelled)
    case namespaceRemoved(StoreNamespaceRemoved)
    case garbageFound(GarbageFound)
    case garbageCollected(GarbageCollected)

    /// The value that is written into the log.
    package var payload: any FactPayload {
        switch self {
        case .leaseCreated(let payload): payload
        case .leaseChanged(let payload): payload
        case .leaseRemoved(let payload): payload
        case .contentLabelled(let payload): payload
        case .snapshotLabelled(let payload): payload
        case .namespaceCreated(let payload): payload
        case .namespaceLabelled(let payload): payload
        case .namespaceRemoved(let payload): payload
        case .garbageFound(let payload): payload
        case .garbageCollected(let payload): payload
        }
    }
}
