/// A ConfigMap or Secret was created. The object is the event's after-image; what it holds is nowhere else in the log.
package struct ConfigurationCreated: FactPayload {
    package static let typeName = "ConfigurationCreated"

    /// "ConfigMap" or "Secret".
    package var kind: String

    package init(kind: String) { self.kind = kind }
}

/// A client replaced or patched a ConfigMap or Secret. The new object is the event's after-image.
package struct ConfigurationChanged: FactPayload {
    package static let typeName = "ConfigurationChanged"

    package var kind: String
    /// The media type of the patch; absent for a replacement.
    package var patchType: String?

    package init(kind: String, patchType: String? = nil) {
        self.kind = kind
        self.patchType = patchType
    }
}

/// A ConfigMap or Secret is gone. What containers have of it stays with them until they end.
package struct ConfigurationRemoved: FactPayload {
    package static let typeName = "ConfigurationRemoved"

    package var kind: String

    package init(kind: String) { self.kind = kind }
}

/// Everything that can happen to a ConfigMap or Secret. The stream is resource ("", "v1", "configmaps" or "secrets"),
/// its namespace, its name.
package enum ConfigurationFact: Hashable, Sendable {
    case created(ConfigurationCreated)
    case changed(ConfigurationChanged)
    case removed(ConfigurationRemoved)

    /// The value that is written into the log.
    package var payload: any FactPayload {
        switch self {
        case .created(let payload): payload
        case .changed(let payload): payload
        case .removed(let payload): payload
        }
    }
}
