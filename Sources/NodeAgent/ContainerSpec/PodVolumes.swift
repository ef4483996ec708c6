import KubernetesAPI
import Linux
import OCI

/// A pod's volumes on the node: makes what must exist and says what to mount where.
///
/// Effects: directories below the pod's own directory; for hostPath what its type asks to be created.
struct PodVolumes: Sendable {
    let directories: PodDirectories
    let configuration: PodConfiguration
    let downward: ContainerEnvironment.Downward

    /// The bind mounts of a container's volumeMounts, in their order.
    ///
    /// - Throws: `ContainerConfigError` for a kind of volume that this node does not offer yet, or a failing hostPath.
    func mounts(of container: Container, in pod: Pod) throws(ContainerConfigError) -> [RuntimeSpec.Mount] {
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
    ) throws(ContainerConfigError) -> String? {
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
            throw ContainerConfigError("MountVolume.SetUp failed for volume \"\(volume.name)\" : \(error)")
        }
    }

    private func prepare(_ volume: Volume, of pod: Pod) throws(ContainerConfigError) -> String {
        do {
            if let emptyDir = volume.emptyDir {
                // On the disk instead would be a promise broken in silence: what is in memory is meant to stay there.
                guard emptyDir.medium != "Memory" else {
                    throw ContainerConfigError("emptyDir with medium Memory is not offered by this node yet")
                }
                let path = directories.emptyDirectory(podUID: pod.metadata.uid, volume: volume.name)
                if !Files.exists(path) {
                    try Files.makeDirectories(path)
                    // As kubelet does it: files of the volume belong to the group, and so do those made later.
                    let group = pod.spec.securityContext?.fsGroup
                    if let group { try Files.setGroup(path, UInt32(clamping: group)) }
                    try Files.setMode(path, group == nil ? 0o777 : 0o2777)
                }
                return path
            }
            if let hostPath = volume.hostPath {
                try HostPath.prepare(hostPath)
                return hostPath.path
            }
        } catch let error as SysError {
            throw ContainerConfigError("MountVolume.SetUp failed for volume \"\(volume.name)\" : \(error)")
        } catch let error as ContainerConfigError {
            throw ContainerConfigError("MountVolume.SetUp failed for volume \"\(volume.name)\" : \(error)")
        } catch {
            throw ContainerConfigError("MountVolume.SetUp failed for volume \"\(volume.name)\" : \(error)")
        }
        throw ContainerConfigError(
            "MountVolume.SetUp failed for volume \"\(volume.name)\" : this node offers emptyDir, hostPath, secret, "
                + "configMap, downwardAPI and projected volumes only"
        )
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

/// hostPath volumes: what their type promises (core/v1 HostPathType).
enum HostPath {
    static func prepare(_ source: HostPathVolumeSource) throws {
        let kind = source.type ?? ""
        switch kind {
        case "":
            // No check; a path that is not there becomes a directory, as with Docker and containerd.
            if !Files.exists(source.path) { try Files.makeDirectories(source.path) }
            return
        case "DirectoryOrCreate": if !Files.exists(source.path) { try Files.makeDirectories(source.path) }
        case "FileOrCreate": if !Files.exists(source.path) { try Files.write(source.path, [], mode: 0o644) }
        default: break
        }
        let found = try Files.kind(source.path)
        let wanted: Files.Kind
        switch kind {
        case "Directory", "DirectoryOrCreate": wanted = .directory
        case "File", "FileOrCreate": wanted = .regular
        case "Socket": wanted = .socket
        case "CharDevice": wanted = .characterDevice
        case "BlockDevice": wanted = .blockDevice
        default: throw ContainerConfigError("unknown hostPath type \(kind)")
        }
        guard found == wanted else {
            throw ContainerConfigError("hostPath type check failed: \(source.path) is not a \(wanted)")
        }
    }
}
