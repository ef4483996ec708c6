package import OCI

/// Who asks a registry.
package struct RegistryCredentials: Hashable, Sendable {
    package var username: String
    package var password: String
    /// A refresh token in the place of a password, as `docker login` stores it for some registries.
    package var identityToken: String?

    package init(username: String, password: String, identityToken: String? = nil) {
        self.username = username
        self.password = password
        self.identityToken = identityToken
    }
}

/// A place that serves the images of a registry: the registry itself, or a mirror of it.
package struct RegistryEndpoint: Hashable, Sendable {
    /// With scheme and path: "https://registry-1.docker.io/v2".
    package var url: String
    package var trust: TLSTrust
    /// Further headers for every request: "Name: value".
    package var headers: [String]
    /// A mirror of several registries is told which one is meant (the parameter `ns`).
    package var isMirror: Bool
    /// False for a mirror that must not say what a tag stands for, only deliver what has a digest.
    package var canResolve: Bool
    /// Delivers content.
    package var canPull = true
    /// Takes content.
    package var canPush = true
    /// Nobody asked for TLS in particular: a registry on this machine may speak plain text.
    var mayUsePlainText = false

    package init(
        url: String,
        trust: TLSTrust = TLSTrust(),
        headers: [String] = [],
        isMirror: Bool = false,
        canResolve: Bool = true
    ) {
        self.url = url
        self.trust = trust
        self.headers = headers
        self.isMirror = isMirror
        self.canResolve = canResolve
    }

    var isPlainText: Bool { url.hasPrefix("http://") }

    /// Host and port, for messages.
    var host: String {
        let rest = url.split(separator: "://", maxSplits: 1).last ?? ""
        return String(rest.prefix { $0 != "/" })
    }
}

/// How to reach registries. A value; the agent makes it from its configuration.
package struct RegistryConfiguration: Sendable {
    /// Where to look for the images of a domain, the best place first; empty for the usual place.
    ///
    /// - Throws: What is wrong with the configuration of that domain.
    package var endpoints: @Sendable (_ domain: String) throws(ImageError) -> [RegistryEndpoint] = {
        (_) throws(ImageError) in []
    }
    /// Who may ask for an image, the best guess first; empty for anybody.
    package var credentials: @Sendable (ImageReference) throws(ImageError) -> [RegistryCredentials] = {
        (_) throws(ImageError) in []
    }
    package var proxies: ProxyEnvironment = .process
    /// Transfers at a time.
    package var parallelDownloads = 4
    /// How often a transfer is tried again after the network or the registry failed.
    package var retries = 5
    /// Seconds without a byte after which a connection counts as dead.
    package var patience = 60
    /// Milliseconds before the first repetition; doubled for each further one.
    package var backoff = 500
    /// Layers of an image.
    package var layerLimit = 500

    package init() {}

    /// Where to look for the images of a domain.
    ///
    /// - Parameter plainText: Without TLS, because somebody asked for that.
    func places(_ domain: String, plainText: Bool) throws(ImageError) -> [RegistryEndpoint] {
        let configured = try endpoints(domain)
        let all = configured.isEmpty ? RegistryConfiguration.standard(domain) : configured
        guard plainText else { return all }
        return all.map { endpoint in
            var endpoint = endpoint
            if endpoint.url.hasPrefix("https://") { endpoint.url = "http" + endpoint.url.dropFirst("https".count) }
            return endpoint
        }
    }

    /// The usual place of a domain. A registry on this machine may speak plain text; any other must speak TLS.
    static func standard(_ domain: String) -> [RegistryEndpoint] {
        let host = domain == ImageReference.defaultDomain ? "registry-1.docker.io" : domain
        var endpoint = RegistryEndpoint(url: "https://\(host)/v2")
        endpoint.mayUsePlainText = isLoopback(host)
        return [endpoint]
    }

    /// True for "localhost", 127.0.0.0/8 and [::1], with or without a port.
    static func isLoopback(_ host: String) -> Bool {
        if host.hasPrefix("[") { return host.hasPrefix("[::1]") }
        let name = host.prefix { $0 != ":" }
        if name == "localhost" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
