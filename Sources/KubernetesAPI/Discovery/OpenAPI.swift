package import JSON

/// The OpenAPI v3 documents. kubectl reads them before it creates or changes anything, to see that the server checks fields
/// itself, and for `kubectl explain`.
package enum OpenAPI {
    /// The path of the index.
    package static let indexPath = "/openapi/v3"

    /// The index: where the document of each version is. `hashes` are by version ("v1", "apps/v1") and stand for the
    /// contents: the same hash must mean the same document, because clients keep it.
    package static func index(hashes: [String: String]) -> JSONValue {
        var paths = JSONObject()
        for (groupVersion, hash) in hashes.sorted(by: { $0.key < $1.key }) {
            let path = apiPath(of: groupVersion)
            paths[path] = ["serverRelativeURL": .string("\(indexPath)/\(path)?hash=\(hash)")]
        }
        return ["paths": .object(paths)]
    }

    /// "api/v1", "apis/apps/v1".
    package static func apiPath(of groupVersion: String) -> String {
        groupVersion.contains("/") ? "apis/\(groupVersion)" : "api/\(groupVersion)"
    }

    /// A hash of a document's bytes for ``index(hashes:)`` and ETag: FNV-1a of 64 bits, in hexadecimal.
    package static func hash(_ bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// The document of core/v1. It is big and always the same: make it once, and keep its bytes.
    ///
    /// - Throws: only if a type cannot say what its fields are, which a test rules out.
    package static func document(
        version: String,
        _ resources: [ServedResource] = ServedResource.all
    ) throws -> JSONValue {
        let recorder = SchemaRecorder()
        let types: [any APIObject.Type] = [
            Pod.self, Event.self, Node.self, Namespace.self, ConfigMap.self, Secret.self, DeleteOptions.self,
        ]
        for type in types { _ = try recorder.schema(of: type) }
        _ = try recorder.schema(of: PodList.self)
        _ = try recorder.schema(of: EventList.self)
        _ = try recorder.schema(of: NodeList.self)
        _ = try recorder.schema(of: NamespaceList.self)
        _ = try recorder.schema(of: ConfigMapList.self)
        _ = try recorder.schema(of: SecretList.self)
        _ = try recorder.schema(of: Status.self)

        var schemas = JSONObject()
        for (name, schema) in recorder.schemas.sorted(by: { $0.key < $1.key }) {
            var schema = schema
            // Kinds are found by this mark.
            if schema["properties"]?["kind"] != nil, schema["properties"]?["apiVersion"] != nil,
                schema["properties"]?["metadata"] != nil
            {
                schema["x-kubernetes-group-version-kind"] = [groupVersionKind("", "v1", name)]
            }
            schemas[SchemaRecorder.qualified(name)] = schema
        }
        var paths = JSONObject()
        for resource in resources.sorted(by: { $0.name < $1.name }) where resource.group.isEmpty {
            add(resource, to: &paths)
        }
        return [
            "openapi": "3.0.0", "info": ["title": "Swiftlet", "version": .string(version)], "paths": .object(paths),
            "components": ["schemas": .object(schemas)],
        ]
    }

    private static func groupVersionKind(_ group: String, _ version: String, _ kind: String) -> JSONValue {
        ["group": .string(group), "version": .string(version), "kind": .string(kind)]
    }

    // MARK: Paths

    private static func add(_ resource: ServedResource, to paths: inout JSONObject) {
        let root = "/" + apiPath(of: resource.groupVersion)
        if resource.isNamespaced, resource.verbs.contains("list") {
            let list = operation("list", resource, isList: true, id: "listCoreV1\(resource.kind)ForAllNamespaces")
            paths["\(root)/\(resource.name)"] = ["get": list]
        }
        let collection =
            resource.isNamespaced ? "\(root)/namespaces/{namespace}/\(resource.name)" : "\(root)/\(resource.name)"
        var onCollection = JSONObject()
        var onItem = JSONObject()
        for (verb, method) in [("list", "get"), ("create", "post"), ("deletecollection", "delete")]
        where resource.verbs.contains(verb) {
            onCollection[method] = operation(verb, resource, isList: verb == "list")
        }
        for (verb, method) in [("get", "get"), ("update", "put"), ("patch", "patch"), ("delete", "delete")]
        where resource.verbs.contains(verb) {
            onItem[method] = operation(verb, resource, isList: false)
        }
        if !onCollection.isEmpty { paths[collection] = .object(withNamespace(onCollection, resource)) }
        if !onItem.isEmpty {
            onItem["parameters"] = [pathParameter("name")]
            paths["\(collection)/{name}"] = .object(withNamespace(onItem, resource))
        }
    }

    private static func withNamespace(_ item: JSONObject, _ resource: ServedResource) -> JSONObject {
        guard resource.isNamespaced else { return item }
        var item = item
        item["parameters"] = .array((item["parameters"]?.arrayValue ?? []) + [pathParameter("namespace")])
        return item
    }

    private static func pathParameter(_ name: String) -> JSONValue {
        ["name": .string(name), "in": "path", "required": true, "schema": ["type": "string"]]
    }

    private static func queryParameter(_ name: String, _ type: String) -> JSONValue {
        ["name": .string(name), "in": "query", "schema": ["type": .string(type), "uniqueItems": true]]
    }

    /// A reference to the schema of a kind, and an answer of that kind.
    private static func reference(_ kind: String) -> JSONValue {
        ["$ref": .string("#/components/schemas/\(SchemaRecorder.qualified(kind))")]
    }

    private static func answer(_ description: String, _ schema: JSONValue, alsoYAML: Bool) -> JSONValue {
        var content: JSONObject = ["application/json": ["schema": schema]]
        if alsoYAML { content["application/yaml"] = ["schema": schema] }
        return ["description": .string(description), "content": .object(content)]
    }

    /// - Parameter id: As in Kubernetes' own document: programs name their functions by it.
    private static func operation(
        _ verb: String,
        _ resource: ServedResource,
        isList: Bool,
        id: String? = nil
    ) -> JSONValue {
        let reference = reference(isList || verb == "deletecollection" ? "\(resource.kind)List" : resource.kind)
        let word = ["get": "read", "update": "replace", "deletecollection": "deleteCollection"][verb] ?? verb
        let id = id ?? "\(word)CoreV1\(resource.isNamespaced ? "Namespaced" : "")\(resource.kind)"
        let action = ["create": "post", "update": "put"][verb] ?? verb
        // A deletion answers with the object while something holds it.
        let success =
            verb == "delete" ? ["oneOf": [reference, Self.reference("Status")]] as JSONValue : reference
        var value: JSONValue = [
            "operationId": .string(id), "x-kubernetes-action": .string(action),
            "x-kubernetes-group-version-kind": groupVersionKind(resource.group, resource.version, resource.kind),
            "responses": [
                verb == "create" ? "201" : "200": answer(verb == "create" ? "Created" : "OK", success, alsoYAML: true),
                "default": answer("An error", Self.reference("Status"), alsoYAML: false),
            ],
        ]
        switch verb {
        case "create", "update", "patch":
            // kubectl leaves the checking to servers that list fieldValidation here.
            var parameters = ["dryRun", "fieldManager", "fieldValidation"].map { queryParameter($0, "string") }
            if verb == "patch" { parameters.append(queryParameter("force", "boolean")) }
            value["parameters"] = .array(parameters)
            let types =
                verb == "patch"
                ? [
                    "application/json-patch+json", "application/merge-patch+json",
                    "application/strategic-merge-patch+json",
                ] : ["application/json", "application/yaml"]
            let body: JSONValue = verb == "patch" ? ["type": "object"] : reference
            value["requestBody"] = [
                "content": .object(JSONObject(types.map { ($0, ["schema": body] as JSONValue) })), "required": true,
            ]
        case "list":
            value["parameters"] = .array(
                [
                    ("allowWatchBookmarks", "boolean"), ("continue", "string"), ("fieldSelector", "string"),
                    ("labelSelector", "string"), ("limit", "integer"), ("resourceVersion", "string"),
                    ("resourceVersionMatch", "string"), ("sendInitialEvents", "boolean"),
                    ("timeoutSeconds", "integer"), ("watch", "boolean"),
                ].map { queryParameter($0.0, $0.1) }
            )
        case "delete":
            value["parameters"] = .array(
                [("dryRun", "string"), ("gracePeriodSeconds", "integer"), ("propagationPolicy", "string")]
                    .map { queryParameter($0.0, $0.1) }
            )
        default: break
        }
        return value
    }
}
