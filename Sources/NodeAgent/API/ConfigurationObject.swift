import EventLog
package import KubernetesAPI

/// What a node keeps for its pods and does nothing with by itself: ConfigMaps and Secrets.
package protocol ConfigurationObject: KubernetesAPI.StoredObject {
    /// As in the URL.
    static var plural: String { get }
    var immutable: Bool? { get }

    mutating func applyDefaults()
    func brokenRules() -> [FieldError]
    /// True if what pods get from it is the same.
    func holdsTheSame(as other: Self) -> Bool
}

extension ConfigurationObject {
    static var resource: ResourceKey { ResourceKey(group: "", version: "v1", plural: plural) }

    static func stream(namespace: String, name: String) -> StreamRef {
        StreamRef(resource: resource, namespace: namespace, name: name)
    }
}

extension ConfigMap: ConfigurationObject {
    package static var plural: String { "configmaps" }

    package mutating func applyDefaults() {
        kind = "ConfigMap"
        apiVersion = "v1"
    }

    package func brokenRules() -> [FieldError] { ObjectValidation.validate(self) }

    package func holdsTheSame(as other: ConfigMap) -> Bool { data == other.data && binaryData == other.binaryData }
}

extension Secret: ConfigurationObject {
    package static var plural: String { "secrets" }

    package mutating func applyDefaults() { ObjectDefaults.apply(to: &self) }

    package func brokenRules() -> [FieldError] { ObjectValidation.validate(self) }

    package func holdsTheSame(as other: Secret) -> Bool { data == other.data && type == other.type }
}
