import Linux
import OCI
import Systemd

/// Who makes the cgroups of a container.
package enum CgroupDriver: String, Hashable, Sendable {
    /// This runtime, by itself.
    case cgroupfs
    /// systemd, as a transient scope or slice.
    case systemd
    /// Nobody: the container stays in the caller's cgroups.
    case disabled

    /// Finds the places of a container's cgroups.
    ///
    /// - Parameter user: Ask the user's systemd instead of the machine's.
    func layout(
        _ spec: RuntimeSpec,
        id: String,
        mounts: [MountEntry],
        user: Bool
    ) throws(RuntimeError) -> CgroupLayout {
        let path = spec.linux?.cgroupsPath
        switch self {
        case .cgroupfs:
            return try CgroupLayout(try HostCgroups.current(mounts: mounts), cgroupsPath: path, id: id)
        case .disabled:
            try Self.refuseLimits(spec.linux?.resources)
            return .none(try HostCgroups.current(mounts: mounts))
        case .systemd:
            let unit = try SystemdUnit(cgroupsPath: path, id: id, user: user, annotations: spec.annotations ?? [:])
            let host = try HostCgroups.current(mounts: mounts, process: user ? "self" : "1")
            return try CgroupLayout(host, unit: unit, managerGroup: user ? try SystemdUnits.userGroup() : nil)
        }
    }

    private static func refuseLimits(_ resources: RuntimeSpec.Resources?) throws(RuntimeError) {
        guard var rest = resources else { return }
        rest.devices = nil
        if rest == RuntimeSpec.Resources() { return }
        throw RuntimeError(
            .invalid,
            step: "linux.resources",
            cause: "limits need cgroups, which --cgroup-manager=disabled turns off",
            hint: "remove the limits or choose another cgroup manager"
        )
    }
}

/// A unit of systemd that holds a container.
package struct SystemdUnit: Hashable, Sendable {
    /// "swiftlet-oci-web.scope".
    package let name: String
    /// "machine.slice".
    package let slice: String
    /// The user's systemd, not the machine's.
    package let user: Bool
    /// From annotations "org.systemd.property.NAME".
    let extra: [SystemdManager.Property]

    package var isSlice: Bool { name.hasSuffix(".slice") }

    init(name: String, slice: String, user: Bool, extra: [SystemdManager.Property] = []) {
        self.name = name
        self.slice = slice
        self.user = user
        self.extra = extra
    }

    /// Reads "slice:prefix:name"; an empty slice is the usual one, and without a path the id is the name.
    package init(
        cgroupsPath: String?,
        id: String,
        user: Bool,
        annotations: [String: String] = [:]
    ) throws(RuntimeError) {
        let text = cgroupsPath.flatMap { $0.isEmpty ? nil : $0 } ?? ":swiftlet-oci:\(id)"
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, !parts[2].isEmpty else {
            throw RuntimeError(
                .invalid,
                step: "cgroupsPath",
                subject: text,
                cause: "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, "
                    + "got \"\(text)\" instead"
            )
        }
        slice = parts[0].isEmpty ? (user ? "user.slice" : "system.slice") : parts[0]
        if parts[2].hasSuffix(".slice") {
            name = parts[2]
        } else {
            name = (parts[1].isEmpty ? parts[2] : "\(parts[1])-\(parts[2])") + ".scope"
        }
        guard UnitName.path(ofSlice: slice) != nil, UnitName.isUnit(name),
            !isSlicePath(name) || UnitName.path(ofSlice: name) != nil
        else {
            throw RuntimeError(
                .invalid,
                step: "cgroupsPath",
                subject: text,
                cause: "\(slice) and \(name) are no names of a slice and a unit"
            )
        }
        self.user = user
        extra = try SystemdProperties.fromAnnotations(annotations)
    }

    /// The path below the manager's own cgroup.
    package var path: String {
        if isSlice { return UnitName.path(ofSlice: name) ?? "/" + name }
        return (UnitName.path(ofSlice: slice) ?? "") + "/" + name
    }
}

private func isSlicePath(_ name: String) -> Bool { name.hasSuffix(".slice") }

extension CgroupLayout {
    /// The directories that systemd gives a unit.
    ///
    /// - Parameters:
    ///   - host: With the place of systemd itself, process 1, in each hierarchy.
    ///   - managerGroup: The cgroup of a user's systemd; it has the version 2 tree alone.
    package init(_ host: HostCgroups, unit: SystemdUnit, managerGroup: String? = nil) throws(RuntimeError) {
        var trees = host.hierarchies
        if unit.user { trees.removeAll { $0.version == 1 } }
        guard !trees.isEmpty else {
            throw RuntimeError(
                .unsupported,
                step: "cgroups",
                cause: "systemd has no cgroup hierarchy here that this container could use"
            )
        }
        self.init(
            mode: host.mode,
            trees: trees.map { hierarchy in
                var base = managerGroup ?? hierarchy.own
                if managerGroup == nil, base.hasSuffix("/init.scope") { base.removeLast("/init.scope".count) }
                while base.hasSuffix("/") { base.removeLast() }
                return Tree(hierarchy: hierarchy, path: hierarchy.mountPoint + base + unit.path)
            },
            unit: unit
        )
    }
}
