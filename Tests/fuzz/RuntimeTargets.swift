#if DEBUG
@testable import JSON
@testable import Linux
@testable import OCI
@testable import OCIRuntime

extension FuzzTarget {
    static let json: [FuzzTarget] = [
        FuzzTarget("json") { bytes in
            guard let value = try? JSONValue(parsing: bytes) else { return }  // refused is fine
            let written = value.text()
            guard let again = try? JSONValue(parsing: written) else {
                fatalError("what was written is no JSON: \(written)")
            }
            precondition(again == value, "written and read again it is another value: \(written)")
            precondition(again.text() == written, "written twice it differs")
        },
        FuzzTarget("json-patch") { bytes in
            let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let value = try? JSONValue(parsing: Array(parts[0])),  // refused is fine
                // As above.
                let patch = try? JSONValue(parsing: Array(parts[1])), let operations = try? JSONPatch(patch)
            else { return }
            _ = try? operations.applied(to: value)  // as above
        },
    ]

    static let runtime: [FuzzTarget] = [
        FuzzTarget("config", plan),
        FuzzTarget("state") { bytes in
            guard let state = try? JSONCoding.decode(StoredState.self, from: bytes) else { return }  // refused is fine
            guard let written = try? JSONCoding.encode(state),  // an encoder that fails is caught by the next line
                let again = try? JSONCoding.decode(StoredState.self, from: written)
            else { fatalError("a state that was read cannot be written and read") }
            precondition(again == state)
            _ = state.layout
            _ = state.described(.running, pid: 1)
        },
        FuzzTarget("process") { bytes in
            // Refused is fine.
            guard let process = try? JSONCoding.decode(RuntimeSpec.Process.self, from: bytes) else { return }
            guard let plan = try? ProcessPlan(process, host: host) else { return }  // as above
            _ = try? StageProgram(  // a zero byte is refused here
                plan.steps(preserve: 0, waits: true),
                arguments: plan.arguments,
                environment: plan.environment
            )
        },
    ]

    private static let host = HostFacts(capabilities: CapabilitySet(bits: 0x00FF_FFFF), oomScoreAdj: -5)

    private static let hosts = [
        HostCgroups(hierarchies: [.init(version: 2, controllers: [], mountPoint: "/sys/fs/cgroup")]),
        HostCgroups(
            hierarchies: ["cpu,cpuacct", "memory", "devices", "name=systemd"].map { names in
                .init(
                    version: 1,
                    controllers: names.split(separator: ",").map(String.init),
                    mountPoint: "/sys/fs/cgroup/" + names
                )
            }
        ),
    ]

    /// From the text of a config.json to the last step before anything is done.
    @Sendable private static func plan(_ bytes: [UInt8]) {
        guard let spec = try? JSONCoding.decode(RuntimeSpec.self, from: bytes) else { return }  // refused is fine
        _ = try? Bundle.checkVersion(spec.ociVersion)  // as above
        let resources = spec.linux?.resources ?? RuntimeSpec.Resources()
        _ = CgroupLimits.v1(resources)
        _ = try? CgroupLimits.v2(resources)  // as above
        _ = try? DeviceRules(resources.devices ?? [])  // as above
        for hierarchies in hosts {
            guard let layout = try? CgroupLayout(hierarchies, cgroupsPath: spec.linux?.cgroupsPath, id: "c") else {
                continue
            }
            stays(layout)
            let input = ContainerPlan.Input(id: "c", bundle: "/b", spec: spec, host: host, cgroup: layout)
            guard let plan = try? ContainerPlan(input) else { continue }  // refused is fine
            // Lowering opens what steps name by path; only the text part is wanted here.
            let harmless = plan.steps.filter { step in
                switch step {
                case .joinNamespace, .joinCgroup: false
                default: true
                }
            }
            _ = try? StageProgram(harmless, arguments: plan.arguments, environment: plan.environment)  // as above
        }
    }

