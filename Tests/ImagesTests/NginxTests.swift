import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import Images

/// A registry as the internet has it: behind a server that speaks TLS and HTTP/2, wants certificates, or limits bodies.
@Suite(
    "With nginx before docker-registry",
    .enabled(
        if: DockerRegistry.isInstalled && NginxProxy.isInstalled,
        "needs docker-registry and nginx (apt install docker-registry nginx-light)"
    )
)
struct NginxTests {
    private func configuration(
        _ proxy: borrowing NginxProxy,
        at host: String? = nil,
        _ change: (inout TLSTrust) -> Void = { _ in }
    ) -> RegistryConfiguration {
        var trust = TLSTrust()
        trust.authorities = [proxy.directory.path + "/ca.pem"]
        change(&trust)
        let endpoint = RegistryEndpoint(url: "https://\(host ?? proxy.host)/v2", trust: trust)
        var configuration = RegistryConfiguration()
        configuration.endpoints = { (_) throws(ImageError) in [endpoint] }
        configuration.backoff = 1
        configuration.proxies = ProxyEnvironment { _ in nil }
        return configuration
    }

    private func image(_ fixture: borrowing ImageFixture, layers count: Int) throws -> ImportedImage {
        let layers = (0..<count).map { number in
            var tar = TarBuilder()
            tar.file("file-\(number)", String(repeating: "\(number)", count: 50_000))
            return tar.finished()
        }
        return try #require(try fixture.importBytes(Archive.docker(layers)).first)
    }

    @Test("a push and a pull of many layers go over one connection each, with HTTP/2")
    func http2() throws {
        let registry = try DockerRegistry()
        let proxy = try NginxProxy(to: registry.host)
        let fixture = try ImageFixture()
        let image = try image(fixture, layers: 8)
        let reference = try ImageReference("\(proxy.host)/some/bb:1")
        try RegistryClient(store: fixture.store, configuration: configuration(proxy)).push(image.target, to: reference)
        let pushes = try proxy.requests()
        #expect(pushes.count { $0.method == "PUT" } == 10)
        #expect(Set(pushes.map(\.version)) == ["HTTP/2.0"])
        #expect(Set(pushes.map(\.connection)).count == 1)

        try proxy.forgetRequests()
        let other = try ImageFixture()
        let pulled = try RegistryClient(store: other.store, configuration: configuration(proxy)).pull(reference)
        #expect(pulled.target.digest == image.target.digest)
        let pulls = try proxy.requests()
        #expect(pulls.count { $0.path.contains("/blobs/") } == 9)
        #expect(Set(pulls.map(\.version)) == ["HTTP/2.0"])
        #expect(Set(pulls.map(\.connection)).count == 1)
    }

