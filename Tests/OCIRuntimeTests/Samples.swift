import Linux
import OCI

@testable import OCIRuntime

/// Configurations and hosts for tests of pure plans.
enum Samples {
    static func hosts(_ mode: CgroupMode) -> HostCgroups {
        let unified = HostCgroups.Hierarchy(version: 2, controllers: [], mountPoint: "/sys/fs/cgroup")
        if mode == .v2 { return HostCgroups(hierarchies: [unified]) }
        var list = ["cpu,cpuacct", "memory", "pids", "devices", "freezer", "cpuset", "name=systemd"].map { names in
            HostCgroups.Hierarchy(
                version: 1,
                controllers: names.split(separator: ",").map(String.init),
                mountPoint: "/sys/fs/cgroup/" + names
            )
        }
        if mode == .hybrid {
            list.append(HostCgroups.Hierarchy(version: 2, controllers: [], mountPoint: "/sys/fs/cgroup/unified"))
        }
        return HostCgroups(hierarchies: list)
    }

    static func layout(_ mode: CgroupMode) -> CgroupLayout {
        let host = hosts(mode)
        return CgroupLayout(
            mode: mode,
            trees: host.hierarchies.map { CgroupLayout.Tree(hierarchy: $0, path: $0.mountPoint + "/test/c1") }
        )
    }

    static let allCapabilities = CapabilitySet(bits: (1 << 41) - 1)

    static var host: HostFacts { HostFacts(capabilities: allCapabilities) }

    static var spec: RuntimeSpec {
        var spec = RuntimeSpec.template
        spec.process?.terminal = false
        return spec
    }

    static func plan(
        _ change: (inout RuntimeSpec) -> Void = { _ in },
        host: HostFacts = host,
        seccomp: SeccompProgram? = nil
    ) throws -> ContainerPlan {
        var spec = spec
        change(&spec)
        return try ContainerPlan(
            ContainerPlan.Input(
                id: "c1",
                bundle: "/b",
                spec: spec,
                host: host,
                cgroup: layout(.hybrid),
                seccomp: seccomp
            )
        )
    }
}

extension Array where Element == Step {
    /// The place of the first step that `matches`, or -1.
    func place(_ matches: (Step) -> Bool) -> Int { firstIndex(where: matches) ?? -1 }
}
