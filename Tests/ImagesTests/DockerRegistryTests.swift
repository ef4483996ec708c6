import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import Images

private let program = "/usr/bin/docker-registry"

/// Pushes to and pulls from a real registry.
@Suite(
    "With docker-registry",
    .enabled(if: Files.exists(program), "needs docker-registry (apt install docker-registry)")
)
struct DockerRegistryTests {
    /// A registry with everything of its own below one directory; stopped when it goes.
    private struct Registry: ~Copyable {
        let directory: TemporaryDirectory
        let process: Int32
        let port: Int32
        var host: String { "127.0.0.1:\(port)" }

        /// - Parameter options: Further sections of its configuration; DIR stands for its directory.
        init(_ options: String = "", tls: Bool = false) throws {
            let directory = try TemporaryDirectory(prefix: "swiftlet-test-registry")
            if tls { try Registry.makeCertificates(directory.path) }
            // A free port cannot be reserved for another program: try until one is.
            for _ in 0..<20 {
                let port = Int32.random(in: 20_000..<32_000)
                let config = """
                    version: 0.1
                    log: {level: error}
                    storage: {filesystem: {rootdirectory: DIR/data}}
                    http:
                      addr: 127.0.0.1:\(port)
                    \(tls ? "  tls: {certificate: DIR/cert.pem, key: DIR/key.pem}" : "")
                    \(options)

                    """.replacing("DIR", with: directory.path)
                try Files.replace(directory.path + "/config.yml", with: Array(config.utf8))
                let log = try Descriptor.open(directory.path + "/log", O_WRONLY | O_CREAT, mode: 0o600)
                let process = try Spawn.start(
                    [program, "serve", directory.path + "/config.yml"],
                    environment: ["PATH=/usr/bin:/bin"],
                    standardOutput: log.raw,
                    standardError: log.raw
                )
                if try Registry.answers(port, process) {
                    self.port = port
                    self.process = process
                    self.directory = directory
                    return
                }
            }
            throw SysError(call: "docker-registry", subject: directory.path, errno: .io)
        }

        /// Waits until something listens; false if the program has ended.
        private static func answers(_ port: Int32, _ process: Int32) throws -> Bool {
            for _ in 0..<200 {
                usleep(25_000)
                if waitpid(process, nil, WNOHANG) != 0 { return false }
                let probe = try Spawn.run(
                    ["/usr/bin/curl", "-sk", "-o", "/dev/null", "http://127.0.0.1:\(port)/"],
                    environment: []
                )
                if probe.code == 0 { return true }
            }
            _ = kill(process, SIGKILL)
            _ = try Spawn.wait(process)
            return false
        }

        private static func makeCertificates(_ path: String) throws {
            let script = """
                openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-ca -keyout ca.key -out ca.pem
                openssl req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout key.pem -out cert.csr
                printf 'subjectAltName=IP:127.0.0.1' > ext
                openssl x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out cert.pem
                """
            let outcome = try Spawn.run(
                ["/bin/sh", "-ec", script],
                environment: ["PATH=/usr/bin:/bin"],
                workingDirectory: path
            )
            try #require(outcome.code == 0, "\(String(decoding: outcome.errors, as: UTF8.self))")
        }

        deinit {
            _ = kill(process, SIGTERM)
            // It is our child and was just told to stop; a failure to wait cannot be acted on.
            _ = try? Spawn.wait(process)
        }
    }

    private func layers() throws -> [[UInt8]] {
        var second = TarBuilder()
        second.file("etc/motd", "hello")
        return [try Archive.busybox(), second.finished()]
    }

    /// Pushes an image, pulls it into an empty store, and runs from it.
    private func roundTrip(
        _ registry: borrowing Registry,
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
        try roundTrip(try Registry())
    }

    @Test("a registry with passwords takes the right one and refuses others in words that help")
    func password() throws {
        let registry = try Registry("auth: {htpasswd: {realm: test, path: DIR/htpasswd}}")
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
        let registry = try Registry(tls: true)
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