    @Test("a registry that wants a certificate gets ours, and says so to those who show none")
    func clientCertificate() throws {
        let registry = try DockerRegistry()
        let proxy = try NginxProxy(
            to: registry.host,
            options: "ssl_client_certificate DIR/ca.pem; ssl_verify_client on;"
        )
        let fixture = try ImageFixture()
        let image = try image(fixture, layers: 1)
        let reference = try ImageReference("\(proxy.host)/some/bb:1")
        let (certificate, key) = (proxy.directory.path + "/client.pem", proxy.directory.path + "/client.key")
        let known = configuration(proxy) {
            $0.certificate = certificate
            $0.key = key
        }
        try RegistryClient(store: fixture.store, configuration: known).push(image.target, to: reference)
        let other = try ImageFixture()
        _ = try RegistryClient(store: other.store, configuration: known).pull(reference)
        #expect(try other.store.list() == fixture.store.list())

        let empty = try ImageFixture()
        let unknown = configuration(proxy)
        var error = #expect(throws: ImageError.self) {
            try RegistryClient(store: empty.store, configuration: unknown).pull(reference)
        }
        #expect(
            error?.description.contains("No required SSL certificate was sent") == true,
            "\(String(describing: error))"
        )
        // Nobody is let in by a key that does not belong to the certificate, or a file that is not there.
        for (certificate, key) in [(certificate, proxy.directory.path + "/key.pem"), ("/nonexistent.pem", key)] {
            let broken = configuration(proxy) {
                $0.certificate = certificate
                $0.key = key
            }
            error = #expect(throws: ImageError.self) {
                try RegistryClient(store: empty.store, configuration: broken).pull(reference)
            }
            #expect(error?.description.contains(".pem") == true, "\(String(describing: error))")
        }
        #expect(try empty.leftovers() == [])
    }

    @Test("a certificate of nobody we know is taken when verification is off, and only then")
    func skipVerify() throws {
        let registry = try DockerRegistry()
        let proxy = try NginxProxy(to: registry.host)
        let fixture = try ImageFixture()
        let image = try image(fixture, layers: 1)
        let reference = try ImageReference("\(proxy.host)/some/bb:1")
        let careless = configuration(proxy) {
            $0.authorities = []
            $0.skipsVerification = true
        }
        try RegistryClient(store: fixture.store, configuration: careless).push(image.target, to: reference)
        let careful = configuration(proxy) { $0.authorities = [] }
        let error = #expect(throws: ImageError.self) {
            try RegistryClient(store: fixture.store, configuration: careful).pull(reference)
        }
        #expect(error?.description.lowercased().contains("certificate") == true, "\(String(describing: error))")
    }

    @Test("a layer that is too large for one request goes up in pieces")
    func pieces() throws {
        let registry = try DockerRegistry()
        let proxy = try NginxProxy(to: registry.host, options: "client_max_body_size 17m;")
        let fixture = try ImageFixture()
        var random = SplitMix(state: 7)
        var tar = TarBuilder()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(36 << 20)
        while bytes.count < 36 << 20 {
            unsafe withUnsafeBytes(of: random.next()) { unsafe bytes.append(contentsOf: $0) }
        }
        tar.file("big", bytes: bytes)
        let image = try #require(try fixture.importBytes(Archive.docker([tar.finished()])).first)
        let reference = try ImageReference("\(proxy.host)/some/big:1")
        try RegistryClient(store: fixture.store, configuration: configuration(proxy)).push(image.target, to: reference)
        let requests = try proxy.requests()
        // Over HTTP/2 it is answered more than once (two were seen): perhaps the stream breaks before the answer is read.
        #expect(requests.contains { $0.status == "413" })
        #expect(requests.count { $0.method == "PATCH" && $0.status == "202" } == 3)
        let other = try ImageFixture()
        _ = try RegistryClient(store: other.store, configuration: configuration(proxy)).pull(reference)
        #expect(try other.store.list() == fixture.store.list())
    }

    @Test("a registry with TLS is reached through a tunnel of the proxy that HTTPS_PROXY names")
    func tunnel() throws {
        let registry = try DockerRegistry()
        let server = try NginxProxy(to: registry.host)
        let tunnel = try ChaosProxy(to: UInt16(server.port), isAskedFirst: true)
        defer { tunnel.stop() }
        let fixture = try ImageFixture()
        let image = try image(fixture, layers: 2)
        // The proxy finds the name; this machine could not.
        let place = "registry.invalid:\(server.port)"
        var configuration = configuration(server, at: place)
        configuration.proxies = ProxyEnvironment { ["HTTPS_PROXY": "http://\(tunnel.host)"][$0] }
        let reference = try ImageReference("\(place)/some/bb:1")
        try RegistryClient(store: fixture.store, configuration: configuration).push(image.target, to: reference)
        let other = try ImageFixture()
        _ = try RegistryClient(store: other.store, configuration: configuration).pull(reference)
        #expect(try other.store.list() == fixture.store.list())
        #expect(Set(tunnel.tunnels) == ["CONNECT \(place) HTTP/1.1"])

        configuration.retries = 0
        configuration.proxies = ProxyEnvironment {
            ["HTTPS_PROXY": "http://\(tunnel.host)", "NO_PROXY": ".invalid"][$0]
        }
        let before = tunnel.tunnels.count
        let error = #expect(throws: ImageError.self) {
            try RegistryClient(store: fixture.store, configuration: configuration).pull(reference)
        }
        #expect(error?.description.contains("resolve host") == true, "\(String(describing: error))")
        #expect(tunnel.tunnels.count == before)
    }
}
