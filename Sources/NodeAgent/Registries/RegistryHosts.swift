import Images
import Linux
import TOMLKit

/// Where the images of a domain may be had, from a directory in the layout of containerd's and docker's `certs.d`:
/// `DOMAIN/hosts.toml` with mirrors, or `DOMAIN/*.crt`, `*.cert` and `*.key`; `_default/` is for all other domains.
struct RegistryHosts: Sendable {
    /// The first that has something for a domain counts.
    let directories: [String]

    /// - Returns: The best place first, the registry itself last; empty if nothing is configured for the domain.
    func endpoints(_ domain: String) throws(ImageError) -> [RegistryEndpoint] {
        for directory in directories {
            for name in RegistryHosts.names(domain) {
                let place = directory + "/" + name
                let file = place + "/hosts.toml"
                if Files.exists(file) {
                    let text: String
                    do { text = try Files.readText(file) } catch {
                        throw .system(error, doing: "reading \(file)")
                    }
                    return try RegistryHosts.parse(text, path: file, domain: domain)
                }
                if name != "_default", Files.exists(place), let endpoint = try RegistryHosts.certificates(place, domain)
                {
                    return [endpoint]
                }
            }
        }
        return []
    }

    /// "localhost:5000" may also be written "localhost_5000_", for file systems that want no colon.
    private static func names(_ domain: String) -> [String] {
        guard let colon = domain.lastIndex(of: ":"), !domain.hasSuffix("]") else { return [domain, "_default"] }
        let port = domain[domain.index(after: colon)...]
        return [domain, "\(domain[..<colon])_\(port)_", "_default"]
    }

    private static func host(_ domain: String) -> String { domain == "docker.io" ? "registry-1.docker.io" : domain }

    // MARK: hosts.toml

    /// Reads a hosts.toml (containerd's documentation, docs/hosts.md).
    static func parse(_ text: String, path: String, domain: String) throws(ImageError) -> [RegistryEndpoint] {
        let table: TOMLTable
        do {
            table = try TOMLText.table(text)
        } catch {
            throw .malformed(what: path, reason: "\(error)")
        }
        let directory = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
        let reader = HostReader(path: path, directory: directory, domain: host(domain))
        var endpoints: [RegistryEndpoint] = []
        if let hosts = table["host"] {
            guard let hosts = hosts.table else { throw .malformed(what: path, reason: "host must be a table") }
            // The parser sorts by name; what counts is the order in the file.
            let place = { (key: String) in text.firstRange(of: "\"\(key)\"")?.lowerBound ?? text.endIndex }
            for key in hosts.keys.sorted(by: { (place($0), $0) < (place($1), $1) }) {
                guard let entry = hosts[key]?.table else {
                    throw .malformed(what: path, reason: "host.\"\(key)\" must be a table")
                }
                endpoints.append(try reader.endpoint(key, entry))
            }
        }
        let server = table["server"]?.string ?? "https://" + reader.domain
        table.remove(at: "host")
        table.remove(at: "server")
        let last = try reader.endpoint(server, table)
        if !endpoints.contains(where: { $0.url == last.url }) { endpoints.append(last) }
        return endpoints
    }

    private struct HostReader {
        let path: String
        let directory: String
        let domain: String

