import OCI
import Testing

@testable import OCIRuntime

@Suite("Names, versions and errors")
struct NameTests {
    @Test(
        "usual container ids are accepted",
        arguments: ["a", "web-1", "A_b+c.d", String(repeating: "x", count: 1024)]
    )
    func goodIDs(_ id: String) throws {
        try ContainerID.check(id)
    }

    @Test(
        "ids that could leave the state directory or its rules are refused",
        arguments: [
            "", ".", "..", "../x", "a/b", "/", ".seccomp", "a b", "a\0", "ä", String(repeating: "x", count: 1025),
            "a\nb",
        ]
    )
    func badIDs(_ id: String) {
        #expect(throws: RuntimeError.self) { try ContainerID.check(id) }
    }

    @Test(
        "versions 1.x of the specification are accepted",
        arguments: ["1.0.0", "1.0.2-dev", "1.2.0", "1.1.0-rc.1", "1.2.0+dev"]
    )
    func goodVersions(_ version: String) throws {
        try Bundle.checkVersion(version)
    }

    @Test(
        "other versions are refused",
        arguments: ["", "2.0.0", "1.0", "1", "latest", "1.x.0", "0.9.0", "1.0+dev", "2.0.0+dev"]
    )
    func badVersions(_ version: String) {
        #expect(throws: RuntimeError.self) { try Bundle.checkVersion(version) }
    }

    @Test("an error is one line, whatever it quotes")
    func oneLine() {
        let error = RuntimeError(.invalid, step: "mount", subject: "/a\n/b", cause: "no\r\nway", hint: "x")
        #expect(!error.description.contains { $0.isNewline })
        #expect(error.description == #"mount /a\n/b: no\r\nway (x)"#)
    }

    @Test("capabilities are read in any case, with or without prefix")
    func capabilities() {
        let parsed = CapabilitySet.parse(["CAP_CHOWN", "cap_kill", "net_raw", "CAP_NONE"])
        #expect(parsed.set.list == ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"])
        #expect(parsed.set.bits == 1 << 0 | 1 << 5 | 1 << 13)
        #expect(parsed.unknown == ["CAP_NONE"])
        #expect(CapabilitySet.names.count == 41)
    }

    @Test(
        "HOME comes from the container's passwd, and is / where there is none",
        arguments: [(0, "/root"), (1000, "/home/u"), (1, "/"), (2, "/"), (10, "/")] as [(UInt32, String)]
    )
    func home(_ uid: UInt32, _ path: String) {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\nnohome:x:2:2:::\nu:x:1000:1000:U:/home/u:/bin/sh\n"
        #expect(HomeDirectory.home(uid: uid, passwd: Array(passwd.utf8)) == path)
    }
}
