import KubernetesAPI

/// The files of a volume that is made of values: secret, configMap, downwardAPI, projected. Pure, but for reading them.
struct ProjectedFiles {
    struct File: Equatable {
        var bytes: [UInt8]
        var mode: UInt32
    }

    /// By path below the volume.
    private(set) var files: [String: File] = [:]
    private let configuration: PodConfiguration
    private let container: Container
    private let downward: ContainerEnvironment.Downward

    /// - Returns: Nil for a volume of another kind.
    init?(
        _ volume: Volume,
        container: Container,
        configuration: PodConfiguration,
        downward: ContainerEnvironment.Downward
    ) throws(ContainerConfigError) {
        self.configuration = configuration
        self.container = container
        self.downward = downward
        if let secret = volume.secret {
            try add(.secret, secret.secretName, secret.items, secret.optional, secret.defaultMode)
        } else if let map = volume.configMap {
            try add(.configMap, map.name, map.items, map.optional, map.defaultMode)
        } else if let fields = volume.downwardAPI {
            try add(fields.items, fields.defaultMode)
        } else if let projected = volume.projected {
            for source in projected.sources { try add(source, projected.defaultMode) }
        } else {
            return nil
        }
    }

    private mutating func add(_ source: VolumeProjection, _ mode: Int32?) throws(ContainerConfigError) {
        if let secret = source.secret {
            try add(.secret, secret.name, secret.items, secret.optional, mode)
        } else if let map = source.configMap {
            try add(.configMap, map.name, map.items, map.optional, mode)
        } else if let fields = source.downwardAPI {
            try add(fields.items, mode)
        } else {
            throw ContainerConfigError(
                "this node projects secret, configMap and downwardAPI only: it has no service accounts, whose tokens "
                    + "could be projected"
            )
        }
    }

    /// All keys of an object, or the named ones under the names that they shall have.
    private mutating func add(
        _ kind: PodConfiguration.Kind,
        _ name: String,
        _ items: [KeyToPath],
        _ optional: Bool?,
        _ mode: Int32?
    ) throws(ContainerConfigError) {
        guard let values = try configuration.values(kind, name, optional: optional ?? false) else { return }
        guard !items.isEmpty else {
            for (key, bytes) in values { try put(key, bytes, mode) }
            return
        }
        for item in items {
            guard let bytes = values[item.key] else {
                if optional == true { continue }
                throw ContainerConfigError(
                    "\(kind.rawValue.lowercased()) references non-existent config key: \(item.key)"
                )
            }
            try put(item.path, bytes, item.mode ?? mode)
        }
    }

    private mutating func add(_ items: [DownwardAPIVolumeFile], _ mode: Int32?) throws(ContainerConfigError) {
        for item in items {
            let text: String
            if let field = item.fieldRef {
                text = try DownwardField.value(field.fieldPath, downward)
            } else if let resource = item.resourceFieldRef {
                text = try DownwardResource.value(resource, container: container, downward)
            } else {
                throw ContainerConfigError("\(item.path) of a downwardAPI volume has no source")
            }
            try put(item.path, Array(text.utf8), item.mode ?? mode)
        }
    }

    private mutating func put(_ path: String, _ bytes: [UInt8], _ mode: Int32?) throws(ContainerConfigError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        // Validation refuses such paths; they would lead out of the volume, or to what it is made of.
        guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0.hasPrefix("..") }) else {
            throw ContainerConfigError("\"\(path)\" is not a path below the volume")
        }
        files[path] = File(bytes: bytes, mode: UInt32(mode ?? 0o644) & 0o777)
    }
}
