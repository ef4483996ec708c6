import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

@Suite("User namespaces", .enabled(if: Ability.containers, "needs root and /bin/busybox"))
struct UserNamespaceTests {
    private static let uid = RuntimeSpec.IDMapping(containerID: 0, hostID: 100_000, size: 65536)
    private static let gid = RuntimeSpec.IDMapping(containerID: 0, hostID: 200_000, size: 65536)

    /// A bundle whose rootfs belongs to the ids that root of its user namespace has.
    private func bundle() throws -> TestBundle {
        let bundle = try TestBundle()
        bundle.spec.linux?.namespaces?.append(.init(type: .user))
        bundle.spec.linux?.uidMappings = [Self.uid]
        bundle.spec.linux?.gidMappings = [Self.gid]
        try bundle.give(uid: 100_000, gid: 200_000)
        return bundle
    }

    @Test("root of the container is nobody outside, has its own /proc, /sys and devices, and can make files")
    func basic() throws {
        let bundle = try bundle()
        bundle.shell(
            """
            id -u; id -g; cat /proc/self/uid_map; echo $$
            echo x > /made; stat -c %u:%g /made; echo y > /dev/null && head -c 1 /dev/zero | tr '\\0' z; echo
            ls /sys/kernel > /dev/null && echo sys; cat /proc/sys/kernel/hostname; mknod /n c 1 3 2>/dev/null || echo refused
            """
        )
        let lines = try bundle.run().output.split(separator: "\n").map(String.init)
        #expect(lines.prefix(2) == ["0", "0"])
        #expect(lines[2].split(separator: " ") == ["0", "100000", "65536"])
        #expect(lines.dropFirst(3) == ["1", "0:0", "z", "sys", "swiftlet", "refused"])
        #expect(try Files.owner(bundle.path + "/rootfs/made").uid == 100_000)
        #expect(try bundle.leftovers() == [])
    }

    @Test("a directory that only the host's root may enter is bound all the same, and so is a bundle in one")
    func inaccessibleSources() throws {
        let bundle = try bundle()
        try Files.makeDirectories(bundle.path + "/private/data")
        try Files.replaceUnsynced(bundle.path + "/private/data/f", with: Array("here".utf8), mode: 0o644)
        try Files.setMode(bundle.path + "/private", 0o700)
        bundle.spec.mounts?.append(.init(destination: "/a", source: "private/data", options: ["bind", "ro"]))
        bundle.spec.mounts?.append(.init(destination: "/b", source: "private/data/f", options: ["bind"]))
        bundle.shell("cat /a/f /b; (echo x > /a/f) 2>/dev/null || echo refused")
        #expect(try bundle.run().output == "herehererefused\n")
    }

    @Test("limits and priorities that need rights over the machine are set by the runtime")
    func attributes() throws {
        let bundle = try bundle()
        bundle.spec.process?.rlimits = [.init(type: "RLIMIT_NOFILE", hard: 64, soft: 32)]
        bundle.spec.process?.oomScoreAdj = 300
        bundle.spec.process?.ioPriority = .init(class: .realtime, priority: 3)
        bundle.shell("ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj; busybox ionice -p $$")
        #expect(try bundle.run().output == "32\n64\n300\nrealtime: prio 3\n")
    }

