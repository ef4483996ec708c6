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
        if tls { try Certificates.make(in: directory.path) }
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
            if try LoopbackServer.answers("http://127.0.0.1:\(port)/", process) {
                self.port = port
                self.process = process
                self.directory = directory
                return
            }
        }
        throw SysError(call: "docker-registry", subject: directory.path, errno: .io)
    }

    deinit {
        _ = kill(process, SIGTERM)
        // It is our child and was just told to stop; a failure to wait cannot be acted on.
        _ = try? Spawn.wait(process)
    }
}
