import Foundation
import JSON
import KubernetesAPI
import Testing

/// Objects with every field that Kubernetes 1.35 has, each with some value. The file was made from the published models of
/// another client, so it knows nothing of the types here.
@Suite("Every field of the API")
struct EveryFieldTests {
    private let objects: JSONValue

    init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = root.appendingPathComponent("api/golden/kubernetes-every-field.json")
        objects = try JSONValue(parsing: Array(Data(contentsOf: file)))
    }

    private func check<T: Codable & Hashable>(_ type: T.Type, _ name: String) throws {
        let value = try #require(objects[name])
        let (object, issues) = try JSONCoding.decodeStrictly(type, from: value)
        #expect(issues == [], "\(name)")
        // The same fields with the same values come out again, whatever their order.
        #expect(try JSONCoding.value(of: object) == value, "\(name)")
        #expect(try JSONCoding.decode(type, from: JSONCoding.encode(object)) == object, "\(name)")
    }

    @Test("a pod with every field is decoded strictly and printed again with every field")
    func pods() throws {
        try check(Pod.self, "Pod")
        try check(PodList.self, "PodList")
    }

    @Test("so are events, nodes, namespaces, config maps and secrets")
    func others() throws {
        try check(Event.self, "Event")
        try check(Node.self, "Node")
        try check(Namespace.self, "Namespace")
        try check(ConfigMap.self, "ConfigMap")
        try check(Secret.self, "Secret")
    }

    @Test("so are statuses, options and the documents of discovery")
    func documents() throws {
        try check(Status.self, "Status")
        try check(DeleteOptions.self, "DeleteOptions")
        try check(APIVersions.self, "APIVersions")
        try check(APIGroupList.self, "APIGroupList")
        try check(APIResourceList.self, "APIResourceList")
    }

    @Test("the decoder of Foundation reads the same pod, also where types take their members themselves")
    func otherDecoder() throws {
        let text = try #require(objects["Pod"]).bytes()
        #expect(try JSONDecoder().decode(Pod.self, from: Data(text)) == JSONCoding.decode(Pod.self, from: text))
    }

    @Test("a pod with every field survives YAML")
    func yaml() throws {
        let value = try #require(objects["Pod"])
        #expect(try YAML.decode(Array(YAML.encode(value).utf8)) == [value])
    }

    @Test("the OpenAPI document has every field of every object")
    func schemas() throws {
        let document = try OpenAPI.document(version: "v0")
        for name in ["Pod", "Event", "Node", "Namespace", "ConfigMap", "Secret", "DeleteOptions"] {
            let value = try #require(objects[name])
            try check(value, "#/components/schemas/\(SchemaNames.qualified(name))", document, name)
        }
    }

    /// Follows a value and its schema down together.
    private func check(_ value: JSONValue, _ reference: String, _ document: JSONValue, _ path: String) throws {
        var schema = document
        for step in reference.split(separator: "/").dropFirst() {
            schema = try #require(schema[String(step)], "\(path): \(reference)")
        }
        try check(value, schema, document, path)
    }

    private func check(_ value: JSONValue, _ schema: JSONValue, _ document: JSONValue, _ path: String) throws {
        if let reference = schema["$ref"]?.stringValue { return try check(value, reference, document, path) }
        switch (value, schema["type"]?.stringValue) {
        case (.object(let object), "object"):
            for (key, member) in object {
                if let next = schema["properties"]?[key] ?? schema["additionalProperties"] {
                    try check(member, next, document, "\(path).\(key)")
                } else {
                    #expect(schema["properties"] == nil, "\(path).\(key) has no schema")
                }
            }
        case (.array(let elements), "array"):
            for element in elements { try check(element, #require(schema["items"]), document, "\(path)[]") }
        case (.string, "string"), (.number, "integer"), (.bool, "boolean"): break
        default: #expect(schema["oneOf"] != nil, "\(path): \(value.kind) against \(schema)")
        }
    }

    private enum SchemaNames {
        static func qualified(_ name: String) -> String {
            name == "DeleteOptions" ? "io.k8s.apimachinery.pkg.apis.meta.v1.\(name)" : "io.k8s.api.core.v1.\(name)"
        }
    }
}
