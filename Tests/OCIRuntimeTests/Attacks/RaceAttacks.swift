import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

@Suite("Races against somebody who changes the image or a volume", .enabled(if: Attack.isPossible, Attack.need))
struct RaceAttacks {
    /// A directory outside, and one inside `place` that is exchanged for a link to it all the time.
    private func race(
        _ bundle: TestBundle,
        in place: String,
        rounds: Int,
        _ mounts: (Int) -> [RuntimeSpec.Mount]
    ) throws {
        let outside = try TemporaryDirectory()
        try Files.makeDirectories(place + "/flop")
        try sys("symlink", place) { unsafe symlink(outside.path, place + "/flip") }
        let swapper = Swapper(place + "/flip", place + "/flop")
        var started = 0
        for round in 0..<rounds {
            bundle.spec.mounts = RuntimeSpec.standardMounts + mounts(round)
            bundle.shell("true")
            // Failing is fine in a race; leaving the image is not.
            if (try? bundle.run("r\(round)")) != nil { started += 1 }
            for id in try bundle.root.containers() { try Container.delete(id: id, force: true, root: bundle.root) }
        }
        let swaps = swapper.stop()
        print("swapped \(swaps) times during \(rounds) containers, of which \(started) started")
        #expect(swaps > 1000)
        #expect(try Files.list(outside.path) == [])
        #expect(try bundle.leftovers() == [])
    }

    /// Seen to fail with the target resolved to a path first and mounted by that path (`attach` given the text, with the
    /// root in front): within 40 rounds mounts appeared in the directory outside.
    @Test("a mount target in an image that somebody changes meanwhile never leaves the image (CVE-2021-30465)")
    func image() throws {
        let bundle = try TestBundle()
        try race(bundle, in: bundle.path + "/rootfs", rounds: 40) { round in
            [.init(destination: "/flip/target\(round)", type: "tmpfs", source: "tmpfs")]
        }
    }

    /// Seen to fail with `make` opening the parent without RESOLVE_IN_ROOT and NO_SYMLINKS: files and directories appear in
    /// the directory outside.
    @Test(
        "a volume shared with an attacker does not make the runtime create files or directories on the host (CVE-2024-45310)"
    )
    func volume() throws {
        let bundle = try TestBundle()
        let volume = bundle.path + "/volume"
        try Files.makeDirectories(volume)
        try Files.makeDirectories(bundle.path + "/source")
        try Files.replaceUnsynced(bundle.path + "/file", with: Array("x".utf8), mode: 0o644)
        try race(bundle, in: volume, rounds: 40) { round in
            [
                .init(destination: "/vol", type: "bind", source: volume, options: ["rbind"]),
                .init(destination: "/vol/flip/d\(round)/e", type: "bind", source: "source", options: ["bind"]),
                .init(destination: "/vol/flip/f\(round)", type: "bind", source: "file", options: ["bind"]),
            ]
        }
    }

    /// Seen to fail with `swl_op_cwd` resolving by path: directories appear outside.
    @Test("a working directory that is made in a volume somebody changes never appears on the host (CVE-2024-45310)")
    func workingDirectory() throws {
        let bundle = try TestBundle()
        let volume = bundle.path + "/volume"
        try Files.makeDirectories(volume)
        bundle.spec.process?.cwd = "/vol/flip/work/deep"
        try race(bundle, in: volume, rounds: 30) { round in
            bundle.spec.process?.cwd = "/vol/flip/work\(round)/deep"
            return [.init(destination: "/vol", type: "bind", source: volume, options: ["rbind"])]
        }
    }

    /// Seen to fail with `swl_resolve` opening the path without RESOLVE_IN_ROOT: the link leads to the host's file, which
    /// is mounted read-only, masked, or covered there.
    @Test("links of the image do not lead mounts, masks, read-only paths or made files out of it (CVE-2025-24965)")
    func links() throws {
        let outside = try TemporaryDirectory()
        let bundle = try TestBundle()
        let secret = outside.path + "/secret"
        try Files.replaceUnsynced(secret, with: Array("secret\n".utf8), mode: 0o644)
        try Files.replaceUnsynced(bundle.path + "/file", with: Array("file\n".utf8), mode: 0o644)
        try bundle.link("/absolute", to: outside.path)
        try bundle.link("/relative", to: "../../../../../../../.." + outside.path)
        try bundle.link("/hosts", to: secret)
        bundle.spec.mounts? += [
            .init(destination: "/absolute/made", type: "tmpfs", source: "tmpfs"),
            .init(destination: "/relative/deep/made", type: "tmpfs", source: "tmpfs"),
            .init(destination: "/hosts", type: "bind", source: "file", options: ["bind"]),
        ]
        bundle.spec.linux?.maskedPaths = ["/absolute", "/hosts"]
        bundle.spec.linux?.readonlyPaths = ["/relative"]
        bundle.shell("cat /proc/mounts")
        let result = try bundle.attack()
        #expect(result.code == 0, "\(result)")
        // Made inside, where the links lead for the container.
        #expect(result.output.contains(" \(outside.path)/made "), "\(result)")
        #expect(try Files.list(outside.path) == ["secret"])
        #expect(try Files.readText(secret) == "secret")
        #expect(try bundle.leftovers() == [])
    }
}
