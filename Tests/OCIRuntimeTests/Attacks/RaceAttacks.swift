import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

@Suite("Races against somebody who changes the image or a volume", .enabled(if: Attack.isPossible, Attack.need))
struct RaceAttacks {
    /// A directory outside, and one inside `place` that is exchanged for a link to it all the time.
    ///
    /// - Parameter mounts: Have the source "race" where the container must see them; it must see all of them or not start.
    private func race(
        _ bundle: TestBundle,
        in place: String,
        rounds: Int,
        _ mounts: (Int) -> [RuntimeSpec.Mount]
    ) throws {
        let outside = try TemporaryDirectory()
        for directory in [outside.path, place + "/flop"] { try Files.makeDirectories(directory + "/target") }
        try sys("symlink", place) { unsafe symlink(outside.path, place + "/flip") }
        let swapper = Swapper(place + "/flip", place + "/flop")
        var started = 0
        for round in 0..<rounds {
            let wanted = mounts(round)
            bundle.spec.mounts = RuntimeSpec.standardMounts + wanted
            bundle.shell("cat /proc/mounts")
            // Failing is fine in a race; leaving the image is not.
            if let outcome = try? bundle.run("r\(round)") {
                started += 1
                let seen = outcome.output.split(separator: "\n").filter { $0.hasPrefix("race ") }
                #expect(seen.count == wanted.filter { $0.source == "race" }.count, "a mount is not in the image")
            }
            for id in try bundle.root.containers() { try Container.delete(id: id, force: true, root: bundle.root) }
        }
        let swaps = swapper.stop()
        print("swapped \(swaps) times during \(rounds) containers, of which \(started) started")
        #expect(swaps > 1000)
        #expect(try Files.list(outside.path) == ["target"])
        #expect(try Files.list(outside.path + "/target") == [])
        #expect(try bundle.leftovers() == [])
    }

    /// Seen to fail with `swl_resolve` that checks the path inside the root and then opens it again by its text: mounts are
    /// missing in the image, for they lie in the directory outside.
    @Test("a mount target in an image that somebody changes meanwhile never leaves the image (CVE-2021-30465)")
    func image() throws {
        let bundle = try TestBundle()
        try race(bundle, in: bundle.path + "/rootfs", rounds: 40) { _ in
            (0..<4).map { _ in .init(destination: "/flip/target", type: "tmpfs", source: "race") }
        }
    }

    /// Seen to fail with `make` opening the directory by its text, without RESOLVE_IN_ROOT and RESOLVE_NO_SYMLINKS: files
    /// and directories appear in the directory outside.
    @Test(
        "a volume shared with an attacker does not make the runtime create files or directories on the host (CVE-2024-45310)"
    )
    func volume() throws {
        let bundle = try TestBundle()
        let volume = bundle.path + "/volume"
        try Files.makeDirectories(volume)
        try Files.makeDirectories(bundle.path + "/source")
        try Files.replaceUnsynced(bundle.path + "/file", with: Array("x".utf8), mode: 0o644)
        try race(bundle, in: volume, rounds: 30) { round in
            [.init(destination: "/vol", type: "bind", source: volume, options: ["rbind"])]
                + (0..<4).flatMap { number -> [RuntimeSpec.Mount] in
                    let place = "/vol/flip/\(round).\(number)"
                    return [
                        .init(destination: place + "/a/b/c/d", type: "bind", source: "source", options: ["bind"]),
                        .init(destination: place + ".f", type: "bind", source: "file", options: ["bind"]),
                    ]
                }
        }
    }

    /// Seen to fail with `swl_resolve` opening the path without RESOLVE_IN_ROOT: the bind covers the host's file, and the
    /// image has nothing in its place.
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
        bundle.spec.linux?.maskedPaths = ["/absolute/made"]
        bundle.spec.linux?.readonlyPaths = ["/relative/deep"]
        bundle.shell("cat /hosts /proc/mounts")
        let result = try bundle.attack()
        #expect(result.code == 0 && result.output.hasPrefix("file\n"), "\(result)")
        // Made inside, where the links lead for the container.
        #expect(result.output.contains(" \(outside.path)/made "), "\(result)")
        #expect(try Files.list(outside.path) == ["secret"])
        #expect(try Files.readText(secret) == "secret")
        #expect(try bundle.leftovers() == [])
    }

    /// Seen to fail with `swl_resolve` opening the path by openat(2) below the root: what goes through a link of the image
    /// is mounted on the host's directory. The "..", which are taken out of the text before, stay inside all the same.
    @Test(
        "the path of a VOLUME, with \"..\" or through links of the image, ends in the image (CVE-2022-23648)",
        arguments: [
            "/../../../../../../../..", "/bin/../../../../../../../..", "up", "/up", "/up/../up", "../../../../../..",
        ]
    )
    func volumePath(_ way: String) throws {
        let outside = try TemporaryDirectory()
        let bundle = try TestBundle()
        try Files.makeDirectories(bundle.path + "/volume")
        try Files.replaceUnsynced(bundle.path + "/volume/file", with: Array("mine\n".utf8), mode: 0o644)
        try bundle.link("/up", to: "../../../../../../../../..")
        // As callers write them: a bind mount of a directory of theirs on the path that the image names.
        bundle.spec.mounts? += [
            .init(destination: way + outside.path, type: "bind", source: "volume", options: ["rbind"]),
            .init(destination: way + outside.path + "/../made", type: "tmpfs", source: "tmpfs"),
        ]
        bundle.shell("cat \(outside.path)/file")
        let result = try bundle.attack()
        #expect(result.code == 0 && result.output == "mine\n", "\(result)")
        #expect(try Files.list(outside.path) == [])
        #expect(!Files.exists(outside.path + "/../made"))
        #expect(try bundle.leftovers() == [])
    }
}