        func endpoint(_ address: String, _ table: TOMLTable) throws(ImageError) -> RegistryEndpoint {
            var url = address.contains("://") ? address : "https://" + address
            guard url.hasPrefix("https://") || url.hasPrefix("http://") else {
                throw .malformed(what: path, reason: "\"\(address)\" is neither an https:// nor an http:// address")
            }
            while url.hasSuffix("/") { url.removeLast() }
            // The path of the address takes the place of "/v2" only if that is said.
            if !(table["override_path"]?.bool ?? false), !url.hasSuffix("/v2") { url += "/v2" }
            var trust = TLSTrust()
            trust.authorities = try files("ca", table["ca"])
            trust.skipsVerification = table["skip_verify"]?.bool ?? false
            if let client = table["client"] {
                let pair = try pair(client)
                trust.certificate = pair.certificate
                trust.key = pair.key
            }
            let rest = url.split(separator: "://", maxSplits: 1).last ?? ""
            let isMirror = String(rest.prefix { $0 != "/" }) != domain
            var endpoint = RegistryEndpoint(
                url: url,
                trust: trust,
                headers: try headers(table["header"]),
                isMirror: isMirror
            )
            if let given = table["capabilities"] {
                let words = try strings("capabilities", given)
                for word in words where !["pull", "resolve", "push", "referrers"].contains(word) {
                    throw .malformed(what: path, reason: "there is no capability \"\(word)\": pull, resolve, push")
                }
                endpoint.canPull = words.contains("pull")
                endpoint.canResolve = words.contains("resolve")
                endpoint.canPush = words.contains("push")
            }
            return endpoint
        }

        private func strings(_ key: String, _ value: any TOMLValueConvertible) throws(ImageError) -> [String] {
            if let text = value.string { return [text] }
            guard let array = value.array else {
                throw .malformed(what: path, reason: "\(key) must be a text or a list of texts")
            }
            var result: [String] = []
            for element in array {
                guard let text = element.string else {
                    throw .malformed(what: path, reason: "\(key) must be a list of texts")
                }
                result.append(text)
            }
            return result
        }

        private func absolute(_ name: String) -> String { name.hasPrefix("/") ? name : directory + "/" + name }

        private func files(_ key: String, _ value: (any TOMLValueConvertible)?) throws(ImageError) -> [String] {
            guard let value else { return [] }
            let paths = try strings(key, value).map(absolute)
            for file in paths where !Files.exists(file) {
                throw .malformed(what: path, reason: "\(key): there is no file \(file)")
            }
            return paths
        }

        /// "both.pem", ["both.pem", …] or [["cert.pem", "key.pem"], …]; the first counts.
        private func pair(_ value: any TOMLValueConvertible) throws(ImageError) -> (certificate: String, key: String?) {
            let first: [String]
            if let pairs = value.array, let inner = pairs.first(where: { $0.array != nil })?.array {
                first = try files("client", inner)
            } else {
                first = Array(try files("client", value).prefix(1))
            }
            guard let certificate = first.first else { throw .malformed(what: path, reason: "client is empty") }
            return (certificate, first.count > 1 && !first[1].hasSuffix("/") ? first[1] : nil)
        }

        private func headers(_ value: (any TOMLValueConvertible)?) throws(ImageError) -> [String] {
            guard let value else { return [] }
            guard let table = value.table else { throw .malformed(what: path, reason: "header must be a table") }
            var lines: [String] = []
            for name in table.keys.sorted() {
                guard let value = table[name] else { continue }
                for text in try strings("header.\(name)", value) {
                    guard !(name + text).utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                        throw .malformed(what: path, reason: "header.\(name) contains a control character")
                    }
                    lines.append("\(name): \(text)")
                }
            }
            return lines
        }
    }

    // MARK: Certificates alone

    /// docker's layout: `*.crt` are authorities, `NAME.cert` with `NAME.key` say who we are.
    private static func certificates(_ directory: String, _ domain: String) throws(ImageError) -> RegistryEndpoint? {
        let names: [String]
        do { names = try Files.list(directory).sorted() } catch {
            throw .system(error, doing: "reading \(directory)")
        }
        var trust = TLSTrust()
        trust.authorities = names.filter { $0.hasSuffix(".crt") }.map { directory + "/" + $0 }
        if let name = names.first(where: { $0.hasSuffix(".cert") }) {
            let key = name.dropLast(".cert".count) + ".key"
            guard names.contains(String(key)) else {
                throw .malformed(what: directory, reason: "\(name) has no \(key) beside it")
            }
            trust.certificate = directory + "/" + name
            trust.key = directory + "/" + key
        }
        guard trust != TLSTrust() else { return nil }
        return RegistryEndpoint(url: "https://\(host(domain))/v2", trust: trust)
    }
}
