/// The configuration of an image: what to run, and of which layers its file system consists (image-spec 1.1, config.md).
package struct ImageConfig: Codable, Hashable, Sendable {
    /// RFC 3339
    package var created: String?
    package var author: String?
    package var architecture: String
    package var os: String
    package var osVersion: String?
    package var osFeatures: [String]?
    package var variant: String?
    package var config: Execution?
    package var rootfs: RootFS
    /// One entry a step of the build, the oldest first.
    package var history: [History]?

    package init(
        created: String? = nil,
        author: String? = nil,
        architecture: String,
        os: String,
        osVersion: String? = nil,
        osFeatures: [String]? = nil,
        variant: String? = nil,
        config: Execution? = nil,
        rootfs: RootFS,
        history: [History]? = nil
    ) {
        self.created = created
        self.author = author
        self.architecture = architecture
        self.os = os
        self.osVersion = osVersion
        self.osFeatures = osFeatures
        self.variant = variant
        self.config = config
        self.rootfs = rootfs
        self.history = history
    }

    enum CodingKeys: String, CodingKey {
        case created, author, architecture, os
        case osVersion = "os.version"
        case osFeatures = "os.features"
        case variant, config, rootfs, history
    }

    package var platform: Platform {
        Platform(
            architecture: architecture,
            os: os,
            osVersion: osVersion,
            osFeatures: osFeatures,
            variant: variant
        )
    }
}

extension ImageConfig {
    /// The layers, by the digests of their uncompressed archives.
    package struct RootFS: Codable, Hashable, Sendable {
        /// Always "layers".
        package var type: String
        /// The lowest first.
        package var diffIDs: [Digest]

        package init(
            type: String = "layers",
            diffIDs: [Digest]
        ) {
            self.type = type
            self.diffIDs = diffIDs
        }

        enum CodingKeys: String, CodingKey {
            case type
            case diffIDs = "diff_ids"
        }

        package init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            type = try fields.decodeIfPresent(String.self, forKey: .type) ?? "layers"
            // Go writes null for an image without layers.
            diffIDs = try fields.decodeIfPresent([Digest].self, forKey: .diffIDs) ?? []
        }
    }

    /// A step of the build.
    package struct History: Codable, Hashable, Sendable {
        package var created: String?
        package var author: String?
        package var createdBy: String?
        package var comment: String?
        /// True: the step made no layer.
        package var emptyLayer: Bool?

        package init(
            created: String? = nil,
            author: String? = nil,
            createdBy: String? = nil,
            comment: String? = nil,
            emptyLayer: Bool? = nil
        ) {
            self.created = created
            self.author = author
            self.createdBy = createdBy
            self.comment = comment
            self.emptyLayer = emptyLayer
        }

        enum CodingKeys: String, CodingKey {
            case created, author, comment
            case createdBy = "created_by"
            case emptyLayer = "empty_layer"
        }
    }

    /// Defaults for running the image; with Docker's additions.
    package struct Execution: Codable, Hashable, Sendable {
        /// "user", "uid", "user:group", "uid:gid", … inside the image; absent or empty: root.
        package var user: String?
        /// "80/tcp", "53/udp", "8080"
        package var exposedPorts: [String: Empty]?
        /// "NAME=value"
        package var env: [String]?
        package var entrypoint: [String]?
        /// Arguments of the entry point, or the command if there is none.
        package var cmd: [String]?
        /// Paths that shall be volumes.
        package var volumes: [String: Empty]?
        package var workingDir: String?
        package var labels: [String: String]?
        /// "SIGTERM" or "15"; absent: SIGTERM.
        package var stopSignal: String?
        /// Windows only.
        package var argsEscaped: Bool?
        /// Docker's.
        package var healthcheck: Healthcheck?
        /// Docker's: for the shell form of a build's commands.
        package var shell: [String]?
        /// Docker's: what a build that starts from this image does first.
        package var onBuild: [String]?
        /// Docker's: seconds between the stop signal and SIGKILL.
        package var stopTimeout: Int?

        package init(
            user: String? = nil,
            exposedPorts: [String: Empty]? = nil,
            env: [String]? = nil,
            entrypoint: [String]? = nil,
            cmd: [String]? = nil,
            volumes: [String: Empty]? = nil,
            workingDir: String? = nil,
            labels: [String: String]? = nil,
            stopSignal: String? = nil,
            argsEscaped: Bool? = nil,
            healthcheck: Healthcheck? = nil,
            shell: [String]? = nil,
            onBuild: [String]? = nil,
            stopTimeout: Int? = nil
        ) {
            self.user = user
            self.exposedPorts = exposedPorts
            self.env = env
            self.entrypoint = entrypoint
            self.cmd = cmd
            self.volumes = volumes
            self.workingDir = workingDir
            self.labels = labels
            self.stopSignal = stopSignal
            self.argsEscaped = argsEscaped
            self.healthcheck = healthcheck
            self.shell = shell
            self.onBuild = onBuild
            self.stopTimeout = stopTimeout
        }

        enum CodingKeys: String, CodingKey {
            case user = "User"
            case exposedPorts = "ExposedPorts"
            case env = "Env"
            case entrypoint = "Entrypoint"
            case cmd = "Cmd"
            case volumes = "Volumes"
            case workingDir = "WorkingDir"
            case labels = "Labels"
            case stopSignal = "StopSignal"
            case argsEscaped = "ArgsEscaped"
            case healthcheck = "Healthcheck"
            case shell = "Shell"
            case onBuild = "OnBuild"
            case stopTimeout = "StopTimeout"
        }
    }

    /// Docker's HEALTHCHECK. Times in nanoseconds; 0 or absent: inherited or the default.
    package struct Healthcheck: Codable, Hashable, Sendable {
        /// ["NONE"], ["CMD", …] or ["CMD-SHELL", command]; empty: inherited.
        package var test: [String]?
        package var interval: Int64?
        package var timeout: Int64?
        package var startPeriod: Int64?
        package var startInterval: Int64?
        package var retries: Int?

        package init(
            test: [String]? = nil,
            interval: Int64? = nil,
            timeout: Int64? = nil,
            startPeriod: Int64? = nil,
            startInterval: Int64? = nil,
            retries: Int? = nil
        ) {
            self.test = test
            self.interval = interval
            self.timeout = timeout
            self.startPeriod = startPeriod
            self.startInterval = startInterval
            self.retries = retries
        }

        enum CodingKeys: String, CodingKey {
            case test = "Test"
            case interval = "Interval"
            case timeout = "Timeout"
            case startPeriod = "StartPeriod"
            case startInterval = "StartInterval"
            case retries = "Retries"
        }
    }

    /// The `{}` that Go writes for a member of a set.
    package struct Empty: Codable, Hashable, Sendable {
        package init() {}

        package init(from decoder: any Decoder) throws {
            // Anything stands for "is a member"; some writers put null here.
        }

        package func encode(to encoder: any Encoder) throws {
            _ = encoder.container(keyedBy: NoKey.self)
        }

        private enum NoKey: CodingKey {}
    }
}