    @Test("a further process and hooks of the container have its user namespace")
    func exec() throws {
        let bundle = try bundle()
        bundle.spec.process?.args = ["sleep", "1000"]
        bundle.spec.process?.terminal = false
        bundle.spec.hooks = .init(
            startContainer: [
                .init(path: "/bin/busybox", args: ["sh", "-c", "cat /proc/self/uid_map > /hook"], env: ["PATH=/bin"])
            ]
        )
        let created = try bundle.create()
        try created.container.start()
        #expect(try Files.readText(bundle.path + "/rootfs/hook").contains("100000"))
        let pipe = try Pipe()
        var process = RuntimeSpec.Process(
            args: ["sh", "-c", "id -u; cat /proc/self/uid_map; ulimit -n; cat /proc/self/oom_score_adj; echo $PPID"],
            env: ["PATH=/bin"],
            cwd: "/"
        )
        process.oomScoreAdj = 400
        process.rlimits = [.init(type: "RLIMIT_NOFILE", hard: 40, soft: 20)]
        let executed = try created.container.exec(
            process,
            options: ExecOptions(stdio: .descriptors(input: pipe.readEnd.raw, output: pipe.writeNumber, errors: 2))
        )
        pipe.closeWriteEnd()
        let output = String(decoding: try Files.readAll(pipe.readEnd.raw, subject: "output"), as: UTF8.self)
        #expect(try Child.wait(executed.pid) == 0)
        let lines = output.split(separator: "\n").map(String.init)
        #expect(lines.first == "0" && lines[1].contains("100000"))
        #expect(lines.dropFirst(2) == ["20", "400", "0"])
        try created.container.delete(force: true)
        _ = try Child.wait(created.pid)
        #expect(try bundle.leftovers() == [])
    }

    @Test("a container joins the user namespace of another, and namespaces that belong to neither")
    func join() throws {
        let first = try bundle()
        first.spec.process?.args = ["sleep", "1000"]
        let holder = try first.create()
        try holder.container.start()
        let second = try TestBundle()
        try second.give(uid: 100_000, gid: 200_000)
        // A network namespace of the host's user namespace, which root of the joined one has no rights over.
        let net = try TestBundle()
        net.spec.process?.args = ["sleep", "1000"]
        let other = try net.create()
        try other.container.start()
        second.spec.linux?.namespaces = [
            .init(type: .mount), .init(type: .pid), .init(type: .uts), .init(type: .ipc),
            .init(type: .user, path: "/proc/\(holder.pid)/ns/user"),
            .init(type: .network, path: "/proc/\(other.pid)/ns/net"),
        ]
        second.shell("readlink /proc/self/ns/user; readlink /proc/self/ns/net; cat /proc/self/gid_map; echo $$")
        let lines = try second.run().output.split(separator: "\n").map(String.init)
        try #require(lines.count == 4)
        #expect(try lines[0] == Files.linkTarget("/proc/\(holder.pid)/ns/user"))
        #expect(try lines[1] == Files.linkTarget("/proc/\(other.pid)/ns/net"))
        #expect(lines[2].contains("200000") && lines[3] == "1")
        for (bundle, holder) in [(first, holder.pid), (net, other.pid)] {
            try Container.delete(id: "c", force: true, root: bundle.root)
            _ = try Child.wait(holder)
        }
    }

    @Test("without a map for root the process is who the configuration says")
    func noRoot() throws {
        let bundle = try bundle()
        bundle.spec.linux?.uidMappings = [.init(containerID: 1000, hostID: 100_000, size: 1)]
        bundle.spec.linux?.gidMappings = [.init(containerID: 1000, hostID: 200_000, size: 1)]
        bundle.spec.process?.user = .init(uid: 1000, gid: 1000)
        bundle.shell("id -u; id -g")
        let outcome = try bundle.run()
        #expect(outcome.output == "1000\n1000\n")
        #expect(outcome.warnings.contains { $0.contains("gid=5") }, "the group of devpts is not mapped")
    }

    @Test("a rootfs that the user namespace cannot use is refused with a hint, and nothing stays")
    func unusableRoot() throws {
        let bundle = try bundle()
        try bundle.give(uid: 0, gid: 0)
        try Files.setMode(bundle.path + "/rootfs", 0o700)
        bundle.shell("true")
        let failure = #expect(throws: RuntimeError.self) { try bundle.run() }
        #expect(failure?.description.contains("must belong to ids that the user namespace maps") == true)
        #expect(try bundle.leftovers() == [])
    }

