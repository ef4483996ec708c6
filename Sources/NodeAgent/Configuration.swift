import KubernetesAPI
import Linux
package import RuntimeCore
import TOMLKit

/// How the agent is set up: the file `config.toml`, with the command line on top of it.
package struct Configuration: Hashable, Sendable {
    /// Data that survives a reboot: the event log, images, volumes.
    package var root = "/var/lib/swiftlet"
    /// State of this boot: sockets, bundles.
    package var state = "/run/swiftlet"
    /// The logs of containers.
    package var logDirectory = "/var/log/pods"
    /// The node's name; empty takes the host's name.
    package var nodeName = ""
    /// `127.0.0.1:PORT` for HTTP without encryption or identity; empty is off. Loopback only.
    package var insecureHTTP = ""
    /// The group that owns the unix socket besides root; empty is root's.
    package var socketGroup = ""
    /// A client that sends nothing of an upload for so many seconds is given up.
    package var uploadTimeout: Int64 = 60
    /// The cgroup above all pods, relative to the root of each hierarchy.
    package var cgroupRoot = "/kubepods"
    /// The directory of `containerd-shim-swiftlet-v1` and `swiftlet-oci`; empty is that of the agent's own binary.
    package var binaryDirectory = ""
    /// True applies the default seccomp profile also to pods that name none.
    package var seccompDefault = true
    /// The most processes a container may have; 0 is no limit.
    package var podPidsLimit: Int64 = 0
    package var maximumPods = 110
    /// A container's log file is rotated when it is larger than this many bytes.
    package var logMaxSize: Int64 = 10 << 20
    /// So many log files of one container are kept.
    package var logMaxFiles = 5
    /// Directories with `DOMAIN/hosts.toml` or certificates, separated by colons; the first that has something counts.
    package var registryHosts = "/etc/swiftlet/certs.d:/etc/containerd/certs.d:/etc/docker/certs.d"
    /// A docker config.json with credentials or credential helpers; empty or missing is none.
    package var dockerConfig = "/root/.docker/config.json"
    /// Layers of one image that are fetched at a time.
    package var parallelDownloads = 4
    /// Who the node is to registries.
    package var registryLogins: [RegistryLogin] = []
    /// How much history the event log keeps: seconds, events, bytes.
    package var historyMinimumAge: Int64 = 900
    package var historyMinimumEvents: Int64 = 100_000
    package var historyMaximumAge: Int64 = 86_400
    package var historyMaximumBytes: Int64 = 1 << 30
    /// trace, debug, info, notice, warning, error, critical.
    package var logLevel = "info"
    /// journald's socket; empty turns the journal off.
    package var journalSocket = "/run/systemd/journal/socket"
    /// Who makes the containers of pods with a `runtimeClassName`, by that name.
    package var runtimes = RuntimeHandlers.builtIn

    package init() {}

    /// The agent's unix socket.
    package var socketPath: String { state + "/swiftlet.sock" }
}

/// The configuration is wrong; says where and what to do.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// One key of config.toml: its name, what it means, and how it is read and written.
private struct Setting: Sendable {
    let section: String
    let key: String
    let comment: String
    let apply: @Sendable (inout Configuration, any TOMLValueConvertible) -> Bool
    let text: @Sendable (Configuration) -> String

    var path: String { section.isEmpty ? key : "\(section).\(key)" }

    static func string(
        _ section: String,
        _ key: String,
        _ field: any (WritableKeyPath<Configuration, String> & Sendable),
        _ comment: String
    ) -> Setting {
        Setting(
            section: section,
            key: key,
            comment: comment,
            apply: { configuration, value in
                guard let string = value.string else { return false }
                configuration[keyPath: field] = string
                return true
            },
            text: { configuration in
                let escaped = configuration[keyPath: field]
                    .map { $0 == "\\" || $0 == "\"" ? "\\\($0)" : String($0) }.joined()
                return "\"\(escaped)\""
            }
        )
    }

