/// An instant, in microseconds since 1970-01-01T00:00:00Z.
package typealias Microseconds = Int64

/// One kind of thing that can be written into the log: a small value with a name and a version.
///
/// The JSON text of a payload has its keys in the order of the properties, which makes it canonical.
package protocol FactPayload: Codable, Hashable, Sendable {
    /// The name in the log, for example `ContainerStarted`. It never changes once it was released.
    static var typeName: String { get }

    /// The version of the payload's fields, counted from 1.
    static var schemaVersion: Int { get }
}

extension FactPayload {
    package static var schemaVersion: Int { 1 }
}

/// In which list of the pod's spec a container stands.
package enum ContainerKind: String, Codable, Hashable, Sendable, CaseIterable {
    /// `spec.initContainers`, also those that go on running (sidecars).
    case initContainer = "init"
    /// `spec.containers`.
    case main
    /// `spec.ephemeralContainers`.
    case ephemeral

    /// The name of the list in the pod's spec, as field paths write it.
    package var specField: String {
        switch self {
        case .initContainer: "initContainers"
        case .main: "containers"
        case .ephemeral: "ephemeralContainers"
        }
    }
}

/// Names one container of a pod. Names are unique over all three lists of a pod.
package struct ContainerRef: Codable, Hashable, Sendable, CustomStringConvertible {
    package var name: String
    package var kind: ContainerKind

    package init(name: String, kind: ContainerKind) {
        self.name = name
        self.kind = kind
    }

    package var description: String { name }

    /// The path that a core/v1 Event gives as `involvedObject.fieldPath`, for example `spec.containers{web}`.
    package var fieldPath: String { "spec.\(kind.specField){\(name)}" }
}
