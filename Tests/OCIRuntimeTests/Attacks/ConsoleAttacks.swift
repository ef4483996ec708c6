import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

@Suite("Attacks on the terminal", .enabled(if: Attack.isPossible, Attack.need))
struct ConsoleAttacks {
    private func failure(_ bundle: TestBundle) throws -> RuntimeError? {
        bundle.spec.process?.terminal = true
        bundle.shell("true")
        try bundle.writeConfig()
        let error = #expect(throws: RuntimeError.self) {
            let made = try Container.create(
                bundle.spec,
                options: CreateOptions(id: "t", bundle: bundle.path, stdio: .console),
                root: bundle.root
            )
            try made.container.delete(force: true)
            _ = try Child.wait(made.pid)
        }
        #expect(try bundle.leftovers() == [])
        return error
    }

    /// Seen to fail with `strict` false for "/dev/console" in `swl_op_console`: the terminal covers the link's target.
    @Test("a /dev/console of the image that is a link is refused (CVE-2025-52565)")
    func linkedConsole() throws {
        let bundle = try TestBundle()
        bundle.spec.mounts?.removeAll { $0.destination == "/dev" }
        try Files.makeDirectories(bundle.path + "/rootfs/dev")
        try Files.replaceUnsynced(bundle.path + "/rootfs/etc/target", with: [], mode: 0o644)
        try bundle.link("/dev/console", to: "/etc/target")
        #expect(try failure(bundle)?.errno == Errno(ELOOP))
    }

    /// Seen to fail with the look at the file system in `swl_op_console` taken out: ENOENT for a ptmx instead, and with a
    /// ptmx in the image the runtime opens whatever device the image made of it.
    @Test(
        "a /dev/pts that is no devpts is refused, and its ptmx is not opened (CVE-2025-52565)",
        arguments: [true, false]
    )
    func fakePts(_ linked: Bool) throws {
        let bundle = try TestBundle()
        bundle.spec.mounts?.removeAll { $0.destination.hasPrefix("/dev") }
        try Files.makeDirectories(bundle.path + "/rootfs/dev/fake")
        let ptmx = bundle.path + "/rootfs/dev/fake/ptmx"
        try sys("mknod", ptmx) { unsafe mknod(ptmx, S_IFCHR | 0o666, makeDevice(5, 2)) }
        if linked {
            try bundle.link("/dev/pts", to: "fake")
            #expect(try failure(bundle)?.errno == Errno(ELOOP))
        } else {
            try sys("rename", ptmx) {
                unsafe rename(bundle.path + "/rootfs/dev/fake", bundle.path + "/rootfs/dev/pts")
            }
            #expect(try failure(bundle)?.cause.contains("no devpts") == true)
        }
    }

    /// Seen to fail with SWL_RESOLVE_NO_XDEV and the look at the number left out of `open_ptmx`: the runtime opens the
    /// other device with its own rights, and only ioctl(2) fails.
    @Test("something mounted over /dev/pts/ptmx is not opened (CVE-2025-52565)", arguments: ["zero", "full"])
    func coveredPtmx(_ device: String) throws {
        let bundle = try TestBundle()
        bundle.spec.mounts?.append(
            .init(destination: "/dev/pts/ptmx", type: "bind", source: "/dev/" + device, options: ["bind"])
        )
        #expect(try failure(bundle)?.cause.contains("mounted over") == true)
    }

    private func makeDevice(_ major: UInt32, _ minor: UInt32) -> UInt {
        UInt(DeviceNumber.make(major: major, minor: minor))
    }
}
