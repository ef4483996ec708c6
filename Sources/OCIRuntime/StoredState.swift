import JSON
import Linux
import OCI

/// What the runtime remembers about a container: `<root>/<id>/state.json`.
///
/// It is written before anything else is made, so that whatever a create that was killed left behind can be found.
struct StoredState: Encodable, Hashable, Sendable {
    static let fileName = "state.json"

    /// Of this file's format.
    var version = 1
    var ociVersion: String
    var id: String
    var bundle: String
    var rootfs: String
    var annotations: [String: String]?
    /// RFC 3339.
    var created: String
    /// The user who made it.
    var owner: UInt32
    /// The container has a pid namespace of its own, so that its end ends all its processes.
    var ownPidNamespace: Bool
    var cgroupMode: String
    var cgroups: [Tree]
    /// The unit of systemd, with that driver.
    var unit: Unit?
    var hooks: RuntimeSpec.Hooks?
    /// true: it was created without `process`, and cannot be started (runtime.md, "Start").
    var withoutProcess: Bool?
    /// Of a container in the host's mount namespace: what was mounted below its rootfs before it was made.
    var mountsBefore: [String]?
    /// The directory of the resctrl file system that its processes are in.
    var resctrlGroup: String?
    /// Directories of the resctrl file system that end with the container.
    var resctrlGroups: [String]?

    struct Tree: Encodable, Hashable, Sendable {
        var version: Int
        var controllers: [String]
        var mountPoint: String
        var path: String
    }

    struct Unit: Codable, Hashable, Sendable {
        var name: String
        var slice: String
        var user: Bool
    }

    var layout: CgroupLayout {
        let mode: CgroupMode = cgroupMode == "v2" ? .v2 : cgroupMode == "hybrid" ? .hybrid : .v1
        return CgroupLayout(
            mode: mode,
            trees: cgroups.map { tree in
                CgroupLayout.Tree(
                    hierarchy: HostCgroups.Hierarchy(
                        version: tree.version,
                        controllers: tree.controllers,
                        mountPoint: tree.mountPoint
                    ),
                    path: tree.path
                )
            },
            unit: unit.map { SystemdUnit(name: $0.name, slice: $0.slice, user: $0.user) }
        )
    }

    mutating func setLayout(_ layout: CgroupLayout) {
        cgroupMode =
            switch layout.mode {
            case .v1: "v1"
            case .hybrid: "hybrid"
            case .v2: "v2"
            }
        unit = layout.unit.map { Unit(name: $0.name, slice: $0.slice, user: $0.user) }
        cgroups = layout.trees.map {
            Tree(
                version: $0.hierarchy.version,
                controllers: $0.hierarchy.controllers,
                mountPoint: $0.hierarchy.mountPoint,
                path: $0.path
            )
        }
    }

    /// The state as hooks and `state` print it.
    func described(_ status: ContainerState.Status, pid: Int32?) -> ContainerState {
        ContainerState(
            ociVersion: ociVersion,
            id: id,
            status: status,
            pid: status == .stopped ? nil : pid.map { Int($0) },
            bundle: bundle,
            annotations: annotations
        )
    }

    /// Reads a container's state.
    ///
    /// - Throws: `.notFound` if there is none.
    static func read(_ directory: String, id: String) throws(RuntimeError) -> StoredState {
        let bytes: [UInt8]
        do {
            bytes = try Files.read(directory + "/" + fileName, limit: 16 << 20)
        } catch  where error.errno == .noEntry {
            throw RuntimeError(.notFound, step: "container", subject: "\"\(id)\"", cause: "container does not exist")
        } catch {
            throw RuntimeError(error, step: "read the state")
        }
        do {
            return try JSONCoding.decode(StoredState.self, from: bytes)
        } catch {
            throw RuntimeError(
                .system,
                step: "read the state",
                subject: directory + "/" + fileName,
                cause: "\(error)",
                hint: "delete --force removes what is left of the container"
            )
        }
    }

    func write(_ directory: String) throws(RuntimeError) {
        let bytes: [UInt8]
        do {
            bytes = try text()
        } catch {
            throw RuntimeError(.system, step: "write the state", subject: id, cause: "\(error)")
        }
        try doing("write the state") { () throws(SysError) in
            try Files.replaceUnsynced(directory + "/" + Self.fileName, with: bytes)
        }
    }
}
