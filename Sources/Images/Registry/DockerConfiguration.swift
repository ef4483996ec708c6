import JSON

/// The credentials in a docker `config.json`, which is also what an image pull secret of Kubernetes holds.
///
/// Credential helpers are programs: `resolve` runs them, `credentials` does not.
package struct DockerConfiguration: Sendable {
    /// By the key as it is written: "https://index.docker.io/v1/", "localhost:5000", "*.example.com", "example.com/team".
    private var entries: [(key: String, credentials: RegistryCredentials)] = []
    /// Helpers by the key of the registry that they are for.
    private var helpers: [(key: String, helper: String)] = []
    /// The helper for all other registries.
    private var helperForAll: String?
    /// The directories that helpers lie in, separated by colons.
    var helperPath = CredentialHelper.standardPath

    /// Reads `{"auths": {…}}`; with `isLegacy`, the older `.dockercfg`, which is the inner object alone.
    ///
    /// - Throws: `malformed` if it is not JSON or an entry cannot be read.
    package init(_ bytes: [UInt8], isLegacy: Bool = false, what: String = "the docker config.json") throws(ImageError) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw .malformed(what: what, reason: "\(error)")
        }
        guard let auths = isLegacy ? value.objectValue : (value["auths"] ?? [:]).objectValue else {
            throw .malformed(what: what, reason: "it has no object of registries")
        }
        for (key, entry) in auths {
            guard let credentials = try DockerConfiguration.credentials(entry, key, what) else { continue }
            entries.append((key, credentials))
        }
        guard !isLegacy else { return }
        for (key, helper) in value["credHelpers"]?.objectValue ?? [:] {
            if let helper = helper.stringValue { helpers.append((key, helper)) }
        }
        helperForAll = value["credsStore"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The credentials for a repository, from a helper if one is named for it. Blocks while the helper runs.
    ///
    /// - Parameter name: With domain: "docker.io/library/bb".
    package func resolve(_ name: String) throws(ImageError) -> RegistryCredentials? {
        let domain = String(name.prefix { $0 != "/" })
        // Docker stores its own registry under this key.
        let server = domain == "docker.io" ? "https://index.docker.io/v1/" : domain
        if let own = helpers.first(where: { DockerConfiguration.matches($0.key, name) }) {
            return try CredentialHelper.credentials(own.helper, server: own.key, path: helperPath)
        }
        if let known = credentials(for: name) { return known }
        guard let helperForAll else { return nil }
        return try CredentialHelper.credentials(helperForAll, server: server, path: helperPath)
    }

    /// The credentials for a repository; the entry that names it most closely wins, as in a kubelet.
    ///
    /// - Parameter name: With domain: "docker.io/library/bb".
    package func credentials(for name: String) -> RegistryCredentials? {
        entries.filter { DockerConfiguration.matches($0.key, name) }
            .max { DockerConfiguration.place($0.key).utf8.count < DockerConfiguration.place($1.key).utf8.count }?
            .credentials
    }

    private static func credentials(
        _ entry: JSONValue,
        _ key: String,
        _ what: String
    ) throws(ImageError) -> RegistryCredentials? {
        let token = entry["identitytoken"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        var username = entry["username"]?.stringValue ?? ""
        var password = entry["password"]?.stringValue ?? ""
        if let text = entry["auth"]?.stringValue, !text.isEmpty {
            guard let decoded = Base64Bytes(text: text) else {
                throw .malformed(what: what, reason: "\"auth\" of \"\(key)\" is not base64")
            }
            let parts = decoded.bytes.split(separator: 0x3A, maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw .malformed(what: what, reason: "\"auth\" of \"\(key)\" is not USER:PASSWORD")
            }
            username = String(decoding: parts[0], as: UTF8.self)
            // Docker pads some passwords with zero bytes.
            password = String(decoding: parts[1].prefix { $0 != 0 }, as: UTF8.self)
        }
        if username.isEmpty, token == nil { return nil }
        return RegistryCredentials(username: username, password: password, identityToken: token)
    }

    /// Host and path of a key, without scheme, "/v1/" and "/v2/".
    private static func place(_ key: String) -> String {
        var text = key[...]
        for scheme in ["https://", "http://"] where text.hasPrefix(scheme) { text = text.dropFirst(scheme.count) }
        while text.hasSuffix("/") { text = text.dropLast() }
        for version in ["/v1", "/v2"] where text.hasSuffix(version) { text = text.dropLast(version.count) }
        return String(text)
    }

    static func matches(_ key: String, _ name: String) -> Bool {
        let wanted = place(key).split(separator: "/", maxSplits: 1).map(String.init)
        let given = name.split(separator: "/", maxSplits: 1).map(String.init)
        guard let host = wanted.first, let domain = given.first, hostMatches(host, domain) else { return false }
        guard wanted.count == 2 else { return true }
        let path = given.count == 2 ? given[1] : ""
        return path == wanted[1] || path.hasPrefix(wanted[1] + "/")
    }

    /// "*" stands for one label or a part of one; the port must be the same.
    private static func hostMatches(_ pattern: String, _ domain: String) -> Bool {
        let aliases = ["index.docker.io", "registry-1.docker.io", "docker.io"]
        if aliases.contains(domain) { return aliases.contains(pattern) || pattern == "*.docker.io" }
        let labels = pattern.split(separator: ".", omittingEmptySubsequences: false)
        let given = domain.split(separator: ".", omittingEmptySubsequences: false)
        return labels.count == given.count && zip(labels, given).allSatisfy { labelMatches($0, $1) }
    }

    private static func labelMatches(_ pattern: Substring, _ label: Substring) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return pattern == label }
        guard label.hasPrefix(first), label.count >= first.count + last.count, label.hasSuffix(last) else {
            return false
        }
        var rest = label.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let range = rest.firstRange(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        return true
    }
}
