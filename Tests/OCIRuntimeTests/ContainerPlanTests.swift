import Linux
import OCI
import Testing

@testable import OCIRuntime

@Suite("Plans: the order of steps, and what is refused")
struct ContainerPlanTests {
    private func isMount(_ step: Step) -> Bool {
        switch step {
        case .mount, .bind: true
        default: false
        }
    }

    @Test("cgroups are joined before the cgroup namespace is made, whose root they become")
    func cgroupBeforeNamespace() throws {
        let steps = try Samples.plan().steps
        let join = steps.lastIndex { if case .joinCgroup = $0 { true } else { false } } ?? -1
        #expect(join >= 0)
        #expect(join < steps.place { $0 == .unshare(.cgroup) })
    }

    @Test(
        "nothing of the host's mounts is changed before propagation is cut, and all mounts are made before pivot_root"
    )
    func mountOrder() throws {
        let steps = try Samples.plan().steps
        let cut = steps.place { if case .propagation = $0 { true } else { false } }
        let pivot = steps.place { $0 == .pivot }
        #expect(steps[cut] == .propagation(path: "/", MountPropagation.slave.recursively))
        #expect(cut >= 0 && cut < steps.place(isMount))
        #expect(steps.lastIndex(where: isMount) ?? .max < pivot)
        #expect(steps.place { if case .mask = $0 { true } else { false } } < pivot)
        #expect(steps.place { $0 == .rootReadOnly } > pivot)
    }

    @Test("rights shrink in the order that keeps every step possible")
    func identityOrder() throws {
        let steps = try Samples.plan({ $0.process?.user = .init(uid: 1000, gid: 1000, additionalGids: [5]) }).steps
        let places = [
            steps.place { if case .boundingSet = $0 { true } else { false } },
            steps.place { $0 == .groups([5], lenient: false) }, steps.place { $0 == .gid(1000) },
            steps.place { $0 == .uid(1000) },
            steps.place { if case .capabilities = $0 { true } else { false } },
            steps.place { $0 == .noNewPrivileges }, steps.place { $0 == .awaitStart }, steps.place { $0 == .execute },
        ]
        #expect(!places.contains(-1))
        #expect(places == places.sorted())
        #expect(steps.last == .execute)
        let close = steps.place { if case .closeDescriptors = $0 { true } else { false } }
        #expect(close < steps.place { $0 == .ready }, "host descriptors must be closed before the container is visible")
    }

    @Test("a filter without no_new_privs is loaded before the last reduction, one with it right before exec")
    func seccompPlace() throws {
        let program = SeccompProgram(bytes: [6, 0, 0, 0, 0, 0, 0xFF, 0x7F], flags: 0)
        let late = try Samples.plan(seccomp: program).steps
        #expect(late.suffix(2) == [.seccomp(program), .execute])
        let early = try Samples.plan({ $0.process?.noNewPrivileges = false }, seccomp: program).steps
        let load = early.place { $0 == .seccomp(program) }
        let reduce = early.lastIndex { if case .capabilities = $0 { true } else { false } } ?? -1
        #expect(load >= 0 && load < reduce)
        #expect(!early.contains(.noNewPrivileges))
    }

    @Test("inheritable capabilities are empty unless the configuration asks for them")
    func inheritable() throws {
        let steps = try Samples.plan().steps
        let sets = steps.compactMap { step -> CapabilitySet? in
            if case .capabilities(_, _, let inheritable) = step { return inheritable }
            return nil
        }
        #expect(!sets.isEmpty && sets.allSatisfy(\.isEmpty))
    }

