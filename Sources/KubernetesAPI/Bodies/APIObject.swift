/// An object that a request's body can hold.
package protocol APIObject: Codable, Hashable, Sendable {
    /// The kind that the body must name, if it names one.
    static var kindName: String { get }
    /// The versions that the body may name; the first is the one that is assumed.
    static var versions: [String] { get }

    var kind: String { get set }
    var apiVersion: String { get set }
}

/// An object with metadata, which can be stored.
package protocol StoredObject: APIObject {
    var metadata: ObjectMeta { get set }
}

extension APIObject {
    package static var versions: [String] { ["v1"] }
}

extension Pod: StoredObject { package static var kindName: String { "Pod" } }
extension Event: StoredObject { package static var kindName: String { "Event" } }
extension Node: StoredObject { package static var kindName: String { "Node" } }
extension Namespace: StoredObject { package static var kindName: String { "Namespace" } }
extension ConfigMap: StoredObject { package static var kindName: String { "ConfigMap" } }
extension Secret: StoredObject { package static var kindName: String { "Secret" } }
extension DeleteOptions: APIObject {
    package static var kindName: String { "DeleteOptions" }
    package static var versions: [String] { ["v1", "meta.k8s.io/v1", "policy/v1"] }
}
