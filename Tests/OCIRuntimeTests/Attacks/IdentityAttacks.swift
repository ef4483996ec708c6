import Glibc
import JSON
import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

@Suite("Attacks on identity and rights", .enabled(if: Attack.isPossible, Attack.need))
struct IdentityAttacks {
    private let sets = "while read a b; do case $a in Cap*) echo $a$b;; esac; done </proc/self/status"

    /// Seen to fail with the inheritable set filled from the permitted one in `ProcessPlan.addCapabilities`, and for exec
    /// with `--cap` adding to it as well.
    @Test("inheritable capabilities are empty, for run and for exec with further ones (CVE-2022-29162, CVE-2022-27650)")
    func inheritable() throws {
        let bundle = try TestBundle()
        bundle.shell(sets)
        let result = try bundle.attack()
        #expect(result.output.contains("CapInh:0000000000000000\n"), "\(result)")
        #expect(result.output.contains("CapPrm:0000000020000420\n"), "\(result)")
        bundle.spec.process?.args = ["sleep", "1000"]
        try bundle.writeConfig()
        #expect(try bundle.call(["run", "--detach", "--bundle", bundle.path, "e"]).code == 0)
        let further = try bundle.call(["exec", "--cap", "CAP_NET_ADMIN", "e", "sh", "-c", sets])
        #expect(further.output.contains("CapInh:0000000000000000\n"), "\(further)")
        #expect(further.output.contains("CapPrm:0000000020001420\n"), "\(further)")
        #expect(further.output.contains("CapAmb:0000000000000000\n"), "\(further)")
        #expect(try bundle.call(["delete", "--force", "e"]).code == 0)
    }

    /// Seen to fail with `ExecCommand.identifier` reduced to `UInt32(text)`: "+1" is taken, and 4294967295 leaves the
    /// process with the ids of the runtime.
    @Test(
        "--user is a number or two, nothing else (CVE-2026-30892)",
        arguments: [
            "", ":", "0:", ":0", "-1", "+1", " 1", "1 ", "0x0", "1e3", "1:2:3", "root", "4294967295", "4294967296",
            "0:-1",
            "0:4294967295", "18446744073709551616", "٣", "1\n", "1:1\n",
        ]
    )
    func user(_ text: String) throws {
        let bundle = try TestBundle()
        bundle.spec.process?.args = ["sleep", "1000"]
        try bundle.writeConfig()
        #expect(try bundle.call(["run", "--detach", "--bundle", bundle.path, "e"]).code == 0)
        let result = try bundle.call(["exec", "--user", text, "e", "id"])
        #expect(result.code != 0 && result.output.isEmpty, "\(result)")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result)")
        #expect(try bundle.call(["delete", "--force", "e"]).code == 0)
    }

    /// Seen to fail with the range check of `ProcessPlan` taken out: the process keeps uid 0.
    @Test("the id that means \"no change\" to the kernel is refused in config.json and in a process file")
    func unchanged() throws {
        let bundle = try TestBundle()
        bundle.shell("id")
        for user in [
            RuntimeSpec.User(uid: .max, gid: 0), RuntimeSpec.User(uid: 0, gid: .max),
            RuntimeSpec.User(uid: 0, gid: 0, additionalGids: [1, .max]),
        ] {
            bundle.spec.process?.user = user
            try bundle.refuses("4294967295")
        }
        bundle.spec.process?.user = nil
        bundle.spec.process?.args = ["sleep", "1000"]
        try bundle.writeConfig()
        #expect(try bundle.call(["run", "--detach", "--bundle", bundle.path, "e"]).code == 0)
        for uid in ["4294967295", "4294967296", "-1", "1.5", "\"0\""] {
            let text = #"{"cwd":"/","args":["id"],"user":{"uid":\#(uid),"gid":0}}"#
            try Files.replaceUnsynced(bundle.path + "/process.json", with: Array(text.utf8), mode: 0o644)
            let result = try bundle.call(["exec", "--process", bundle.path + "/process.json", "e"])
            #expect(result.code != 0 && result.output.isEmpty, "\(uid): \(result)")
            #expect(result.errors.split(separator: "\n").count == 1, "\(uid): \(result)")
        }
        #expect(try bundle.call(["delete", "--force", "e"]).code == 0)
    }

