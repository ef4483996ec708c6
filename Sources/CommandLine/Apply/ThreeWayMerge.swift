import JSON

/// What `apply` makes of three texts: what runs now, what was applied last, and what is to be.
///
/// Fields that the new manifest has get its value. Fields that the last manifest had and the new one has not are
/// removed. All others stay, because the agent or another client set them. A list whose elements have no names is
/// taken as a whole: if the manifest did not change it, it stays as it is, with the defaults in it.
enum ThreeWayMerge {
    static func merge(live: JSONValue, last: JSONValue?, desired: JSONValue) -> JSONValue {
        merge(live, last, desired, field: "")
    }

    private static func merge(_ live: JSONValue, _ last: JSONValue?, _ desired: JSONValue, field: String) -> JSONValue {
        switch (live, desired) {
        case (.object(let liveObject), .object(let desiredObject)):
            return .object(mergeObjects(liveObject, last?.objectValue, desiredObject))
        case (.array(let liveElements), .array(let desiredElements)):
            guard let key = mergeKeys[field], desiredElements.allSatisfy({ $0[key] != nil }) else {
                return last == desired ? live : desired
            }
            return .array(mergeLists(liveElements, last?.arrayValue ?? [], desiredElements, key: key, field: field))
        default:
            return sameText(live, desired) ? live : desired
        }
    }

    private static func mergeObjects(_ live: JSONObject, _ last: JSONObject?, _ desired: JSONObject) -> JSONObject {
        var result = live
        for (key, _) in last ?? JSONObject() where desired[key] == nil { result.removeValue(forKey: key) }
        for (key, value) in desired {
            if value.isNull {
                result.removeValue(forKey: key)
            } else if let present = live[key] {
                result[key] = merge(present, last?[key], value, field: key)
            } else {
                result[key] = value
            }
        }
        return result
    }

    /// Lists whose elements have a name are merged element by element, in the order of the new manifest; elements that
    /// only the live list has stay behind them unless the last manifest had them.
    private static func mergeLists(
        _ live: [JSONValue],
        _ last: [JSONValue],
        _ desired: [JSONValue],
        key: String,
        field: String
    ) -> [JSONValue] {
        func element(_ list: [JSONValue], like other: JSONValue) -> JSONValue? {
            list.first { $0[key] == other[key] }
        }
        var result = desired.map { wanted in
            guard let present = element(live, like: wanted) else { return wanted }
            return merge(present, element(last, like: wanted), wanted, field: "\(field)[]")
        }
        for present in live where element(desired, like: present) == nil && element(last, like: present) == nil {
            result.append(present)
        }
        return result
    }

    /// True for values that the API reads alike: 80 and "80" are the same number of a port, "1" and 1 the same quantity.
    private static func sameText(_ live: JSONValue, _ desired: JSONValue) -> Bool {
        if live == desired { return true }
        switch (live, desired) {
        case (.string(let text), .number(let number)), (.number(let number), .string(let text)):
            return text == number.description
        default: return false
        }
    }

    /// By the name of the list: which field tells its elements apart (the merge keys of core/v1).
    private static let mergeKeys = [
        "containers": "name", "initContainers": "name", "ephemeralContainers": "name", "env": "name", "volumes": "name",
        "imagePullSecrets": "name", "volumeMounts": "mountPath", "volumeDevices": "devicePath",
        "ports": "containerPort",
        "hostAliases": "ip", "ownerReferences": "uid", "taints": "key",
    ]
}