    static func number<Number: FixedWidthInteger & Sendable>(
        _ section: String,
        _ key: String,
        _ field: any (WritableKeyPath<Configuration, Number> & Sendable),
        _ comment: String
    ) -> Setting {
        Setting(
            section: section,
            key: key,
            comment: comment,
            apply: { configuration, value in
                guard let number = value.int, number >= 0, let exact = Number(exactly: number) else { return false }
                configuration[keyPath: field] = exact
                return true
            },
            text: { String($0[keyPath: field]) }
        )
    }

    static func flag(
        _ section: String,
        _ key: String,
        _ field: any (WritableKeyPath<Configuration, Bool> & Sendable),
        _ comment: String
    ) -> Setting {
        Setting(
            section: section,
            key: key,
            comment: comment,
            apply: { configuration, value in
                guard let flag = value.bool else { return false }
                configuration[keyPath: field] = flag
                return true
            },
            text: { String($0[keyPath: field]) }
        )
    }
}

extension Configuration {
    private static let settings: [Setting] = [
        .string("", "root", \.root, "Data that survives a reboot: the event log, images, volumes."),
        .string("", "state", \.state, "State of this boot: swiftlet.sock, the shims' sockets, bundles."),
        .string("", "log_dir", \.logDirectory, "The containers' logs: NAMESPACE_POD_UID/CONTAINER/N.log."),
        .string("", "node_name", \.nodeName, "The node's name; empty is the host's name."),
        .string("", "log_level", \.logLevel, "trace, debug, info, notice, warning, error or critical."),
        .string(
            "api",
            "insecure_http",
            \.insecureHTTP,
            "127.0.0.1:PORT to serve plain HTTP on loopback; empty is off."
        ),
        .string("api", "socket_group", \.socketGroup, "A group that may use the unix socket; empty is root only."),
        .number("api", "upload_timeout", \.uploadTimeout, "Seconds without a byte after which an upload is given up."),
        .string("runtime", "cgroup_root", \.cgroupRoot, "The cgroup above all pods."),
        .string("runtime", "binary_dir", \.binaryDirectory, "Where the shim is; empty is beside the agent's binary."),
        .flag("runtime", "seccomp_default", \.seccompDefault, "Confine also pods that name no seccomp profile."),
        .number("runtime", "pod_pids_limit", \.podPidsLimit, "The most processes of a container; 0 is no limit."),
        .number("runtime", "max_pods", \.maximumPods, "The most pods on this node."),
        .number("logs", "max_size", \.logMaxSize, "Bytes after which a container's log file is rotated."),
        .number("logs", "max_files", \.logMaxFiles, "How many log files of a container are kept."),
        .string(
            "registry",
            "config_path",
            \.registryHosts,
            "Directories with DOMAIN/hosts.toml (mirrors) or DOMAIN/*.crt, separated by colons."
        ),
        .string("registry", "docker_config", \.dockerConfig, "A docker config.json with credentials; empty is none."),
        .number("registry", "parallel_downloads", \.parallelDownloads, "Layers of an image fetched at a time."),
        .number("history", "min_age", \.historyMinimumAge, "Seconds of the event log that are always kept."),
        .number("history", "min_events", \.historyMinimumEvents, "So many of the newest events are always kept."),
        .number("history", "max_age", \.historyMaximumAge, "Older events are removed; seconds."),
        .number("history", "max_bytes", \.historyMaximumBytes, "Beyond this size of events.db the oldest events go."),
        .string("journal", "socket", \.journalSocket, "journald's socket; empty writes nothing to the journal."),
    ]

    /// Reads a configuration. Unknown keys are errors, so that a typing mistake is not a silent default.
    package static func parse(_ text: String, path: String) throws(ConfigurationError) -> Configuration {
        let table: TOMLTable
        do {
            table = try TOMLText.table(text)
        } catch {
            throw ConfigurationError("\(path): not TOML: \(error)")
        }
        var configuration = Configuration()
        for key in table.keys {
            guard let value = table[key] else { continue }
            if key == RuntimeHandlers.section {
                try configuration.setRuntimes(value, path: path)
            } else if let section = value.table, settings.contains(where: { $0.section == key }) {
                for inner in section.keys {
                    guard let value = section[inner] else { continue }
                    if key == "registry", inner == "auth" {
                        configuration.registryLogins = try logins(value, path: path)
                        continue
                    }
                    try configuration.set(section: key, key: inner, value, path: path)
                }
            } else {
                try configuration.set(section: "", key: key, value, path: path)
            }
        }
        return configuration
    }

