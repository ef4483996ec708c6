import Linux
import OCI

extension CgroupLayout {
    /// What a caller that is not the machine's root can have of a layout.
    struct Delegated {
        /// Only the trees in which the caller may make directories; in the others the container stays with the caller.
        var layout: CgroupLayout
        /// Without the device rules that no cgroup could enforce.
        var resources: RuntimeSpec.Resources
        var warnings: [String]
    }

    /// Leaves out the trees that nobody delegated to the caller, unless something was asked of them: a path, or a limit.
    ///
    /// Device rules alone are dropped, with a warning: a user can make no device nodes in a user namespace, and opens
    /// those that are there with its own rights. runc's rule, for version 1 and version 2 alike.
    ///
    /// - Parameter cgroupsPath: As in config.json; nil or empty if the place does not matter to the caller.
    /// - Throws: `.refused` for a path that the caller may not make and for limits that nothing would enforce.
    func delegated(
        cgroupsPath: String?,
        resources: RuntimeSpec.Resources,
        obstacle: (String) -> Errno? = Self.obstacle
    ) throws(RuntimeError) -> Delegated {
        var (kept, missing): ([Tree], [(tree: Tree, reason: Errno)]) = ([], [])
        for tree in trees {
            if let reason = obstacle(tree.path) { missing.append((tree, reason)) } else { kept.append(tree) }
        }
        guard let first = missing.first else { return Delegated(layout: self, resources: resources, warnings: []) }
        if let cgroupsPath, !cgroupsPath.isEmpty {
            throw RuntimeError(
                .refused,
                step: "make the cgroup",
                subject: first.tree.path,
                cause: "\(first.reason)",
                errno: first.reason,
                hint: "linux.cgroupsPath asks for it: have a cgroup delegated, as systemd's Delegate=yes does, "
                    + "or leave out cgroupsPath and all limits"
            )
        }
        let lacks = { (controller: String) in mode == .v2 || missing.contains { $0.tree.hierarchy.has(controller) } }
        let unenforced = try writes(for: resources).filter { lacks($0.controller) }
        if !unenforced.isEmpty {
            throw RuntimeError(
                .refused,
                step: "set the cgroup limits",
                subject: unenforced.map(\.file).joined(separator: ", "),
                cause: "the caller may not make a cgroup that has them: \(first.reason)",
                errno: first.reason,
                hint: "have a cgroup delegated, as systemd's Delegate=yes does, or leave out the limits"
            )
        }
        var (resources, warnings) = (resources, [String]())
        if lacks("devices") {
            let rules = resources.devices ?? []
            let allowsEverything = try DeviceRules(rules).allowsEverything
            if !rules.isEmpty && !allowsEverything {
                warnings.append(
                    "the rules of linux.resources.devices are not set, only the caller's own rights hold: it may not "
                        + "make the cgroup \(first.tree.path): \(first.reason)"
                )
            }
            resources.devices = [RuntimeSpec.DeviceRule(allow: true, access: "rwm")]
        }
        return Delegated(layout: CgroupLayout(mode: mode, trees: kept), resources: resources, warnings: warnings)
    }

    private func writes(for resources: RuntimeSpec.Resources) throws(RuntimeError) -> [CgroupWrite] {
        mode == .v2 ? try CgroupLimits.v2(resources) : CgroupLimits.v1(resources)
    }

    /// Why the caller may not write to the directory, or to the next one above it that exists.
    private static func obstacle(_ path: String) -> Errno? {
        var place = path
        while !Files.exists(place), let slash = place.lastIndex(of: "/"), slash != place.startIndex {
            place = String(place[..<slash])
        }
        return Files.obstacleToWriting(place)
    }
}
