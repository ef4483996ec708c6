package import Linux

/// Certificates for servers and clients of tests, signed by an authority of their own.
package enum Certificates {
    /// Makes `ca.pem`; `cert.pem` and `key.pem` for 127.0.0.1 and registry.invalid; `client.pem` and `client.key`.
    package static func make(in directory: String) throws(SysError) {
        let script = """
            openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-ca -keyout ca.key -out ca.pem
            openssl req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout key.pem -out cert.csr
            printf 'subjectAltName=IP:127.0.0.1,DNS:registry.invalid' > ext
            openssl x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out cert.pem
            openssl req -newkey rsa:2048 -nodes -subj /CN=node -keyout client.key -out client.csr
            openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out client.pem
            """
        let outcome = try Spawn.run(
            ["/bin/sh", "-ec", script],
            environment: ["PATH=/usr/bin:/bin"],
            workingDirectory: directory
        )
        guard outcome.code == 0 else { throw SysError(call: "openssl", subject: directory, errno: .io) }
    }
}