    @Test(
        "maps that the kernel would refuse are named",
        arguments: [
            ([], "is empty"), ([(0, 1, 0)], "range #0 is empty"), ([(0, 4_294_967_290, 10)], "above the largest id"),
            ([(0, 1000, 10), (5, 2000, 10)], "range #1 overlaps"),
            ([(0, 1000, 10), (50, 1005, 10)], "range #1 overlaps"),
        ] as [([(UInt32, UInt32, UInt32)], String)]
    )
    func badMaps(_ maps: [(UInt32, UInt32, UInt32)], _ words: String) {
        let list = maps.map { RuntimeSpec.IDMapping(containerID: $0.0, hostID: $0.1, size: $0.2) }
        let failure = #expect(throws: RuntimeError.self) {
            try Samples.plan {
                $0.linux?.namespaces?.append(.init(type: .user))
                $0.linux?.uidMappings = list
                $0.linux?.gidMappings = [Self.gid]
            }
        }
        #expect(failure?.description.contains(words) == true)
    }

    @Test("id maps come first, then what needs the caller's eyes, then the new root, then everything else")
    func order() throws {
        let plan = try Samples.plan {
            $0.linux?.namespaces? += [.init(type: .user), .init(type: .time)]
            $0.linux?.uidMappings = [Self.uid]
            $0.linux?.gidMappings = [Self.gid]
            $0.linux?.timeOffsets = ["boottime": .init(secs: 7)]
            $0.process?.oomScoreAdj = -500
            $0.process?.rlimits = [.init(type: "RLIMIT_NOFILE", hard: 64, soft: 32)]
        }
        let steps = plan.steps
        let places = [
            steps.place { if case .joinCgroup = $0 { true } else { false } },
            steps.place { $0 == .rendezvous(.idMaps) },
            steps.place { $0 == .timeNamespace(offsets: "boottime 7 0\n") },
            steps.place { if case .root = $0 { true } else { false } },
            steps.place { $0 == .rootIDs(uid: 0, gid: 0) },
            steps.place { if case .hostname = $0 { true } else { false } },
            steps.place { if case .mount = $0 { true } else { false } },
            steps.place { $0 == .pivot },
            steps.place { $0 == .rendezvous(.attributes) },
        ]
        #expect(!places.contains(-1) && places == places.sorted())
        #expect(plan.namespaces.birth.contains([.user, .pid, .mount]))
        #expect(plan.oomScore == "-500", "the child could not lower it")
        #expect(!steps.contains { if case .resourceLimit = $0 { true } else { false } })
        #expect(plan.attributes.count == 1)
    }

    @Test("a caller without rights needs a user namespace, and can set no groups where only its own is mapped")
    func rootlessPlans() throws {
        let host = HostFacts(capabilities: CapabilitySet())
        #expect(throws: RuntimeError.self) { try Samples.plan(host: host) }
        let own = { (id: UInt32) in [RuntimeSpec.IDMapping(containerID: 0, hostID: id, size: 1)] }
        func plan(groups: [UInt32]) throws -> ContainerPlan {
            try Samples.plan(
                {
                    $0.linux?.namespaces?.append(.init(type: .user))
                    $0.linux?.uidMappings = own(geteuid())
                    $0.linux?.gidMappings = own(getegid())
                    $0.process?.user = .init(uid: 0, gid: 0, additionalGids: groups)
                },
                host: host
            )
        }
        #expect(try plan(groups: []).steps.contains(.groups([], lenient: true)))
        #expect(throws: RuntimeError.self) { try plan(groups: [5]) }
    }
}

@Suite("Without root", .enabled(if: Ability.containers && BuiltRuntime.path != nil, "needs root, busybox, the program"))
struct RootlessTests {
    private static let user: UInt32 = 54321

    /// Runs the program as a user without any rights.
    private func call(_ bundle: TestBundle, _ words: String...) throws -> Spawn.Outcome {
        let program = try #require(BuiltRuntime.path)
        let id = String(Self.user)
        let become = ["/usr/bin/setpriv", "--reuid", id, "--regid", id, "--clear-groups"]
        return try Spawn.run(become + [program, "--root", bundle.root.path] + words, environment: [])
    }

