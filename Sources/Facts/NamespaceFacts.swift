/// A namespace was created. The Namespace object is the event's after-image.
package struct NamespaceCreated: FactPayload {
    package static let typeName = "NamespaceCreated"

    package init() {}
}

/// A client replaced or patched the namespace. The new object is the event's after-image.
package struct NamespaceReplaced: FactPayload {
    package static let typeName = "NamespaceReplaced"

    package init() {}
}

/// A client asked for the namespace to be deleted; everything in it goes first.
package struct NamespaceDeletionRequested: FactPayload {
    package static let typeName = "NamespaceDeletionRequested"

    package var deletionTimestamp: Microseconds

    package init(deletionTimestamp: Microseconds) {
        self.deletionTimestamp = deletionTimestamp
    }
}

/// The namespace is gone.
package struct NamespaceRemoved: FactPayload {
    package static let typeName = "NamespaceRemoved"

    package init() {}
}
/// Everything that can happen to a namespace. The stream is resource ("", "v1", "namespaces"), no namespace, its name.
package enum NamespaceFact: Hashable, Sendable {
    case created(NamespaceCreated)
    case replaced(NamespaceReplaced)
    case deletionRequested(NamespaceDeletionRequested)
    case removed(NamespaceRemoved)

    /// The value that is written into the log.
    package var payload: any FactPayload {
        switch self {
        case .created(let payload): payload
        case .replaced(let payload): payload
        case .deletionRequested(let payload): payload
        case .removed(let payload): payload
        }
    }
}