    @Test("capabilities that the runtime does not hold are dropped with a warning, unknown ones ignored with one")
    func capabilityClamp() throws {
        var host = Samples.host
        host.capabilities = Samples.allCapabilities.subtracting(CapabilitySet.parse(["CAP_SYS_RESOURCE"]).set)
        let wanted = ["CAP_SYS_RESOURCE", "CAP_KILL", "CAP_WARP_DRIVE"]
        let plan = try Samples.plan(
            { $0.process?.capabilities = .init(bounding: wanted, effective: wanted, permitted: wanted) },
            host: host
        )
        #expect(plan.warnings.contains { $0.contains("CAP_WARP_DRIVE") })
        #expect(plan.warnings.contains { $0.contains("CAP_SYS_RESOURCE") })
        #expect(plan.steps.contains(.boundingSet(CapabilitySet.parse(["CAP_KILL"]).set, last: 40)))
    }

    @Test("rlimits and oom_score_adj are clamped with a warning where CAP_SYS_RESOURCE is missing")
    func clampedLimits() throws {
        var host = Samples.host
        host.capabilities = Samples.allCapabilities.subtracting(CapabilitySet.parse(["CAP_SYS_RESOURCE"]).set)
        host.hardLimits = [.init(resource: 7, most: 1000)]
        host.oomScoreAdj = 100
        let change: (inout RuntimeSpec) -> Void = {
            $0.process?.rlimits = [.init(type: "RLIMIT_NOFILE", hard: 5000, soft: 2000)]
            $0.process?.oomScoreAdj = -500
        }
        let clamped = try Samples.plan(change, host: host)
        #expect(clamped.steps.contains(.resourceLimit(name: "RLIMIT_NOFILE", number: 7, soft: 1000, hard: 1000)))
        #expect(clamped.steps.contains(.writeProc(path: "self/oom_score_adj", content: "100")))
        #expect(clamped.warnings.count == 2)

        host.capabilities = Samples.allCapabilities
        let full = try Samples.plan(change, host: host)
        #expect(full.steps.contains(.resourceLimit(name: "RLIMIT_NOFILE", number: 7, soft: 2000, hard: 5000)))
        #expect(full.steps.contains(.writeProc(path: "self/oom_score_adj", content: "-500")))
        #expect(full.warnings.isEmpty)
    }

    @Test("joined namespaces are not made, and a pid namespace by path is one to be born into")
    func joinedNamespaces() throws {
        let plan = try Samples.plan {
            $0.linux?.namespaces = [
                .init(type: .mount), .init(type: .pid, path: "/proc/9/ns/pid"),
                .init(type: .network, path: "/run/netns/a"), .init(type: .uts), .init(type: .ipc),
            ]
        }
        #expect(plan.namespaces.birth == [.mount, .uts, .ipc])
        #expect(plan.namespaces.pidPath == "/proc/9/ns/pid")
        #expect(plan.steps.contains(.joinNamespace(.network, path: "/run/netns/a")))
        #expect(!plan.steps.contains(.loopbackUp), "loopback of a joined namespace belongs to its maker")
    }

    @Test("a program without slash is looked for along the container's PATH, absolute elements only")
    func path() throws {
        let plan = try Samples.plan {
            $0.process?.args = ["prog"]
            $0.process?.env = ["PATH=/old", "A=b", "PATH=/bin:.:rel::/usr/bin"]
        }
        #expect(plan.steps.contains(.findExecutable(["/bin/prog", "/usr/bin/prog"], name: "prog")))
    }

    @Test(
        "sysctls belong to a namespace or are refused",
        arguments: [
            ("net.ipv4.ip_forward", .network), ("net/ipv4/conf/eth0.1/forwarding", .network), ("kernel.shmmax", .ipc),
            ("fs.mqueue.msg_max", .ipc), ("kernel.domainname", .uts), ("kernel.panic", nil), ("vm.swappiness", nil),
            ("net.../../kernel.panic", nil), ("net/../vm/swappiness", nil), ("kernel.shm_rmid_forced", .ipc),
        ] as [(String, RuntimeSpec.Namespace.Kind?)]
    )
    func sysctls(_ name: String, _ kind: RuntimeSpec.Namespace.Kind?) {
        #expect(SysctlRules.namespace(of: name) == kind)
    }

