import JSON
import Linux

/// A program that knows passwords: `docker-credential-NAME`, by the protocol of docker's credential helpers.
enum CredentialHelper {
    /// Where programs of the system are; not the agent's own PATH, which whoever started it may have set to anything.
    static let standardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Asks a helper for the credentials of a server. Blocks for half a minute at most: a helper that asks a person waits
    /// for ever.
    ///
    /// - Parameters:
    ///   - name: As config.json writes it: "pass", "ecr-login".
    ///   - server: The key under which docker stored them.
    ///   - path: The directories to look for the program in, separated by colons.
    /// - Returns: Nil if the helper has none.
    static func credentials(
        _ name: String,
        server: String,
        path: String = standardPath,
        seconds: Int = 30
    ) throws(ImageError) -> RegistryCredentials? {
        guard !name.isEmpty, !name.contains("/"), !name.contains("..") else {
            throw .malformed(
                what: "the docker config.json",
                reason: "\"\(name)\" is not the name of a credential helper"
            )
        }
        let program = "docker-credential-" + name
        let outcome = try doing("asking \(program) for the credentials of \(server)") { () throws(SysError) in
            try Spawn.run(
                [
                    "/bin/sh", "-c", "printf '%s' \"$2\" | timeout --kill-after 1 \(seconds) \"$1\" get", "sh", program,
                    server,
                ],
                environment: ["PATH=\(path)", "HOME=/root"]
            )
        }
        // What timeout(1) says: it ended the program, or it had to kill it.
        if [124, 137].contains(outcome.code) {
            throw .unauthorized(
                host: server,
                what: "its images",
                reason: "\(program) gave no answer within \(seconds) s"
            )
        }
        guard outcome.code == 0 else {
            let text = ByteText.text(outcome.output + outcome.errors)
            if text.contains("credentials not found") { return nil }
            throw .unauthorized(
                host: server,
                what: "its images",
                reason: "\(program) ended with code \(outcome.code): \(text.prefix(300))"
            )
        }
        return try parse(outcome.output, program: program)
    }

    /// `{"ServerURL": …, "Username": …, "Secret": …}`; the user name "<token>" says that the secret is an identity token.
    static func parse(_ bytes: [UInt8], program: String) throws(ImageError) -> RegistryCredentials? {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw .malformed(what: "the answer of \(program)", reason: "\(error)")
        }
        guard let username = value["Username"]?.stringValue, let secret = value["Secret"]?.stringValue else {
            throw .malformed(what: "the answer of \(program)", reason: "it has no Username or no Secret")
        }
        if username == "<token>" { return RegistryCredentials(username: "", password: "", identityToken: secret) }
        return username.isEmpty && secret.isEmpty ? nil : RegistryCredentials(username: username, password: secret)
    }
}
