import Glibc
import Linux

/// A registry with everything of its own below one directory; stopped when it goes.
package struct DockerRegistry: ~Copyable {
    package static let program = "/usr/bin/docker-registry"
    package static var isInstalled: Bool { Files.exists(program) }

    package let directory: TemporaryDirectory
    package let process: Int32
    package let port: Int32
    package var host: String { "127.0.0.1:\(port)" }

    /// - Parameter options: Further sections of its configuration; DIR stands for its directory.
    package init(_ options: String = "", tls: Bool = false) throws {
        let directory = try TemporaryDirectory(prefix: "swiftlet-test-registry")
        if tls { try DockerRegistry.makeCertificates(directory.path) }
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
                [DockerRegistry.program, "serve", directory.path + "/config.yml"],
                environment: ["PATH=/usr/bin:/bin"],
                standardOutput: log.raw,
                standardError: log.raw
            )
            if try DockerRegistry.answers(port, process) {
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
        guard outcome.code == 0 else { throw SysError(call: "openssl", subject: path, errno: .io) }
    }

    deinit {
        _ = kill(process, SIGTERM)
        // It is our child and was just told to stop; a failure to wait cannot be acted on.
        _ = try? Spawn.wait(process)
    }
}
