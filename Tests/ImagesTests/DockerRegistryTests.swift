import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import Images

/// Pushes to and pulls from a real registry.
@Suite(
    "With docker-registry",
    .enabled(if: DockerRegistry.isInstalled, "needs docker-registry (apt install docker-registry)")
)
struct DockerRegistryTests {
    private func layers() throws -> [[UInt8]] {
        var second = TarBuilder()
        second.file("etc/motd", "hello")
        return [try Archive.busybox(), second.finished()]
    }

    /// Pushes an image, pulls it into an empty store, and runs from it.
    private func roundTrip(
        _ registry: borrowing DockerRegistry,
        configuration: RegistryConfiguration = RegistryConfiguration(),
        credentials: RegistryCredentials? = nil
    ) throws {
        let fixture = try ImageFixture()
        let image = try #require(try fixture.importBytes(Archive.docker(try layers())).first)
        let reference = try ImageReference("\(registry.host)/some/bb:1")
        var pushed: [PushProgress] = []
        let client = RegistryClient(store: fixture.store, configuration: configuration)
        try client.push(image.target, to: reference, options: .by(credentials)) { pushed.append($0) }
        #expect(pushed.count { if case .pushed = $0 { true } else { false } } == 4)
        pushed = []
        try client.push(image.target, to: reference, options: .by(credentials)) { pushed.append($0) }
        #expect(pushed.count { if case .present = $0 { true } else { false } } == 3)

        let other = try ImageFixture()
        let pulled = try RegistryClient(store: other.store, configuration: configuration)
            .pull(reference, options: .by(credentials))
        #expect(pulled.target.digest == image.target.digest)
        #expect(pulled.target.mediaType == image.target.mediaType)
        #expect(try other.store.list() == fixture.store.list())
        let unpacked = try Unpacker(store: other.store, snapshots: other.snapshots).unpack(pulled.target.digest)
        #expect(try Files.readText(other.top(unpacked) + "/etc/motd") == "hello")
    }

    @Test("what is pushed comes back with the same digests")
    func open() throws {
        try roundTrip(try DockerRegistry())
    }

    @Test("what another repository of the registry has is mounted from there, not sent")
    func mounted() throws {
        let registry = try DockerRegistry()
        let fixture = try ImageFixture()
        let image = try #require(try fixture.importBytes(Archive.docker(try layers())).first)
        let client = RegistryClient(store: fixture.store)
        try client.push(image.target, to: ImageReference("\(registry.host)/some/bb:1"))
        var options = PushOptions()
        let manifest = try ImageGraph(store: fixture.store).resolve(image.target.digest).manifest
        let blobs = ([manifest.config] + manifest.layers).map(\.digest)
        // Of a repository that does not exist nothing can be mounted: that one is sent.
        for blob in blobs { options.sources[blob] = blob == blobs.last ? "some/nothing" : "some/bb" }
        var steps: [PushProgress] = []
        try client.push(image.target, to: ImageReference("\(registry.host)/other/bb:1"), options: options) {
            steps.append($0)
        }
        for blob in blobs.dropLast() { #expect(steps.contains(.mounted(blob, from: "some/bb"))) }
        #expect(steps.contains(.pushed(try #require(blobs.last), size: try #require(manifest.layers.last?.size))))
        let other = try ImageFixture()
        _ = try RegistryClient(store: other.store).pull(ImageReference("\(registry.host)/other/bb:1"))
        #expect(try other.store.list() == fixture.store.list())
    }

    @Test("a registry with passwords takes the right one and refuses others in words that help")
    func password() throws {
        let registry = try DockerRegistry("auth: {htpasswd: {realm: test, path: DIR/htpasswd}}")
        // alice:secret
        let line = "alice:$2y$05$ioJaLc399HTYn131ec0uHOJH7o.4Y9Y85rWlgEgrS8RSYByMzfqdq\n"
        try Files.replace(registry.directory.path + "/htpasswd", with: Array(line.utf8), mode: 0o644)
        try roundTrip(registry, credentials: RegistryCredentials(username: "alice", password: "secret"))
        let fixture = try ImageFixture()
        let reference = try ImageReference("\(registry.host)/some/bb:1")
        for credentials in [nil, RegistryCredentials(username: "alice", password: "guess")] {
            let error = #expect(throws: ImageError.self) {
                try RegistryClient(store: fixture.store).pull(reference, options: .by(credentials))
            }
            if let error { #expect("\(error)".contains("log in with credentials"), "\(error)") }
        }
        #expect(try fixture.leftovers() == [])
    }

    @Test("a registry with a private authority is trusted when that is given, and only then")
    func privateAuthority() throws {
        let registry = try DockerRegistry(tls: true)
        let url = "https://\(registry.host)/v2"
        let authority = registry.directory.path + "/ca.pem"
        var configuration = RegistryConfiguration()
        configuration.endpoints = { _ in
            var trust = TLSTrust()
            trust.authorities = [authority]
            return [RegistryEndpoint(url: url, trust: trust)]
        }
        try roundTrip(registry, configuration: configuration)
        let fixture = try ImageFixture()
        let reference = try ImageReference("\(registry.host)/some/bb:1")
        let error = #expect(throws: ImageError.self) { try RegistryClient(store: fixture.store).pull(reference) }
        if let error { #expect("\(error)".lowercased().contains("certificate"), "\(error)") }
    }
}
