import Linux
import Testing

/// Layers that try something, and what must come of each. `HOST` in a link is a directory outside with a file `canary`.
struct HostileLayer: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable {
        /// Refused with a message that contains this text.
        case refused(String)
        /// Unpacked, and contained: whatever it meant for the outside lies inside the layer.
        case contained(file: String)
    }

    let what: String
    let outcome: Outcome
    let build: @Sendable (_ host: String) -> [UInt8]

    var testDescription: String { what }

    init(_ what: String, _ outcome: Outcome, _ build: @escaping @Sendable (inout TarBuilder, String) -> Void) {
        self.what = what
        self.outcome = outcome
        self.build = { host in
            var tar = TarBuilder()
            build(&tar, host)
            return tar.finished()
        }
    }

    static let all: [HostileLayer] = escapes + links + whiteouts + names + numbers + owners + attributes + sizes

    private static let escapes: [HostileLayer] = [
        HostileLayer("a name that starts with ..", .refused("leads out")) { tar, _ in tar.file("../escape", "x") },
        HostileLayer("a name that goes up in the middle", .refused("leads out")) { tar, _ in
            tar.file("a/b/../../../escape", "x")
        },
        HostileLayer("an absolute name that goes up", .refused("leads out")) { tar, _ in tar.file("/../escape", "x") },
        HostileLayer("a directory above", .refused("leads out")) { tar, _ in tar.directory("..", mode: 0o777) },
        HostileLayer("an absolute name", .contained(file: "/etc/canary")) { tar, _ in tar.file("/etc/canary", "evil") },
        HostileLayer("a parent that is an absolute link", .contained(file: "HOST/canary")) { tar, host in
            tar.symlink("evil", to: host)
            tar.file("evil/canary", "evil")
        },
        HostileLayer("a parent that is a link with many ..", .contained(file: "HOST/canary")) { tar, host in
            tar.symlink("evil", to: String(repeating: "../", count: 12) + host.dropFirst())
            tar.file("evil/canary", "evil")
        },
        HostileLayer("a chain of links", .contained(file: "HOST/canary")) { tar, host in
            tar.symlink("one", to: "two/..")
            tar.symlink("two", to: host)
            tar.directory("three/")
            tar.symlink("three/four", to: "../two")
            tar.file("three/four/canary", "evil")
        },
        HostileLayer("a directory through a link", .contained(file: "HOST/made/canary")) { tar, host in
            tar.symlink("evil", to: host)
            tar.directory("evil/made/")
            tar.file("evil/made/canary", "evil")
        },
    ]

    private static let links: [HostileLayer] = [
        HostileLayer("a file over a link to the outside", .contained(file: "/s")) { tar, host in
            tar.symlink("s", to: host + "/canary")
            tar.file("s", "evil", mode: 0o4777)
        },
        HostileLayer("a mode through a link to the outside", .contained(file: "/s/x")) { tar, host in
            tar.symlink("s", to: host)
            tar.directory("s", mode: 0o4777)
            tar.file("s/x", "evil")
        },
        HostileLayer("a hard link above", .refused("not in the image")) { tar, _ in
            tar.hardLink("h", to: "../../etc/passwd")
        },
        HostileLayer("a hard link to an absolute path", .refused("no file of the image")) { tar, host in
            tar.hardLink("h", to: host + "/canary")
        },
        HostileLayer("a hard link through a link", .refused("no file of the image")) { tar, host in
            tar.symlink("d", to: host)
            tar.hardLink("h", to: "d/canary")
        },
        HostileLayer("a hard link to a directory", .refused("no file of the image")) { tar, _ in
            tar.directory("d/")
            tar.hardLink("h", to: "d")
        },
        HostileLayer("a hard link to itself", .refused("to itself")) { tar, _ in
            tar.file("h", "x")
            tar.hardLink("h", to: "./h")
        },
        HostileLayer("a write through a hard link to a link", .contained(file: "/h")) { tar, host in
            tar.symlink("s", to: host + "/canary")
            tar.hardLink("h", to: "s")
            tar.file("h", "evil")
        },
        HostileLayer("links in circles", .refused("in circles")) { tar, _ in
            tar.symlink("a", to: "b")
            tar.symlink("b", to: "a")
            tar.file("a/x", "x")
        },
        HostileLayer("a parent that is a file", .refused("not a directory")) { tar, _ in
            tar.file("f", "x")
            tar.file("f/x", "x")
        },
        HostileLayer("a parent that is a device", .refused("not a directory")) { tar, _ in
            tar.add("3", "f", [], .init(major: 1, minor: 3))
            tar.file("f/x", "x")
        },
    ]

    private static let whiteouts: [HostileLayer] = [
        HostileLayer("a whiteout of ..", .refused("hide")) { tar, _ in tar.file("d/.wh...") },
        HostileLayer("a whiteout of .", .refused("hide")) { tar, _ in tar.file("d/.wh..") },
        HostileLayer("a whiteout of nothing", .refused("hide")) { tar, _ in tar.file(".wh.") },
        HostileLayer("a whiteout above", .refused("leads out")) { tar, _ in tar.file("../.wh.canary") },
        HostileLayer("a whiteout through a link", .contained(file: "/after")) { tar, host in
            tar.symlink("evil", to: host)
            tar.file("evil/.wh.canary")
            tar.file("after", "evil")
        },
        HostileLayer("an opaque directory through a link", .contained(file: "/after")) { tar, host in
            tar.symlink("evil", to: host)
            tar.file("evil/.wh..wh..opq")
            tar.file("after", "evil")
        },
    ]

    private static let names: [HostileLayer] = [
        HostileLayer("a name with a line break and an escape sequence", .contained(file: "/a\n\u{1B}[2Jb")) { tar, _ in
            tar.file("a\n\u{1B}[2Jb", "evil")
        },
        HostileLayer("a refused name with a line break is told in one line", .refused("\"a?b/")) { tar, _ in
            tar.file("a\nb/../../../x", "evil")
        },
        HostileLayer("a name of 256 bytes", .refused("longer than Linux allows")) { tar, _ in
            tar.add("0", "x", [], .init(pax: [("path", [UInt8](repeating: 0x61, count: 256))]))
        },
        HostileLayer("a path of 5000 bytes", .refused("longer than Linux allows")) { tar, _ in
            let path = [UInt8](String(repeating: "a/", count: 2500).utf8)
            tar.add("0", "x", [], .init(pax: [("path", path)]))
        },
        HostileLayer("a path of a megabyte", .refused("longer than Linux allows")) { tar, _ in
            tar.add("0", "x", [], .init(pax: [("path", [UInt8](repeating: 0x61, count: 1 << 20 - 100))]))
        },
        HostileLayer("a header of two megabytes", .refused("too large")) { tar, _ in
            tar.add("0", "x", [], .init(pax: [("path", [UInt8](repeating: 0x61, count: 2 << 20))]))
        },
        HostileLayer("a zero byte in a name", .refused("zero byte")) { tar, _ in
            tar.add("0", "x", [], .init(pax: [("path", Array("a\0b".utf8))]))
        },
        HostileLayer("a link to nothing", .refused("\"x\" is a link to nothing")) { tar, _ in tar.symlink("x", to: "")
        },
        HostileLayer("a link target longer than a path", .refused("\"x\" is a link whose target has 5000 bytes")) {
            tar,
            _ in
            tar.add("2", "x", [], .init(pax: [("linkpath", [UInt8](repeating: 0x61, count: 5000))]))
        },
        HostileLayer("a root that is a file", .refused("root is not a directory")) { tar, _ in
            tar.file("./", "")
            tar.add("2", "/", link: "x")
        },
        HostileLayer("directories as deep as a path allows", .contained(file: "/after")) { tar, _ in
            let path = [UInt8](String(repeating: "a/", count: 2040).utf8)
            tar.add("5", "x", [], .init(mode: 0o755, pax: [("path", path)]))
            tar.file("after", "evil")
        },
        HostileLayer("an attribute name without end", .refused("extended header")) { tar, _ in
            tar.add("0", "x", [], .init(pax: [("SCHILY.xattr.", [1])]))
        },
        HostileLayer("a pax record that lies about its length", .refused("extended header")) { tar, _ in
            let body = Array("999 path=x\n".utf8)
            tar.addRaw(TarBuilder.header("x", Array("p".utf8), link: [], size: Int64(body.count), .init()))
            tar.addData(body)
            tar.file("x", "")
        },
    ]

    private static let numbers: [HostileLayer] = [
        HostileLayer("a negative size", .refused("negative")) { tar, _ in tar.add("0", "x", [], .init(size: -512)) },
        HostileLayer("a size beyond everything", .refused("not valid")) { tar, _ in
            tar.add("0", "x", [], .init(size: .max))
        },
        HostileLayer("a size beyond the limit", .refused("too large")) { tar, _ in
            tar.add("0", "x", [], .init(size: 1 << 50))
        },
        HostileLayer("a size beyond the archive", .refused("incomplete")) { tar, _ in
            tar.add("0", "x", [], .init(size: 1 << 20))
        },
        HostileLayer(
            "a time of more than 64 bits",
            .refused("\"x\" has a header that is wrong: mtime 9223372036854775808 is")
        ) {
            tar,
            _ in
            tar.add("0", "x", [], .init(pax: [("mtime", Array("9223372036854775808".utf8))]))
        },
        HostileLayer("a time that is no number", .refused("\"x\" has a header that is wrong: mtime soon is")) {
            tar,
            _ in
            tar.add("0", "x", [], .init(pax: [("mtime", Array("soon".utf8))]))
        },
        HostileLayer("a time of more than 64 bits in the header itself", .refused("mtime of an entry is out of range"))
        {
            tar,
            _ in
            var header = TarBuilder.header("0", Array("x".utf8), link: [], size: 0, .init())
            header.replaceSubrange(136..<148, with: [0x80] + [UInt8](repeating: 0xFF, count: 11))
            TarBuilder.checksum(&header)
            tar.addRaw(header)
        },
        HostileLayer("a time before everything", .contained(file: "/x")) { tar, _ in
            tar.add("0", "x", Array("evil".utf8), .init(pax: [("mtime", Array("-9223372036854775808".utf8))]))
        },
        HostileLayer("a device whose major number is too large", .refused("\"x\" has device number 4096:0")) { tar, _ in
            tar.add("3", "x", [], .init(major: 4096))
        },
        HostileLayer("a device whose minor number is too large", .refused("\"x\" has device number 1:1048576")) {
            tar,
            _ in
            tar.add("4", "x", [], .init(major: 1, minor: 1 << 20))
        },
        HostileLayer("a device number of more than 32 bits", .refused("device number 8589934592:0 is out of range")) {
            tar,
            _ in
            var header = TarBuilder.header("3", Array("x".utf8), link: [], size: 0, .init())
            header.replaceSubrange(329..<337, with: [0x80, 0, 0, 2, 0, 0, 0, 0])
            TarBuilder.checksum(&header)
            tar.addRaw(header)
        },
        HostileLayer("a time beyond everything", .contained(file: "/x")) { tar, _ in
            tar.add("0", "x", Array("evil".utf8), .init(pax: [("mtime", Array("9223372036854775807.999999999".utf8))]))
        },
        HostileLayer("an unknown type", .refused("type 90")) { tar, _ in tar.add("Z", "x") },
        HostileLayer("a broken checksum", .refused("checksum")) { tar, _ in
            tar.file("x", "")
            var header = TarBuilder.header("0", Array("y".utf8), link: [], size: 0, .init())
            header[0] = 0x7A
            tar.addRaw(header)
        },
    ]

    private static let owners: [HostileLayer] = [
        HostileLayer("the user that means no change", .refused("\"x\" has uid 4294967295, which is out of range")) {
            tar,
            _ in
            tar.add("0", "x", [], .init(uid: 4_294_967_295))
        },
        HostileLayer("a user of 33 bits", .refused("\"x\" has uid 4294967296")) { tar, _ in
            tar.add("0", "x", [], .init(uid: 1 << 32))
        },
        HostileLayer("a negative user", .refused("\"x\" has uid -2")) { tar, _ in tar.add("0", "x", [], .init(uid: -2))
        },
        HostileLayer("a group of 34 bits", .refused("\"x\" has gid 8589934592")) { tar, _ in
            tar.add("0", "x", [], .init(gid: 8_589_934_592))
        },
        HostileLayer("a directory of a negative group", .refused("\"d\" has gid -1")) { tar, _ in
            tar.add("5", "d", [], .init(gid: -1))
        },
        HostileLayer("a link of a user of 33 bits", .refused("\"l\" has uid 4294967296")) { tar, _ in
            tar.add("2", "l", link: "x", [], .init(uid: 1 << 32))
        },
        HostileLayer("a root of a user of 33 bits", .refused("\"./\" has uid 4294967296")) { tar, _ in
            tar.add("5", "./", [], .init(uid: 1 << 32))
        },
        HostileLayer("a user of 64 bits", .refused("\"x\" has a header that is wrong: uid 9223372036854775808 is")) {
            tar,
            _ in
            tar.file("before", "x")
            tar.add("0", "y", [], .init(pax: [("uid", Array("9223372036854775808".utf8)), ("path", Array("x".utf8))]))
        },
        HostileLayer("a group that is no number", .refused("\"x\" has a header that is wrong: gid wheel is")) {
            tar,
            _ in
            tar.add("0", "x", [], .init(pax: [("gid", Array("wheel".utf8))]))
        },
    ]

    private static func attribute(_ name: String, _ size: Int) -> TarBuilder.Options {
        TarBuilder.Options(pax: [("SCHILY.xattr." + name, [UInt8](repeating: 1, count: size))])
    }

    private static let attributes: [HostileLayer] = [
        HostileLayer("an attribute name of 256 bytes", .refused("\"x\" has an extended attribute whose name has 256")) {
            tar,
            _ in
            tar.add("0", "x", [], attribute("user." + String(repeating: "a", count: 251), 1))
        },
        HostileLayer("an attribute of more than 64 KiB", .refused("\"d\" has the extended attribute user.a of 65537")) {
            tar,
            _ in
            tar.add("5", "d", [], attribute("user.a", 65537))
        },
        HostileLayer(
            "an attribute that is only a prefix",
            .refused("\"x\" has the extended attribute user. of 1 bytes")
        ) {
            tar,
            _ in
            tar.add("0", "x", [], attribute("user.", 1))
        },
        HostileLayer(
            "capabilities that are none",
            .refused("\"x\" has the extended attribute security.capability of 3")
        ) {
            tar,
            _ in
            tar.add("0", "x", [], attribute("security.capability", 3))
        },
        HostileLayer("more attributes than a file can have", .refused("\"x\" has the extended attribute user.")) {
            tar,
            _ in
            let all = (0..<200).map { ("SCHILY.xattr.user.\($0)", [UInt8](repeating: 1, count: 1000)) }
            tar.add("0", "x", [], .init(pax: all))
        },
        HostileLayer("an attribute of an unknown kind", .contained(file: "/x")) { tar, _ in
            tar.add("0", "x", Array("evil".utf8), .init(pax: [("SCHILY.xattr.unknown", [1])]))
        },
    ]

    private static func sparse(_ records: [(String, String)]) -> TarBuilder.Options {
        TarBuilder.Options(pax: records.map { ("GNU.sparse." + $0.0, Array($0.1.utf8)) })
    }

    private static let sizes: [HostileLayer] = [
        HostileLayer("a sparse file of an exabyte", .refused("too large")) { tar, _ in
            tar.add("0", "x", [1], sparse([("size", "1152921504606846976"), ("map", "0,1")]))
        },
        HostileLayer("a sparse map beyond the file", .refused("map")) { tar, _ in
            tar.add("0", "x", [1], sparse([("size", "10"), ("map", "10,1")]))
        },
        HostileLayer("a sparse map that goes back", .refused("map")) { tar, _ in
            tar.add("0", "x", [1, 2], sparse([("size", "10"), ("map", "5,1,4,1")]))
        },
        HostileLayer("a sparse map that overflows", .refused("map")) { tar, _ in
            tar.add("0", "x", [1], sparse([("size", "10"), ("map", "9223372036854775807,1")]))
        },
        HostileLayer("a sparse map with other data", .refused("map wants")) { tar, _ in
            tar.add("0", "x", [1, 2, 3], sparse([("size", "10"), ("map", "0,1")]))
        },
        HostileLayer("a sparse map with a billion pieces", .refused("too many pieces")) { tar, _ in
            let map = Array("1000000000\n".utf8) + [UInt8](repeating: 0, count: 501)
            tar.add("0", "x", map, sparse([("major", "1"), ("minor", "0"), ("realsize", "10")]))
        },
    ]
}
