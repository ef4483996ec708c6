/// What a list or a watch asks for beside its selectors, checked.
///
/// Source: k8s.io/apimachinery, meta/v1.ListOptions and its validation.
package struct ListOptions: Hashable, Sendable {
    /// How a resourceVersion other than "0" is meant.
    package enum Match: String, Sendable, CaseIterable {
        case notOlderThan = "NotOlderThan"
        case exact = "Exact"
    }

    package var isWatch = false
    package var allowsBookmarks = false
    package var sendsInitialEvents = false
    /// How many objects a list has at most; nil for all.
    package var limit: Int?
    /// Where the list goes on.
    package var continuation: ListContinuation?
    /// Nil for the newest state, 0 for any.
    package var resourceVersion: Int64?
    package var match: Match?
    /// When a watch ends; nil or 0 for never.
    package var timeoutSeconds: Int64?

    /// Reads them from a query.
    ///
    /// - Throws: 400 for values that are none, 422 for values that exclude each other.
    package init(_ query: (String) -> String?) throws(APIError) {
        isWatch = try QueryValue.flag(query("watch"), of: "watch")
        allowsBookmarks = try QueryValue.flag(query("allowWatchBookmarks"), of: "allowWatchBookmarks")
        sendsInitialEvents = try QueryValue.flag(query("sendInitialEvents"), of: "sendInitialEvents")
        limit = try QueryValue.count(query("limit"), of: "limit").flatMap { $0 > 0 ? Int($0) : nil }
        resourceVersion = try QueryValue.resourceVersion(query("resourceVersion"))
        timeoutSeconds = try QueryValue.count(query("timeoutSeconds"), of: "timeoutSeconds")
        let token = query("continue") ?? ""
        let matchText = query("resourceVersionMatch") ?? ""
        match = Match(rawValue: matchText)
        let errors =
            isWatch
            ? watchErrors(hasInitialEvents: query("sendInitialEvents") != nil, matchText, token)
            : listErrors(hasInitialEvents: query("sendInitialEvents") != nil, matchText, token)
        guard errors.list.isEmpty else {
            throw .invalid(kind: "ListOptions", name: "", errors: errors.list, group: "meta.k8s.io")
        }
        guard !token.isEmpty else { return }
        if let resourceVersion, resourceVersion > 0 {
            throw .badRequest(
                "specifying resource version is not allowed when using continue; leave resourceVersion out"
            )
        }
        continuation = try ListContinuation(token: token)
    }

    /// True if a list shall be of the version that is named and of no newer one. A limit means that, too, unless said
    /// otherwise: see Kubernetes' API concepts.
    package var isExact: Bool { match == .exact || (match == nil && limit != nil) }

    private func listErrors(hasInitialEvents: Bool, _ matchText: String, _ token: String) -> FieldErrors {
        var errors = FieldErrors()
        let path = FieldPath("resourceVersionMatch")
        if !matchText.isEmpty {
            if resourceVersion == nil {
                errors.forbidden(path, "resourceVersionMatch is forbidden unless resourceVersion is provided")
            }
            if !token.isEmpty {
                errors.forbidden(path, "resourceVersionMatch is forbidden when continue is provided")
            }
            if match == nil { errors.notSupported(path, matchText, ["Exact", "NotOlderThan", ""]) }
            if match == .exact, resourceVersion == 0 {
                errors.forbidden(path, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")
            }
        }
        if hasInitialEvents {
            errors.forbidden(FieldPath("sendInitialEvents"), "sendInitialEvents is forbidden for list")
        }
        return errors
    }

    private func watchErrors(hasInitialEvents: Bool, _ matchText: String, _ token: String) -> FieldErrors {
        var errors = FieldErrors()
        let path = FieldPath("resourceVersionMatch")
        if hasInitialEvents {
            if match != .notOlderThan {
                errors.forbidden(path, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
            }
        } else if !matchText.isEmpty {
            errors.forbidden(path, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
        }
        if !matchText.isEmpty, match != .notOlderThan {
            errors.notSupported(path, matchText, ["NotOlderThan", ""])
        }
        if !token.isEmpty { errors.forbidden(FieldPath("continue"), "continue is forbidden for watch") }
        return errors
    }
}
