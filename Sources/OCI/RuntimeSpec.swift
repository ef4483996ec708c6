/// The `config.json` of a bundle: what a container shall be (runtime-spec 1.2, config.md and config-linux.md).
///
/// Properties have the names of the JSON fields; what the specification lets a document leave out is optional. Values
/// whose set is closed by the specification are enumerations, so an unknown one fails to decode instead of being
/// ignored. The sections for other operating systems (`windows`, `solaris`, `vm`, `zos`) are not represented.
package struct RuntimeSpec: Encodable, Hashable, Sendable {
    /// The version of the specification that the document follows, in SemVer: "1.2.0".
    package var ociVersion: String
    package var process: Process?
    /// The root file system; required on Linux, absent in documents made for an update.
    package var root: Root?
    /// The host name inside the UTS namespace.
    package var hostname: String?
    /// The NIS domain name inside the UTS namespace.
    package var domainname: String?
    /// Mounted in this order.
    package var mounts: [Mount]?
    package var hooks: Hooks?
    package var annotations: [String: String]?
    package var linux: Linux?

    package init(
        ociVersion: String,
        process: Process? = nil,
        root: Root? = nil,
        hostname: String? = nil,
        domainname: String? = nil,
        mounts: [Mount]? = nil,
        hooks: Hooks? = nil,
        annotations: [String: String]? = nil,
        linux: Linux? = nil
    ) {
        self.ociVersion = ociVersion
        self.process = process
        self.root = root
        self.hostname = hostname
        self.domainname = domainname
        self.mounts = mounts
        self.hooks = hooks
        self.annotations = annotations
        self.linux = linux
    }
}

extension RuntimeSpec {
    /// The container's root file system.
    package struct Root: Encodable, Hashable, Sendable {
        /// Absolute, or relative to the bundle.
        package var path: String
        /// Absent means false.
        package var readonly: Bool?

        package init(
            path: String,
            readonly: Bool? = nil
        ) {
            self.path = path
            self.readonly = readonly
        }
    }

    /// One file system to mount, in the words of mount(8).
    package struct Mount: Encodable, Hashable, Sendable {
        /// Absolute inside the container; a relative one is taken from "/".
        package var destination: String
        /// The file system type; "bind" or absent for a bind mount, which the options decide.
        package var type: String?
        /// A device, a dummy name, or for a bind mount a path: absolute, or relative to the bundle.
        package var source: String?
        /// Options of mount(8), and those of the specification: "rbind", "rro", "idmap", "ridmap", "tmpcopyup", …
        package var options: [String]?
        /// For an id-mapped mount. Absent with the option "idmap": the maps of the container's user namespace.
        package var uidMappings: [IDMapping]?
        package var gidMappings: [IDMapping]?

        package init(
            destination: String,
            type: String? = nil,
            source: String? = nil,
            options: [String]? = nil,
            uidMappings: [IDMapping]? = nil,
            gidMappings: [IDMapping]? = nil
        ) {
            self.destination = destination
            self.type = type
            self.source = source
            self.options = options
            self.uidMappings = uidMappings
            self.gidMappings = gidMappings
        }
    }

    /// A range of ids of a user namespace.
    package struct IDMapping: Encodable, Hashable, Sendable {
        /// The first id inside.
        package var containerID: UInt32
        /// The first id outside.
        package var hostID: UInt32
        /// How many ids.
        package var size: UInt32

        package init(
            containerID: UInt32,
            hostID: UInt32,
            size: UInt32
        ) {
            self.containerID = containerID
            self.hostID = hostID
            self.size = size
        }
    }

    /// Programs to run at points of the container's life; each list in order.
    package struct Hooks: Codable, Hashable, Sendable {
        /// In the runtime's namespaces, after the namespaces exist and before pivot_root. Deprecated by the specification.
        package var prestart: [Hook]?
        /// In the runtime's namespaces, with prestart, during create.
        package var createRuntime: [Hook]?
        /// In the container's namespaces, before pivot_root, during create.
        package var createContainer: [Hook]?
        /// In the container's namespaces, before the user's program, during start.
        package var startContainer: [Hook]?
        /// In the runtime's namespaces, after the user's program was started.
        package var poststart: [Hook]?
        /// In the runtime's namespaces, after the container was deleted.
        package var poststop: [Hook]?

        package init(
            prestart: [Hook]? = nil,
            createRuntime: [Hook]? = nil,
            createContainer: [Hook]? = nil,
            startContainer: [Hook]? = nil,
            poststart: [Hook]? = nil,
            poststop: [Hook]? = nil
        ) {
            self.prestart = prestart
            self.createRuntime = createRuntime
            self.createContainer = createContainer
            self.startContainer = startContainer
            self.poststart = poststart
            self.poststop = poststop
        }
    }

    /// A program that gets the container's state as JSON on its standard input.
    package struct Hook: Codable, Hashable, Sendable {
        /// Absolute.
        package var path: String
        /// With `argv[0]`, as for execv(3).
        package var args: [String]?
        /// "NAME=value"
        package var env: [String]?
        /// Seconds until the hook is killed; absent: no limit.
        package var timeout: Int?

        package init(
            path: String,
            args: [String]? = nil,
            env: [String]? = nil,
            timeout: Int? = nil
        ) {
            self.path = path
            self.args = args
            self.env = env
            self.timeout = timeout
        }
    }
}