    /// `[registry.auth."registry.example.com"]` with `username` and `password`, `auth` or `identity_token`.
    private static func logins(
        _ value: any TOMLValueConvertible,
        path: String
    ) throws(ConfigurationError) -> [RegistryLogin] {
        guard let table = value.table else { throw ConfigurationError("\(path): registry.auth must be a table") }
        var logins: [RegistryLogin] = []
        for place in table.keys.sorted() {
            var login = RegistryLogin(place: place)
            let name = "registry.auth.\"\(place)\""
            guard let entry = table[place]?.table else { throw ConfigurationError("\(path): \(name) must be a table") }
            for key in entry.keys {
                guard let text = entry[key]?.string else {
                    throw ConfigurationError("\(path): \(name).\(key) must be a text")
                }
                switch key {
                case "username": login.username = text
                case "password": login.password = text
                case "auth": login.auth = text
                case "identity_token": login.identityToken = text
                default:
                    throw ConfigurationError(
                        "\(path): unknown key \(name).\(key): username, password, auth or identity_token"
                    )
                }
            }
            logins.append(login)
        }
        return logins
    }

    private mutating func set(
        section: String,
        key: String,
        _ value: any TOMLValueConvertible,
        path: String
    ) throws(ConfigurationError) {
        guard let setting = Self.settings.first(where: { $0.section == section && $0.key == key }) else {
            let name = section.isEmpty ? key : "\(section).\(key)"
            throw ConfigurationError(
                "\(path): unknown key \(name); `swiftlet config default` prints all keys with their meaning"
            )
        }
        guard setting.apply(&self, value) else {
            throw ConfigurationError("\(path): \(setting.path) must be like \(setting.text(Configuration()))")
        }
    }

    private static let loginExample = """

        # Who the node is to a registry, for pods without pull secrets and clients without credentials; a host, a port
        # and a path may follow, as in the keys of docker's config.json.
        # [registry.auth."registry.example.com"]
        # username = "robot"
        # password = "secret"

        """

    /// A complete commented config.toml with the default of every key.
    package static var defaultText: String {
        var text =
            "# Swiftlet's configuration, /etc/swiftlet/config.toml. Every key is optional; these are the defaults.\n"
        var section = ""
        let configuration = Configuration()
        for setting in settings {
            if setting.section != section {
                section = setting.section
                text += "\n[\(section)]\n"
            }
            text += "\n# \(setting.comment)\n\(setting.key) = \(setting.text(configuration))\n"
            if setting.path == "registry.parallel_downloads" { text += loginExample }
        }
        text += RuntimeHandlers.defaultText
        return text
    }

    /// Checks what no single key can tell.
    ///
    /// - Throws: A sentence that names the key.
    package func validate() throws(ConfigurationError) {
        for (key, path) in [
            ("root", root), ("state", state), ("log_dir", logDirectory), ("runtime.cgroup_root", cgroupRoot),
        ]
        where !path.hasPrefix("/") || path.split(separator: "/").contains("..") {
            throw ConfigurationError("\(key): \"\(path)\" is not an absolute path")
        }
        // A unix socket's path has 107 bytes; shims add "/s/" and 20 digits.
        guard state.utf8.count <= 80 else {
            throw ConfigurationError(
                "state: \"\(state)\" is too long by \(state.utf8.count - 80) bytes: unix sockets below it would have "
                    + "paths of more than 107 bytes"
            )
        }
        if historyMaximumAge < historyMinimumAge {
            throw ConfigurationError(
                "history.max_age: \(historyMaximumAge) is less than history.min_age, which is \(historyMinimumAge)"
            )
        }
        if !nodeName.isEmpty { try Self.validate(nodeName: nodeName) }
    }

    private static func validate(nodeName: String) throws(ConfigurationError) {
        let allowed = nodeName.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E
        }
        guard allowed, nodeName.utf8.count <= 253, nodeName.first != "-", nodeName.first != "." else {
            throw ConfigurationError(
                "node_name: \"\(nodeName)\" is not a name: lower-case letters, digits, '-' and '.', at most 253"
            )
        }
    }
}
