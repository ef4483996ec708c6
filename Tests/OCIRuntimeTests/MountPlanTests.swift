import Linux
import OCI
import Testing

@testable import OCIRuntime

@Suite("Plans: mounts")
struct MountPlanTests {
    private func plan(_ mounts: [RuntimeSpec.Mount], mode: CgroupMode = .hybrid) throws -> [Step] {
        var plan = MountPlan(
            bundle: "/b",
            cgroup: Samples.layout(mode),
            privateCgroups: true,
            namespaces: try NamespacePlan(Samples.spec),
            prepares: false,
            label: ""
        )
        try plan.add(mounts)
        return plan.steps + plan.late
    }

    @Test("mounts keep the order of the configuration, and the devices come after them")
    func order() throws {
        let steps = try plan(RuntimeSpec.standardMounts)
        let targets = steps.compactMap { step -> String? in
            switch step {
            case .mount(let mount): mount.target
            case .device(let device): device.path
            default: nil
            }
        }
        #expect(targets.prefix(6) == ["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys"])
        #expect(targets.dropFirst(6).first == "/sys/fs/cgroup")
        #expect(
            targets.suffix(6) == ["/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/random", "/dev/urandom"]
        )
    }

    private static let optionCases: [(list: [String], set: UInt64, data: [String])] = [
        (["ro", "nosuid", "nodev", "noexec"], 0xF, []), (["ro", "rw"], 0, []),
        (["rw", "ro", "size=5", "mode=1777"], 1, ["size=5", "mode=1777"]), (["noatime"], 0x10, []),
        (["noatime", "strictatime"], 0x20, []), (["strictatime", "relatime"], 0, []),
        (["nodiratime", "nosymfollow"], 0x20_0080, []), (["defaults", "x-systemd.automount", ""], 0, []),
    ]

    @Test("options become attributes of the mount; the rest goes to the file system", arguments: optionCases)
    func options(_ list: [String], _ set: UInt64, _ data: [String]) {
        let options = MountOptions(list)
        #expect(options.set.rawValue == set)
        #expect(options.data == data)
    }

    @Test("several options in one text are parted as mount(2) does: not in quotation marks nor behind a backslash")
    func commas() {
        #expect(MountOptions(["size=1m,mode=700", ",uid=1,"]).data == ["size=1m", "mode=700", "uid=1"])
        #expect(MountOptions([#"context="a:b:c:s0:c1,c2",size=1m"#]).data == [#"context="a:b:c:s0:c1,c2""#, "size=1m"])
        #expect(MountOptions([#"lowerdir=/a\,b:/c,upperdir=/d"#]).data == [#"lowerdir=/a\,b:/c"#, "upperdir=/d"])
    }

    @Test("recursive options change the whole tree and not the top alone")
    func recursiveOptions() {
        let options = MountOptions(["rbind", "rro", "rnosuid", "rslave"])
        #expect(options.bind && options.recursive)
        #expect(options.set == [] && options.setAll == [.readOnly, .noSetuid])
        #expect(options.propagation == MountPropagation.slave.recursively)
    }

    @Test("a bind mount takes a relative source from the bundle")
    func bindSource() throws {
        let steps = try plan([.init(destination: "/data", type: "bind", source: "vol", options: ["rbind", "ro"])])
        guard case .bind(let bind) = steps[0] else {
            Issue.record("no bind: \(steps[0])")
            return
        }
        #expect(bind.source == "/b/vol")
        #expect(bind.recursive && bind.set == .readOnly)
        #expect(!bind.strictTarget && !bind.mayCoverProc)
    }

    @Test(
        "mounts over procfs are refused but for files that only inform",
        arguments: [("/proc/cpuinfo", true), ("/proc/sys/kernel", false), ("/proc/self", false), ("/proc", true)]
    )
    func overProc(_ target: String, _ allowed: Bool) throws {
        let steps = try plan([.init(destination: target, type: "bind", source: "/x", options: ["bind"])])
        guard case .bind(let bind) = steps[0] else {
            Issue.record("no bind: \(steps[0])")
            return
        }
        #expect(bind.mayCoverProc == allowed)
        // Binding something on /proc itself is only for another procfs.
        #expect(bind.sourceIsProc == (target == "/proc"))
    }

    @Test("a tmpfs on /proc would let the image fake what the runtime reads")
    func tmpfsOnProc() {
        #expect(throws: RuntimeError.self) { try plan([.init(destination: "/proc", type: "tmpfs", source: "tmpfs")]) }
        #expect(throws: RuntimeError.self) { try plan([.init(destination: "/x/..", type: "tmpfs", source: "tmpfs")]) }
    }

    @Test(
        "targets that the kernel trusts by name must have no symbolic link in them",
        arguments: ["/proc", "/sys", "/dev"]
    )
    func strictTargets(_ target: String) throws {
        let type = target == "/proc" ? "proc" : target == "/sys" ? "sysfs" : "tmpfs"
        let steps = try plan([.init(destination: target, type: type, source: type)])
        guard case .mount(let mount) = steps[0] else {
            Issue.record("no mount: \(steps[0])")
            return
        }
        #expect(mount.strictTarget)
    }

    @Test("cgroups of version 1 are one read-only directory per controller, with a link for each of several")
    func cgroupMounts() throws {
        let steps = try plan([.init(destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro"])])
        let binds = steps.compactMap { step -> BindStep? in
            if case .bind(let bind) = step { return bind }
            return nil
        }
        #expect(binds.map(\.target).contains("/sys/fs/cgroup/cpu,cpuacct"))
        #expect(binds.map(\.target).contains("/sys/fs/cgroup/systemd"))
        #expect(binds.allSatisfy { $0.set.contains(.readOnly) })
        #expect(steps.contains(.symlink(target: "cpu,cpuacct", path: "/sys/fs/cgroup/cpuacct")))
        #expect(steps.contains(.readOnlyMount("/sys/fs/cgroup")))
    }

    @Test("on version 2 the container's own directory is all there is")
    func unifiedMount() throws {
        let steps = try plan(
            [.init(destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro"])],
            mode: .v2
        )
        guard case .bind(let bind) = steps[0] else {
            Issue.record("no bind: \(steps[0])")
            return
        }
        #expect(bind.source == "/sys/fs/cgroup/test/c1")
        #expect(bind.set.contains(.readOnly))
    }

    @Test("a bind mount on /dev brings its own devices")
    func boundDev() throws {
        let steps = try plan([.init(destination: "/dev", type: "bind", source: "/dev", options: ["rbind"])])
        #expect(steps.count == 1)
    }

    @Test(
        "paths are cleaned by text",
        arguments: [("", "/"), ("a", "/a"), ("/a//b/./c/", "/a/b/c"), ("/../../x", "/x"), ("/a/../b", "/b")]
    )
    func clean(_ path: String, _ result: String) {
        #expect(MountPlan.clean(path) == result)
    }

    private static let numberCases: [(UInt32, UInt32, UInt64)] = [
        (1, 3, 0x103), (8, 17, 0x811), (259, 300, 0x11_032C), (0xFFFFF, 0xFFFFF, 0),
    ]

    @Test("device numbers are encoded as the C library does", arguments: numberCases)
    func deviceNumbers(_ major: UInt32, _ minor: UInt32, _ number: UInt64) {
        let device = DeviceStep(path: "/dev/x", mode: 0, major: major, minor: minor)
        #expect(device.number == DeviceNumber.make(major: major, minor: minor))
        if number != 0 { #expect(device.number == number) }
    }
}
