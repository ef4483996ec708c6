extension JSONValue {
    /// The value after a merge patch (RFC 7386): objects are merged member by member, null removes a member, and
    /// anything else replaces what was there.
    ///
    /// Takes time linear in both values. New members come after the old ones, in the order of the patch.
    package func merging(patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        guard case .object(let original) = self else { return JSONObject().merging(changes) }
        return original.merging(changes)
    }
}

extension JSONObject {
    fileprivate func merging(_ changes: JSONObject) -> JSONValue {
        var merged = JSONObject()
        merged.reserveCapacity(count)
        for (key, value) in self {
            guard let change = changes[key] else {
                merged.append(key, value)
                continue
            }
            if !change.isNull { merged.append(key, value.merging(patch: change)) }
        }
        for (key, change) in changes where !change.isNull && !contains(key) {
            merged.append(key, JSONValue.null.merging(patch: change))
        }
        return .object(merged)
    }
}