    static func stays(_ layout: CgroupLayout) {
        for tree in layout.trees {
            let mountPoint = tree.hierarchy.mountPoint
            precondition(PathText.isBelow(tree.path, mountPoint), "\(tree.path) is not in its hierarchy")
            let below = tree.path.utf8.dropFirst(mountPoint.utf8.count).split(separator: 0x2F)
            precondition(!below.contains { $0.elementsEqual([0x2E, 0x2E]) }, "\(tree.path) leads up")
            precondition(!below.isEmpty, "\(tree.path) is the root of a hierarchy")
        }
    }

    static let texts: [FuzzTarget] = [
        FuzzTarget("id") { bytes in
            let id = text(bytes)
            guard (try? ContainerID.check(id)) != nil else { return }  // refused is fine
            precondition(!id.isEmpty && id.utf8.count <= 1024 && !id.contains("/") && !id.hasPrefix("."))
            precondition(id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
        },
        FuzzTarget("mount-options") { bytes in
            let options = MountOptions(lines(bytes))
            precondition(options.set.isDisjoint(with: options.clear.subtracting(.accessTimeMask)))
            let path = MountPlan.clean(text(bytes))
            precondition(PathText.isAbsolute(path) && MountPlan.clean(path) == path)
            precondition(!PathText.leadsUp(path))
        },
        FuzzTarget("sysctl") { bytes in
            let name = text(bytes)
            guard SysctlRules.namespace(of: name) != nil else { return }
            let path = SysctlRules.path(name)
            precondition(!PathText.leadsUp(path) && !PathText.isAbsolute(path), "\(path) leads out")
        },
        FuzzTarget("cgroup-path") { bytes in
            for host in hosts {
                if let layout = try? CgroupLayout(host, cgroupsPath: text(bytes), id: "c") { stays(layout) }
            }
        },
        FuzzTarget("proc") { bytes in
            let mounts = MountTable.parse(bytes)
            _ = HostCgroups.find(mounts: mounts, membership: text(bytes))
            _ = MountTable.holding("/a/b", in: mounts)
            let home = HomeDirectory.home(uid: 0, passwd: bytes)
            precondition(!home.isEmpty && !home.utf8.contains(0))
        },
        FuzzTarget("one-line") { bytes in
            let line = OneLine.text(text(bytes))
            precondition(!line.contains { $0.isNewline } && !line.utf8.contains { $0 < 0x20 || $0 == 0x7F })
        },
        FuzzTarget("user") { bytes in
            let before = RuntimeSpec.User(uid: 7, gid: 8)
            guard let user = try? UserArgument.parse(text(bytes), before) else { return }  // refused is fine
            let given = text(bytes).split(separator: ":")
            precondition(UInt32(given[0]) == user.uid && user.uid != .max && user.gid != .max)
            precondition(given.count == 2 ? UInt32(given[1]) == user.gid : user.gid == 8, "\(user) of \(given)")
        },
        FuzzTarget("id-map") { bytes in
            // Lines of "inside outside size", as in the file of the kernel.
            let list = lines(bytes).compactMap { line -> RuntimeSpec.IDMapping? in
                let numbers = line.split(separator: " ").map { UInt32($0) ?? .max }
                guard numbers.count == 3 else { return nil }
                return RuntimeSpec.IDMapping(containerID: numbers[0], hostID: numbers[1], size: numbers[2])
            }
            guard let maps = try? IDMaps(uid: list, gid: list, subject: "fuzz") else { return }  // refused is fine
            for range in maps.uid {
                let last = range.size - 1
                precondition(IDMaps.outside(range.containerID, maps.uid) == range.hostID)
                precondition(IDMaps.outside(range.containerID + last, maps.uid) == range.hostID + last)
            }
            precondition(IDMaps.outside(.max, maps.uid) == nil, "the id that is none is mapped")
        },
        FuzzTarget("mountinfo") { bytes in
            let mounts = MountTable.parse(bytes)
            for mount in mounts where PathText.isAbsolute(mount.mountPoint) {
                let holder = MountTable.holding(mount.mountPoint, in: mounts)
                precondition(holder != nil, "\(mount.mountPoint) lies on nothing")
            }
        },
        FuzzTarget("capabilities") { bytes in _ = CapabilitySet.parse(lines(bytes)).set.list },
    ]
}
#endif
