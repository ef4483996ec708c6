/// A kind of object, by all the words that people use for it.
package struct ResourceKind: Hashable, Sendable {
    /// As in the URL: "pods".
    package let plural: String
    package let singular: String
    package let shortNames: [String]
    package let kind: String
    package let isNamespaced: Bool

    static let pods = ResourceKind("pods", "pod", ["po"], "Pod")
    static let nodes = ResourceKind("nodes", "node", ["no"], "Node", isNamespaced: false)
    static let namespaces = ResourceKind("namespaces", "namespace", ["ns"], "Namespace", isNamespaced: false)
    static let events = ResourceKind("events", "event", ["ev"], "Event")
    static let configMaps = ResourceKind("configmaps", "configmap", ["cm"], "ConfigMap")
    static let secrets = ResourceKind("secrets", "secret", [], "Secret")

    static let known = [pods, nodes, namespaces, events, configMaps, secrets]

    private init(_ plural: String, _ singular: String, _ short: [String], _ kind: String, isNamespaced: Bool = true) {
        self.plural = plural
        self.singular = singular
        self.shortNames = short
        self.kind = kind
        self.isNamespaced = isNamespaced
    }

    /// Finds a kind by any of its words, in any case.
    ///
    /// - Throws: The error that kubectl prints for an unknown one.
    init(word: String) throws(ClientFailure) {
        let lower = word.lowercased()
        for kind in ResourceKind.known
        where kind.plural == lower || kind.singular == lower || kind.shortNames.contains(lower) {
            self = kind
            return
        }
        // kubectl's word for what is in the category "all": here that is pods.
        if lower == "all" {
            self = .pods
            return
        }
        throw .usage(
            "the server doesn't have a resource type \"\(Terminal.safe(word))\"; there are: "
                + ResourceKind.known.map(\.plural).joined(separator: ", ")
        )
    }

    /// Finds a kind by the `kind` of an object.
    init(kind: String, apiVersion: String) throws(ClientFailure) {
        guard apiVersion == "v1", let found = ResourceKind.known.first(where: { $0.kind == kind }) else {
            throw .usage(
                "no matches for kind \"\(Terminal.safe(kind))\" in version \"\(Terminal.safe(apiVersion))\"; of version v1 "
                    + "there are: " + ResourceKind.known.map(\.kind).joined(separator: ", ")
            )
        }
        self = found
    }

    /// The collection, or with a name one object of it. Without a namespace: the collection over all namespaces.
    func target(namespace: String?, name: String? = nil, subresource: String? = nil) -> Target {
        var path = ["api", "v1"]
        if isNamespaced, let namespace { path += ["namespaces", namespace] }
        path.append(plural)
        if let name { path.append(name) }
        if let subresource { path.append(subresource) }
        return Target(path)
    }
}

/// What `get`, `describe` and `delete` are asked about: `pods a b` or `pod/a pod/b`.
struct ResourceArguments: Equatable {
    let kind: ResourceKind
    let names: [String]

    init(_ words: [String]) throws(ClientFailure) {
        guard let first = words.first else {
            throw .usage(
                "you must specify the type of resource: " + ResourceKind.known.map(\.plural).joined(separator: ", ")
            )
        }
        guard first.contains("/") else {
            if let mixed = words.dropFirst().first(where: { $0.contains("/") }) {
                throw .usage("there is no need to specify a resource type as a separate argument beside \"\(mixed)\"")
            }
            kind = try ResourceKind(word: first)
            names = Array(words.dropFirst())
            return
        }
        var kinds: Set<ResourceKind> = []
        var names: [String] = []
        for word in words {
            let parts = word.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw .usage("arguments in resource/name form must have a single resource and name, not \"\(word)\"")
            }
            kinds.insert(try ResourceKind(word: String(parts[0])))
            names.append(String(parts[1]))
        }
        guard let only = kinds.first, kinds.count == 1 else { throw .usage("one type of resource at a time") }
        kind = only
        self.names = names
    }
}
