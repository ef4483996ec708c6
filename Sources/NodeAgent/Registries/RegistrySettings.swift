import Images
import JSON
import KubernetesAPI
import Linux
import OCI

/// Who the node is to a registry, from `[registry.auth."PLACE"]` of config.toml.
package struct RegistryLogin: Hashable, Sendable {
    /// A host with or without port and path, "*" for a part of a name: as the keys of docker's config.json.
    package var place: String
    package var username = ""
    package var password = ""
    /// The base64 of USER:PASSWORD, in the place of the two.
    package var auth = ""
    package var identityToken = ""

    package init(place: String) { self.place = place }

    /// In the form of docker's config.json.
    var entry: JSONValue {
        .object([
            "username": .string(username), "password": .string(password), "auth": .string(auth),
            "identitytoken": .string(identityToken),
        ])
    }
}

extension Configuration {
    /// How the node reaches registries. Files are read when they are needed, so that a change needs no restart.
    ///
    /// - Throws: A login of config.toml that cannot be read.
    func registries() throws(ConfigurationError) -> RegistryConfiguration {
        let logins: DockerConfiguration
        do throws(ImageError) {
            let entries = registryLogins.map { ($0.place, $0.entry) }
            let document = JSONValue.object(["auths": .object(JSONObject(entries))])
            logins = try DockerConfiguration(document.bytes(), what: "registry.auth of config.toml")
        } catch {
            throw ConfigurationError("\(error)")
        }
        let hosts = RegistryHosts(directories: registryHosts.split(separator: ":").map(String.init))
        let dockerFile = dockerConfig
        var result = RegistryConfiguration()
        result.parallelDownloads = max(1, parallelDownloads)
        result.endpoints = { (domain) throws(ImageError) in try hosts.endpoints(domain) }
        result.credentials = { (reference) throws(ImageError) in
            var found: [RegistryCredentials] = []
            if let login = logins.credentials(for: reference.name) { found.append(login) }
            if !dockerFile.isEmpty, Files.exists(dockerFile) {
                let bytes: [UInt8]
                do throws(SysError) { bytes = try Files.read(dockerFile, limit: 1 << 20) } catch {
                    throw .system(error, doing: "reading \(dockerFile)")
                }
                if let login = try DockerConfiguration(bytes, what: dockerFile).resolve(reference.name) {
                    found.append(login)
                }
            }
            return found
        }
        return result
    }
}

/// The credentials in a pod's image pull secrets.
enum PullSecrets {
    /// - Returns: Nil if the secret is of no type that holds credentials.
    static func credentials(_ secret: Secret, for image: ImageReference) throws(ImageError) -> RegistryCredentials? {
        let what = "secret \(secret.metadata.namespace)/\(secret.metadata.name)"
        if let file = secret.data[".dockerconfigjson"] {
            return try DockerConfiguration(file.bytes, what: what).credentials(for: image.name)
        }
        if let file = secret.data[".dockercfg"] {
            return try DockerConfiguration(file.bytes, isLegacy: true, what: what).credentials(for: image.name)
        }
        return nil
    }
}