    @Test("sysctl names are paths with the first separator as the separator")
    func sysctlPaths() {
        #expect(SysctlRules.path("net.ipv4.conf.eth0/1.forwarding") == "net/ipv4/conf/eth0.1/forwarding")
        #expect(SysctlRules.path("net/ipv4/conf/eth0.1/forwarding") == "net/ipv4/conf/eth0.1/forwarding")
    }

    @Test("shared rootfs propagation keeps the host's peers and makes only the mount around the root private")
    func sharedRoot() throws {
        var host = Samples.host
        host.mounts = [
            MountEntry(root: "/", mountPoint: "/", propagation: ["shared:1"], type: "ext4"),
            MountEntry(root: "/", mountPoint: "/b", propagation: ["shared:2"], type: "ext4"),
        ]
        let steps = try Samples.plan({ $0.linux?.rootfsPropagation = "rshared" }, host: host).steps
        #expect(steps.contains(.propagation(path: "/b", .private)))
        #expect(!steps.contains(.propagation(path: "/", MountPropagation.slave.recursively)))
        #expect(steps.contains(.rootPropagation(MountPropagation.shared.recursively)))
    }

    private static let refused: [(String, @Sendable (inout RuntimeSpec) -> Void)] = [
        ("no root", { $0.root = nil }),
        ("a nice value that there is not", { $0.process?.scheduler = .init(policy: .other, nice: 20) }),
        ("no arguments", { $0.process?.args = [] }),
        ("an empty program", { $0.process?.args = [""] }),
        ("a relative cwd", { $0.process?.cwd = "tmp" }),
        ("uid -1", { $0.process?.user = .init(uid: .max, gid: 0) }),
        ("group -1", { $0.process?.user = .init(uid: 0, gid: 0, additionalGids: [.max]) }),
        ("an unknown rlimit", { $0.process?.rlimits = [.init(type: "RLIMIT_FUN", hard: 1, soft: 1)] }),
        ("soft above hard", { $0.process?.rlimits = [.init(type: "RLIMIT_CPU", hard: 1, soft: 2)] }),
        (
            "an rlimit twice",
            {
                $0.process?.rlimits = [
                    .init(type: "RLIMIT_CPU", hard: 1, soft: 1), .init(type: "RLIMIT_CPU", hard: 1, soft: 1),
                ]
            }
        ),
        ("a text of 128 KiB", { $0.process?.args = ["sh", String(repeating: "x", count: 131_072)] }),
        (
            "10 MB of arguments",
            { $0.process?.args = Array(repeating: String(repeating: "x", count: 1000), count: 10_000) }
        ),
        ("a zero byte", { $0.process?.args = ["a\0b"] }),
        ("the host's mount namespace", { $0.linux?.namespaces = [.init(type: .pid)] }),
        ("a namespace twice", { $0.linux?.namespaces = [.init(type: .mount), .init(type: .pid), .init(type: .pid)] }),
        ("a host name for the host", { $0.linux?.namespaces = [.init(type: .mount)] }),
        ("a sysctl of the host", { $0.linux?.sysctl = ["kernel.panic": "1"] }),
        (
            "a network sysctl in the host's network",
            {
                $0.linux?.namespaces = [.init(type: .mount), .init(type: .uts)]
                $0.linux?.sysctl = ["net.ipv4.ip_forward": "1"]
            }
        ),
        ("a relative namespace path", { $0.linux?.namespaces = [.init(type: .mount), .init(type: .ipc, path: "x")] }),
        ("AppArmor where there is none", { $0.process?.apparmorProfile = "docker-default" }),
        ("SELinux where there is none", { $0.process?.selinuxLabel = "a:b:c" }),
        ("an unknown propagation", { $0.linux?.rootfsPropagation = "sideways" }),
        ("an io priority of 8", { $0.process?.ioPriority = .init(class: .idle, priority: 8) }),
    ]

    @Test("a configuration that cannot be meant is refused before anything is done", arguments: refused.indices)
    func refusals(_ index: Int) {
        let (name, change) = Self.refused[index]
        #expect(throws: RuntimeError.self, "\(name)") { try Samples.plan(change) }
    }
}
