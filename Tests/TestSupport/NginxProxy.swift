import Glibc
import Linux

/// nginx before a registry: TLS with HTTP/2, as registries have it on the internet. Stopped when it goes.
package struct NginxProxy: ~Copyable {
    package static let program = "/usr/sbin/nginx"
    package static var isInstalled: Bool { Files.exists(program) }

    /// With the certificates of `Certificates.make`.
    package let directory: TemporaryDirectory
    package let port: Int32
    private let process: Int32
    package var host: String { "127.0.0.1:\(port)" }

    /// - Parameters:
    ///   - target: Host and port of the registry.
    ///   - options: Further lines of the server's configuration; DIR stands for its directory.
    package init(to target: String, options: String = "") throws {
        let directory = try TemporaryDirectory(prefix: "swiftlet-test-nginx")
        try Certificates.make(in: directory.path)
        try Files.makeDirectories(directory.path + "/temp")
        let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        let places = kinds.map { "\($0)_temp_path DIR/temp/\($0);" }.joined(separator: " ")
        // A free port cannot be reserved for another program: try until one is.
        for _ in 0..<20 {
            let port = Int32.random(in: 20_000..<32_000)
            let config = """
                daemon off; user root; worker_processes 1; pid DIR/pid; error_log DIR/errors;
                events {}
                http {
                  \(places)
                  log_format line '$server_protocol $connection $request_method $status $uri';
                  access_log DIR/access line;
                  client_max_body_size 0;
                  server {
                    listen 127.0.0.1:\(port) ssl http2;
                    ssl_certificate DIR/cert.pem; ssl_certificate_key DIR/key.pem;
                    \(options)
                    location / {
                      proxy_pass http://\(target);
                      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https;
                    }
                  }
                }

                """.replacing("DIR", with: directory.path)
            try Files.replace(directory.path + "/nginx.conf", with: Array(config.utf8))
            let log = try Descriptor.open(directory.path + "/log", O_WRONLY | O_CREAT, mode: 0o600)
            let process = try Spawn.start(
                [NginxProxy.program, "-c", directory.path + "/nginx.conf", "-e", directory.path + "/errors"],
                environment: ["PATH=/usr/bin:/bin"],
                standardOutput: log.raw,
                standardError: log.raw
            )
            if try LoopbackServer.answers("https://127.0.0.1:\(port)/", process) {
                self.port = port
                self.process = process
                self.directory = directory
                return
            }
        }
        throw SysError(call: "nginx", subject: directory.path, errno: .io)
    }

    /// One request as nginx saw it.
    package struct Request {
        package let version: String
        package let connection: String
        package let method: String
        package let status: String
        package let path: String
    }

    /// What it was asked for since the last `forgetRequests`, but not whether it answers at all.
    package func requests() throws -> [Request] {
        try settle()
        return try written()
    }

    /// nginx writes a line after its answer is sent. Its worker does one thing at a time: when it answers something new,
    /// the lines of what it answered before are written.
    private func settle() throws {
        _ = try Spawn.run(["/usr/bin/curl", "-sk", "-o", "/dev/null", "https://\(host)/"], environment: [])
    }

    private func written() throws -> [Request] {
        try Files.readText(directory.path + "/access").split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ", maxSplits: 4).map(String.init)
            guard words.count == 5 else { throw SysError(call: "nginx", subject: String(line), errno: .io) }
            if words[4] == "/" { return nil }
            return Request(
                version: words[0],
                connection: words[1],
                method: words[2],
                status: words[3],
                path: words[4]
            )
        }
    }

    package func forgetRequests() throws {
        try settle()
        let path = directory.path + "/access"
        try sys("truncate", path) { unsafe truncate(path, 0) }
    }

    deinit {
        _ = kill(process, SIGTERM)
        // It is our child and was just told to stop; a failure to wait cannot be acted on.
        _ = try? Spawn.wait(process)
    }
}
