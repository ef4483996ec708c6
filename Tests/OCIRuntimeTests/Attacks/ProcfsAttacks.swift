import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

@Suite("Attacks through /proc, /sys and /dev", .enabled(if: Attack.isPossible, Attack.need))
struct ProcfsAttacks {
    /// Seen to fail with SWL_RESOLVE_NO_SYMLINKS left out of `swl_resolve` and `swl_resolve_or_make`: the container starts
    /// with the mount in the place that the link names.
    @Test(
        "a symbolic link in place of /proc, /sys or /dev is refused (CVE-2023-27561, CVE-2023-28642, CVE-2026-41579, CVE-2026-47766)",
        arguments: ["proc", "sys", "dev"],
        ["elsewhere", "/elsewhere", "../../../elsewhere"]
    )
    func linkedMountPoints(_ name: String, _ target: String) throws {
        let bundle = try TestBundle()
        try Files.makeDirectories(bundle.path + "/rootfs/elsewhere")
        try bundle.link("/" + name, to: target)
        bundle.shell("true")
        try bundle.refuses("/" + name)
        #expect(try Files.list(bundle.path + "/rootfs/elsewhere") == [])
    }

    /// Seen to fail with `check_target` returning 0 at once: the tmpfs covers /proc/sys, and /proc/self/attr.
    @Test(
        "a mount over something of /proc is refused, also through a link of the image (CVE-2019-16884, CVE-2019-19921)",
        arguments: ["/proc/sys", "/proc/self/attr", "/p/self/attr", "/p/1", "/etc/../proc/self", "/deep/link"]
    )
    func coveredProc(_ target: String) throws {
        let bundle = try TestBundle()
        try bundle.link("/p", to: "/proc")
        try Files.makeDirectories(bundle.path + "/rootfs/deep")
        try bundle.link("/deep/link", to: "../p/./self/../self/attr")
        try Files.makeDirectories(bundle.path + "/fake")
        bundle.shell("true")
        bundle.spec.mounts?.append(.init(destination: target, type: "tmpfs", source: "tmpfs"))
        try bundle.refuses(target.hasPrefix("/etc") ? "/proc/self" : target)
        bundle.spec.mounts?.removeLast()
        bundle.spec.mounts?.append(.init(destination: target, type: "bind", source: "fake", options: ["bind"]))
        try bundle.refuses(target.hasPrefix("/etc") ? "/proc/self" : target)
    }

    /// Seen to fail with the guard for "/proc" in `MountPlan.add` and SWL_SOURCE_PROC in `swl_op_bind` taken out.
    @Test("nothing but a procfs may be mounted on /proc (CVE-2019-16884)", arguments: ["tmpfs", "bind", "rbind"])
    func fakeProc(_ type: String) throws {
        let bundle = try TestBundle()
        try Files.makeDirectories(bundle.path + "/fake/self/attr")
        let fake = RuntimeSpec.Mount(
            destination: "/proc/",
            type: type == "tmpfs" ? type : "none",
            source: type == "tmpfs" ? type : "fake",
            options: type == "tmpfs" ? [] : [type]
        )
        bundle.shell("true")
        bundle.spec.mounts?.append(fake)
        try bundle.refuses("/proc")
        bundle.spec.mounts?.removeAll { $0.destination.hasPrefix("/proc") }
        bundle.spec.mounts?.insert(fake, at: 0)
        try bundle.refuses("only a procfs")
    }

    /// Seen to fail with SWL_RESOLVE_NO_XDEV left out of `swl_op_write_proc`: the runtime writes into the fake file and
    /// starts a container whose setting was never made.
    @Test("what the runtime writes to /proc does not go into something mounted over it (CVE-2025-52881)")
    func coveredHostProc() throws {
        let bundle = try TestBundle()
        let fake = bundle.path + "/fake"
        try Files.replaceUnsynced(fake, with: Array("0\n".utf8), mode: 0o644)
        bundle.spec.linux?.sysctl = ["kernel.domainname": "inside"]
        bundle.shell("cat /proc/sys/kernel/domainname")
        #expect(try bundle.attack().output == "inside\n")
        try bundle.refuses(
            "kernel.domainname",
            setup: "mount --bind \(fake) /proc/sys/kernel/domainname",
            ownMounts: true
        )
        #expect(try Files.readText(fake) == "0")
    }

    /// Seen to fail with the look at the device number in `open_null` taken out: /proc/keys shows the other file.
    @Test("paths are masked by the null device or not at all (CVE-2025-31133)")
    func replacedNull() throws {
        let bundle = try TestBundle()
        let fake = bundle.path + "/fake"
        try Files.replaceUnsynced(fake, with: Array("secret\n".utf8), mode: 0o644)
        bundle.spec.linux?.maskedPaths = ["/proc/keys"]
        bundle.shell("cat /proc/keys")
        let plain = try bundle.attack()
        #expect(plain.code == 0 && plain.output.isEmpty, "\(plain)")
        try bundle.refuses("null device", setup: "mount --bind \(fake) /dev/null", ownMounts: true)
    }

    /// Seen to fail with the look at what is there already in `swl_op_device` taken out and "/dev/null" resolved in the root
    /// by `open_null`: the image's file appears in the place of /proc/keys.
    @Test("a /dev/null of the image that is a link or a file masks nothing (CVE-2025-31133)", arguments: [true, false])
    func imageNull(_ link: Bool) throws {
        let bundle = try TestBundle()
        try Files.makeDirectories(bundle.path + "/rootfs/dev")
        try Files.replaceUnsynced(bundle.path + "/rootfs/etc/secret", with: Array("secret\n".utf8), mode: 0o644)
        if link {
            try bundle.link("/dev/null", to: "/etc/secret")
        } else {
            try Files.replaceUnsynced(bundle.path + "/rootfs/dev/null", with: Array("secret\n".utf8), mode: 0o644)
        }
        bundle.spec.linux?.maskedPaths = ["/proc/keys"]
        bundle.shell("cat /proc/keys")
        // With a /dev of its own, the image's is covered.
        let covered = try bundle.attack()
        #expect(covered.code == 0 && covered.output.isEmpty, "\(covered)")
        bundle.spec.mounts?.removeAll { $0.destination.hasPrefix("/dev") }
        try bundle.refuses("/dev/null")
    }

    /// Seen to fail with SWL_TARGET_STRICT left out of devices and symbolic links in `StageProgram.lower`: the node appears
    /// in the directory outside.
    @Test("device nodes and links are made in the image's real /dev only (CVE-2026-41579, CVE-2026-47766)")
    func linkedDevice() throws {
        let outside = try TemporaryDirectory()
        let bundle = try TestBundle()
        bundle.spec.mounts?.removeAll { $0.destination.hasPrefix("/dev") }
        bundle.shell("true")
        try Files.makeDirectories(bundle.path + "/rootfs/inside")
        for target in [outside.path, "/inside"] {
            try? Files.removeTree(bundle.path + "/rootfs/dev")  // not there at first
            try Files.makeDirectories(bundle.path + "/rootfs/dev")
            try bundle.link("/dev/sub", to: target)
            bundle.spec.linux?.devices = [.init(type: .character, path: "/dev/sub/null", major: 1, minor: 3)]
            try bundle.refuses("/dev/sub/null")
            bundle.spec.linux?.devices = nil
            try Files.removeTree(bundle.path + "/rootfs/dev")
            try bundle.link("/dev", to: target)
            try bundle.refuses("/dev/")
        }
        #expect(try Files.list(outside.path) == [])
        #expect(try Files.list(bundle.path + "/rootfs/inside") == [])
    }
}