    private func bundle() throws -> TestBundle {
        let bundle = try TestBundle()
        bundle.spec.linux?.cgroupsPath = nil
        bundle.spec.linux?.namespaces?.append(.init(type: .user))
        bundle.spec.linux?.uidMappings = [.init(containerID: 0, hostID: Self.user, size: 1)]
        bundle.spec.linux?.gidMappings = [.init(containerID: 0, hostID: Self.user, size: 1)]
        try bundle.give(uid: Self.user, gid: Self.user)
        try Files.makeDirectories(bundle.root.path)
        _ = unsafe chown(bundle.root.path, Self.user, Self.user)
        try Files.setMode(bundle.path, 0o755)
        return bundle
    }

    @Test("a user runs a container with a map of its own id: without a cgroup, but with all namespaces")
    func run() throws {
        let bundle = try bundle()
        bundle.spec.process?.oomScoreAdj = 700
        bundle.shell("id -u; echo $$; cat /proc/self/setgroups /proc/self/oom_score_adj; echo x > /f; stat -c %u /f")
        try bundle.writeConfig()
        let outcome = try call(bundle, "run", "--bundle", bundle.path, "r")
        let errors = String(decoding: outcome.errors, as: UTF8.self).split(separator: "\n")
        #expect(errors.allSatisfy { $0.hasPrefix("swiftlet-oci: warning: ") }, "\(errors)")
        #expect(errors.contains { $0.contains("the rules of linux.resources.devices are not set") })
        #expect(String(decoding: outcome.output, as: UTF8.self) == "0\n1\ndeny\n700\n0\n")
        #expect(try Files.owner(bundle.path + "/rootfs/f").uid == Self.user)
        #expect(try bundle.leftovers() == [])
    }

    @Test(
        "limits and a place that the user may not have are refused, and nothing runs or stays",
        arguments: ["limit", "place"]
    )
    func limits(_ asked: String) throws {
        let bundle = try bundle()
        bundle.shell("echo ran")
        if asked == "limit" {
            bundle.spec.linux?.resources?.memory = .init(limit: 64 << 20)
        } else {
            bundle.spec.linux?.cgroupsPath = "/" + bundle.name
        }
        try bundle.writeConfig()
        for command in ["run", "create"] {
            let outcome = try call(bundle, command, "--bundle", bundle.path, "r")
            let errors = String(decoding: outcome.errors, as: UTF8.self)
            #expect(outcome.code == 1 && outcome.output.isEmpty)
            let refused = asked == "limit" ? "set the cgroup limits memory." : "make the cgroup /"
            #expect(errors.contains(refused), "\(errors)")
            #expect(errors.contains("Delegate=yes") && errors.split(separator: "\n").count == 1, "\(errors)")
        }
        #expect(try bundle.leftovers() == [])
    }

    @Test("without a user namespace, or with the ids of others, it is told what is missing")
    func refused() throws {
        let bundle = try bundle()
        bundle.shell("true")
        bundle.spec.linux?.uidMappings?.append(.init(containerID: 1, hostID: 0, size: 1))
        try bundle.writeConfig()
        var outcome = try call(bundle, "run", "--bundle", bundle.path, "r")
        #expect(outcome.code == 1)
        #expect(String(decoding: outcome.errors, as: UTF8.self).contains("newuidmap"))
        bundle.spec.linux?.namespaces?.removeLast()
        bundle.spec.linux?.uidMappings = nil
        bundle.spec.linux?.gidMappings = nil
        try bundle.writeConfig()
        outcome = try call(bundle, "run", "--bundle", bundle.path, "r")
        #expect(outcome.code == 1)
        #expect(String(decoding: outcome.errors, as: UTF8.self).contains("rootless container requires user namespaces"))
        #expect(try bundle.leftovers() == [])
    }
}
