import EventLog
import JSON
import KubernetesAPI

/// The ConfigMaps and Secrets of a pod's namespace, as they are now.
struct PodConfiguration: Sendable {
    private let find: @Sendable (StreamRef) -> [UInt8]?
    private let namespace: String

    init(namespace: String, find: @escaping @Sendable (StreamRef) -> [UInt8]?) {
        self.namespace = namespace
        self.find = find
    }

    /// The values of a ConfigMap by key; nil if it is not there.
    func configMap(_ name: String) throws(ContainerConfigError) -> [String: [UInt8]]? {
        guard let map = try object(ConfigMap.self, name) else { return nil }
        return map.data.mapValues { Array($0.utf8) }.merging(map.binaryData.mapValues(\.bytes)) { text, _ in text }
    }

    /// The values of a Secret by key; nil if it is not there.
    func secret(_ name: String) throws(ContainerConfigError) -> [String: [UInt8]]? {
        try object(Secret.self, name)?.data.mapValues(\.bytes)
    }

    private func object<Object: ConfigurationObject>(
        _ type: Object.Type,
        _ name: String
    ) throws(ContainerConfigError) -> Object? {
        guard let bytes = find(Object.stream(namespace: namespace, name: name)) else { return nil }
        do {
            return try JSONCoding.decode(type, from: bytes)
        } catch {
            throw ContainerConfigError("\(Object.kindName.lowercased()) \"\(name)\" cannot be read")
        }
    }

    /// One value, as a variable's source names it; nil if it may be missing and is.
    func value(_ kind: Kind, _ name: String, _ key: String, optional: Bool) throws(ContainerConfigError) -> String? {
        guard let values = try values(kind, name, optional: optional) else { return nil }
        guard let value = values[key] else {
            if optional { return nil }
            throw ContainerConfigError("couldn't find key \(key) in \(kind.rawValue) \(namespace)/\(name)")
        }
        return String(decoding: value, as: UTF8.self)
    }

    /// All values of one object; nil if it may be missing and is.
    func values(_ kind: Kind, _ name: String, optional: Bool) throws(ContainerConfigError) -> [String: [UInt8]]? {
        let found =
            switch kind {
            case .configMap: try configMap(name)
            case .secret: try secret(name)
            }
        guard found != nil || optional else {
            throw ContainerConfigError("\(kind.rawValue.lowercased()) \"\(name)\" not found")
        }
        return found
    }

    enum Kind: String {
        case configMap = "ConfigMap"
        case secret = "Secret"
    }
}
