import JSON
import KubernetesAPI

/// YAML for people, JSON for programs: both are read, and YAML is written.
enum YAMLText {
    /// The documents of a text.
    static func documents(_ bytes: [UInt8], source: String) throws(ClientFailure) -> [JSONValue] {
        do {
            return try YAML.decode(bytes)
        } catch {
            throw .usage("error parsing \(source): \(error)")
        }
    }

    /// As `kubectl -o yaml` writes it.
    static func encode(_ value: JSONValue) -> String {
        let text = YAML.encode(value)
        return text.hasSuffix("\n") ? text : text + "\n"
    }
}
