package import JSON

/// Strategic merge patches (application/strategic-merge-patch+json): merge patches that know which lists are keyed.
///
/// Source: k8s.io/apimachinery, util/strategicpatch, with the keys of core/v1.
package enum StrategicMerge {
    /// The object after the patch. Neither is changed, and the outcome still has to be decoded and validated.
    package static func apply(_ patch: JSONValue, to original: JSONValue) throws(APIError) -> JSONValue {
        guard case .object(let changes) = patch, case .object(let object) = original else {
            throw .badRequest("a strategic merge patch must be an object, found \(patch.kind)")
        }
        return .object(try merge(changes, into: object))
    }

    private enum Strategy {
        /// The patch's list takes the place of the old one.
        case replace
        /// Elements with the same value under the key are merged.
        case key(String)
        /// Texts are added if they are not there.
        case set
    }

    private static func strategy(for field: String) -> Strategy {
        switch field {
        case "containers", "initContainers", "ephemeralContainers", "volumes", "env", "imagePullSecrets", "secrets",
            "resourceClaims", "schedulingGates", "resourceClaimStatuses":
            .key("name")
        case "volumeMounts": .key("mountPath")
        case "volumeDevices": .key("devicePath")
        case "ports": .key("containerPort")
        case "hostAliases", "podIPs", "hostIPs": .key("ip")
        case "conditions", "addresses": .key("type")
        case "ownerReferences": .key("uid")
        case "taints": .key("key")
        case "topologySpreadConstraints": .key("topologyKey")
        case "finalizers", "podCIDRs": .set
        default: .replace
        }
    }

    /// How a list is merged, as a field's schema in OpenAPI says it.
    static func schemaExtensions(of field: String) -> [(name: String, value: JSONValue)] {
        switch strategy(for: field) {
        case .replace: []
        case .set: [("x-kubernetes-patch-strategy", "merge")]
        case .key(let key):
            [
                ("x-kubernetes-patch-merge-key", .string(key)),
                ("x-kubernetes-patch-strategy", field == "volumes" ? "merge,retainKeys" : "merge"),
            ]
        }
    }

    private static let directive = "$patch"
    private static let retainKeys = "$retainKeys"
    private static let orderPrefix = "$setElementOrder/"
    private static let deletionPrefix = "$deleteFromPrimitiveList/"

    // MARK: Objects

    private static func merge(_ patch: JSONObject, into original: JSONObject) throws(APIError) -> JSONObject {
        var original = original
        switch patch[directive]?.stringValue {
        case "replace": return try stripped(patch)
        case "delete": return JSONObject()
        case nil where patch[directive] == nil: break
        case "merge": break
        default:
            throw .badRequest("invalid value \(patch[directive]?.text() ?? "") of $patch: use merge, replace or delete")
        }
        if let keep = patch[retainKeys] {
            guard let names = keep.arrayValue?.compactMap(\.stringValue) else {
                throw .badRequest("$retainKeys must be a list of field names")
            }
            for key in original.keys where !names.contains(key) { original[key] = nil }
        }
        for (key, value) in patch {
            if key.hasPrefix(deletionPrefix) {
                let field = String(key.dropFirst(deletionPrefix.count))
                guard let gone = value.arrayValue else { throw .badRequest("\(key) must be a list") }
                guard let elements = original[field]?.arrayValue else { continue }
                original[field] = .array(elements.filter { !gone.contains($0) })
            }
        }
        for (key, value) in patch where !key.hasPrefix("$") {
            let order = patch[orderPrefix + key]?.arrayValue
            original[key] = try merged(value, into: original[key], key, order)
        }
        // An order may come alone, for a list that is otherwise left as it is.
        for (key, value) in patch where key.hasPrefix(orderPrefix) {
            let field = String(key.dropFirst(orderPrefix.count))
            guard patch[field] == nil, let order = value.arrayValue, let elements = original[field]?.arrayValue else {
                continue
            }
            original[field] = .array(sorted(elements, original: elements, order: order, strategy(for: field)))
        }
        return original
    }

    private static func merged(
        _ value: JSONValue,
        into original: JSONValue?,
        _ field: String,
        _ order: [JSONValue]?
    ) throws(APIError) -> JSONValue? {
        switch (value, original) {
        case (.null, _): return nil
        case (.object(let patch), .object(let object)?): return .object(try merge(patch, into: object))
        case (.object(let patch), _): return .object(try stripped(patch))
        case (.array(let patch), _):
            let elements = original?.arrayValue ?? []
            switch strategy(for: field) {
            case .replace: return value
            case .set: return .array(elements + patch.filter { !elements.contains($0) })
            case .key(let key): return .array(try merge(patch, into: elements, field, key, order))
            }
        default: return value
        }
    }

    /// A patch's object as it is when there is nothing to merge it with: without directives and deletions.
    private static func stripped(_ patch: JSONObject) throws(APIError) -> JSONObject {
        var object = JSONObject()
        for (key, value) in patch where !key.hasPrefix("$") {
            switch value {
            case .null: continue
            case .object(let inner): object[key] = .object(try stripped(inner))
            case .array(let elements):
                if case .key(let name) = strategy(for: key) {
                    object[key] = .array(try merge(elements, into: [], key, name, nil))
                } else {
                    object[key] = value
                }
            default: object[key] = value
            }
        }
        return object
    }

    // MARK: Lists

    private static func merge(
        _ patch: [JSONValue],
        into original: [JSONValue],
        _ field: String,
        _ key: String,
        _ order: [JSONValue]?
    ) throws(APIError) -> [JSONValue] {
        var result = original
        var patched: [JSONValue] = []
        if patch.contains(where: { $0[directive] == "replace" && $0.objectValue?.count == 1 }) {
            return try merge(patch.filter { $0[directive] != "replace" }, into: [], field, key, order)
        }
        for element in patch {
            guard case .object(let change) = element, let name = change[key] else {
                throw .badRequest("\(field): map: \(element.text()) does not contain declared merge key: \(key)")
            }
            let index = result.firstIndex { $0[key] == name }
            if change[directive] == "delete" {
                result.removeAll { $0[key] == name }
                continue
            }
            patched.append(.object([key: name]))
            if let index, case .object(let old) = result[index] {
                result[index] = .object(try merge(change, into: old))
            } else {
                result.append(.object(try stripped(change)))
            }
        }
        return sorted(result, original: original, order: order ?? patched, .key(key))
    }

    /// Puts the elements that `order` names into its order, and the others where they were before them.
    ///
    /// A new element comes before those that the patch does not name; that is what a Kubernetes server does.
    private static func sorted(
        _ elements: [JSONValue],
        original: [JSONValue],
        order: [JSONValue],
        _ strategy: Strategy
    ) -> [JSONValue] {
        func identity(_ element: JSONValue) -> JSONValue {
            guard case .key(let key) = strategy else { return element }
            return element[key] ?? element
        }
        let names = order.map(identity)
        let before = original.map(identity)
        var named: [JSONValue] = []
        for name in names { named += elements.filter { identity($0) == name } }
        var rest = elements.filter { !names.contains(identity($0)) }[...]
        var result: [JSONValue] = []
        for element in named {
            if let place = before.firstIndex(of: identity(element)) {
                while let next = rest.first, let other = before.firstIndex(of: identity(next)), other < place {
                    result.append(next)
                    rest = rest.dropFirst()
                }
            }
            result.append(element)
        }
        return result + rest
    }
}