    /// Seen to fail with `.readOnly` taken out of the attributes in `MountPlan.addCgroups`.
    @Test("a read-only cgroup mount is read-only in every part of it (CVE-2023-25809)")
    func readOnlyCgroups() throws {
        let bundle = try TestBundle()
        let write = """
            find /sys/fs/cgroup -name cgroup.procs | while read f; do (echo $$ >$f) 2>/dev/null && echo $f; done
            (echo 1 >/sys/fs/cgroup/made) 2>/dev/null && echo made
            grep ' /sys/fs/cgroup' /proc/mounts | grep -v ' ro,'
            """
        for applet in ["find", "grep"] { try bundle.link("/bin/" + applet, to: "busybox") }
        for isPrivate in [true, false] {
            bundle.spec.linux?.namespaces = [.pid, .network, .ipc, .uts, .mount].map { .init(type: $0) }
            if isPrivate { bundle.spec.linux?.namespaces?.append(.init(type: .cgroup)) }
            bundle.shell("ls /sys/fs/cgroup >/dev/null && echo here; " + write)
            #expect(try bundle.attack().output == "here\n")
        }
    }

    /// Seen to fail with the user's image opened directly (`HomeDirectory` reading with open(2)): the runtime hangs at the
    /// fifo, and opens the device.
    @Test(
        "a passwd file of the image that is a device, a fifo, a link out or a directory is not opened",
        .timeLimit(.minutes(1))
    )
    func passwd() throws {
        let outside = try TemporaryDirectory()
        try Files.replaceUnsynced(
            outside.path + "/passwd",
            with: Array("root:x:0:0:root:/stolen:/bin/sh\n".utf8),
            mode: 0o644
        )
        for kind in ["fifo", "device", "link", "directory"] {
            let bundle = try TestBundle()
            let place = bundle.path + "/rootfs/etc/passwd"
            switch kind {
            case "fifo": try Files.makeFIFO(place, mode: 0o644)
            // A loop device that is not bound: opening it is ENXIO, or makes one.
            case "device":
                try sys("mknod", place) {
                    unsafe mknod(place, S_IFCHR | 0o644, UInt(DeviceNumber.make(major: 10, minor: 237)))
                }
            case "link": try bundle.link("/etc/passwd", to: outside.path + "/passwd")
            default: try Files.makeDirectories(place)
            }
            bundle.shell("echo $HOME")
            #expect(try bundle.attack().output == "/\n", "\(kind)")
        }
    }

    /// Seen to fail with `RuntimeRoot.prepare` and `Container.create` making their directories with mode 0755.
    @Test("state directories are for their owner alone (CVE-2024-25621)")
    func stateDirectory() throws {
        let bundle = try TestBundle()
        bundle.spec.process?.args = ["sleep", "1000"]
        try bundle.writeConfig()
        #expect(try bundle.call(["run", "--detach", "--bundle", bundle.path, "e"], setup: "umask 0").code == 0)
        for place in ["", "/e", "/.seccomp"] where Files.exists(bundle.root.path + place) {
            #expect(try Files.owner(bundle.root.path + place).mode & 0o7777 == 0o700, "\(place)")
        }
        for file in try Files.list(bundle.root.path + "/e") {
            #expect(try Files.owner(bundle.root.path + "/e/" + file).mode & 0o077 == 0, "\(file)")
        }
        #expect(try bundle.call(["delete", "--force", "e"]).code == 0)
    }

    /// More than one message or page holds must not be cut, wrapped or written in part.
    ///
    /// Seen to fail with the checks of the count and of the largest id in `IDMaps` taken out, and of the length in
    /// `NetworkDevices`.
    @Test("id maps and names that the kernel's messages do not hold are refused before (CVE-2021-43784)")
    func lengths() throws {
        func refusal(_ maps: [RuntimeSpec.IDMapping]) -> String {
            do {
                _ = try IDMaps(uid: maps, gid: maps, subject: "linux")
                return ""
            } catch {
                return "\(error)"
            }
        }
        let many = (0..<341).map { RuntimeSpec.IDMapping(containerID: $0 * 2, hostID: 100_000 + $0 * 2, size: 1) }
        #expect(refusal(many).contains("too many"))
        #expect(refusal(Array(many.dropLast())) == "")
        #expect(refusal([.init(containerID: 1, hostID: 0, size: .max)]).contains("above the largest id"))
        #expect(refusal([.init(containerID: 0, hostID: 1, size: .max)]).contains("above the largest id"))
        #expect(refusal([.init(containerID: 0, hostID: 5, size: 0)]).contains("empty"))
        for name in [String(repeating: "x", count: 16), String(repeating: "x", count: 65_536)] {
            #expect(throws: RuntimeError.self) { try NetworkDevices([name: .init()]) }
            #expect(throws: RuntimeError.self) { try NetworkDevices(["a": .init(name: name)]) }
        }
    }
}
