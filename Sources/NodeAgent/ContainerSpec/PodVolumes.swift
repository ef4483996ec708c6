import Glibc
import Images
import KubernetesAPI
import Linux
import OCI

/// Why a volume cannot be had, in kubelet's words; shown as an Event `FailedMount`.
struct VolumeSetupError: Error, Hashable, CustomStringConvertible {
    let volume: String
    let why: String

    var description: String { "MountVolume.SetUp failed for volume \"\(volume)\" : \(why)" }
}

/// A pod's volumes on the node: makes what must exist and says what to mount where.
///
/// Effects: directories and file systems below the pod's own directory; for hostPath what its type asks to be created.
struct PodVolumes: Sendable {
    let directories: PodDirectories
    /// In bytes.
    let memoryCapacity: Int64
    let configuration: PodConfiguration
    let downward: ContainerEnvironment.Downward

    /// The bind mounts of a container's volumeMounts, in their order.
    ///
    /// - Throws: `VolumeSetupError` for a volume that cannot be had; `ContainerConfigError` for a mount that makes no sense.
    func mounts(of container: Container, in pod: Pod) throws -> [RuntimeSpec.Mount] {
        var mounts: [RuntimeSpec.Mount] = []
        for mount in container.volumeMounts {
            guard let volume = pod.spec.volumes.first(where: { $0.name == mount.name }) else {
                throw ContainerConfigError(
                    "volume \"\(mount.name)\" of container \(container.name) is not in spec.volumes"
                )
            }
            // A path inside a volume must be held open from the check to the mount (CVE-2021-25741), which needs the runtime.
            guard mount.subPath.isEmpty, mount.subPathExpr.isEmpty else {
                throw ContainerConfigError("volumeMounts[\(mount.name)].subPath is not offered by this node yet")
            }
            let source: String
            var isReadOnly = mount.readOnly
            if let published = try publish(volume, of: pod, for: container) {
                source = published
                isReadOnly = true
            } else {
                source = try prepare(volume, of: pod)
            }
            mounts.append(
                RuntimeSpec.Mount(
                    destination: mount.mountPath,
                    type: "bind",
                    source: source,
                    options: ["rbind", try propagation(mount.mountPropagation), isReadOnly ? "ro" : "rw"]
                )
            )
        }
        return mounts
    }

    /// Writes a volume that is made of values anew; nil for one of another kind.
    private func publish(
        _ volume: Volume,
        of pod: Pod,
        for container: Container
    ) throws(VolumeSetupError) -> String? {
        do {
            let content = try ProjectedFiles(
                volume,
                container: container,
                configuration: configuration,
                downward: downward
            )
            guard let files = content?.files else { return nil }
            let path = directories.projected(podUID: pod.metadata.uid, volume: volume.name)
            let above = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.endIndex))
            try Files.makeDirectories(above)
            try Files.setMode(above, 0o700)
            let group = pod.spec.securityContext?.fsGroup
            try PublishedFiles.publish(files, in: path, group: group.map { UInt32(clamping: $0) })
            return path
        } catch {
            throw VolumeSetupError(volume: volume.name, why: "\(error)")
        }
    }

    private func prepare(_ volume: Volume, of pod: Pod) throws(VolumeSetupError) -> String {
        do {
            if let emptyDir = volume.emptyDir { return try prepare(emptyDir, named: volume.name, of: pod) }
            if let hostPath = volume.hostPath {
                try HostPath.prepare(hostPath)
                return hostPath.path
            }
        } catch {
            throw VolumeSetupError(volume: volume.name, why: "\(error)")
        }
        throw VolumeSetupError(volume: volume.name, why: Self.offered)
    }

    private static let offered =
        "this node offers emptyDir, hostPath, secret, configMap, downwardAPI and projected volumes only"

    private func prepare(_ emptyDir: EmptyDirVolumeSource, named name: String, of pod: Pod) throws -> String {
        guard ["", "Memory"].contains(emptyDir.medium) else {
            throw ContainerConfigError("emptyDir with medium \(emptyDir.medium) is not offered by this node yet")
        }
        let path = directories.emptyDirectory(podUID: pod.metadata.uid, volume: name)
        let isInMemory = emptyDir.medium == "Memory"
        // What is in memory is gone after a restart of the machine, and its directory is not.
        let isThere = try isInMemory ? MountTable.current().contains { $0.mountPoint == path } : Files.exists(path)
        guard !isThere else { return path }
        try Files.makeDirectories(path)
        // As kubelet does it: files of the volume belong to the group, and so do those made later.
        let group = pod.spec.securityContext?.fsGroup
        let mode: mode_t = group == nil ? 0o777 : 0o2777
        if isInMemory { try mountMemory(emptyDir, at: path, of: pod) }
        if let group { try Files.setGroup(path, UInt32(clamping: group)) }
        try Files.setMode(path, mode)
        return path
    }

    /// A tmpfs no larger than the volume's limit, the pod's memory limit and the machine's memory.
    private func mountMemory(_ emptyDir: EmptyDirVolumeSource, at path: String, of pod: Pod) throws(SysError) {
        let bounds = [emptyDir.sizeLimit?.value, PodCgroup.memoryLimit(of: pod.spec)].compactMap { $0 }.filter {
            $0 > 0
        }
        let size = bounds.reduce(memoryCapacity, min)
        let tmpfs = Mount(type: "tmpfs", source: "tmpfs", options: ["size=\(size)"])
        try OverlayMount.mount([tmpfs], at: path)
    }

    private func propagation(_ name: String?) throws(ContainerConfigError) -> String {
        switch name {
        case nil, "None": return "rprivate"
        case "HostToContainer": return "rslave"
        case "Bidirectional": return "rshared"
        case .some(let other): throw ContainerConfigError("unknown mountPropagation \(other)")
        }
    }
}

/// hostPath volumes: what their type promises (core/v1 HostPathType), in kubelet's words where it is not so.
enum HostPath {
    private static let wanted: [String: (kind: Files.Kind, words: String)] = [
        "Directory": (.directory, "a directory"), "DirectoryOrCreate": (.directory, "a directory"),
        "File": (.regular, "a file"), "FileOrCreate": (.regular, "a file"), "Socket": (.socket, "a socket file"),
        "CharDevice": (.characterDevice, "a character device"), "BlockDevice": (.blockDevice, "a block device"),
    ]

    static func prepare(_ source: HostPathVolumeSource) throws {
        let path = source.path
        let type = source.type ?? ""
        var found = try kind(of: path)
        if found == nil {
            switch type {
            // No check; a path that is not there becomes a directory, as with Docker and containerd.
            case "", "DirectoryOrCreate": try Files.makeDirectories(path)
            case "FileOrCreate" where !Files.exists(path): try Files.write(path, [], mode: 0o644)
            default: break
            }
            found = try kind(of: path)
        }
        let why = found == nil ? Files.exists(path) ? " (it links to nothing)" : " (it does not exist)" : ""
        guard !type.isEmpty else {
            if found != nil { return }
            throw ContainerConfigError("hostPath \(path) cannot be had\(why)")
        }
        guard let wanted = wanted[type] else { throw ContainerConfigError("unknown hostPath type \(type)") }
        guard found == wanted.kind else {
            throw ContainerConfigError("hostPath type check failed: \(path) is not \(wanted.words)\(why)")
        }
    }

    /// What is at a path, or where the links there lead; nil for nothing.
    private static func kind(of path: String) throws(SysError) -> Files.Kind? {
        do {
            return try Files.kind(path)
        } catch {
            guard error.errno == .noEntry || error.errno == .notDirectory else { throw error }
            return nil
        }
    }
}
