import Linux
import OCI
import Testing

@testable import OCIRuntime

/// Found by fuzzing: Swift takes "/" and a combining mark for one character that is not "/", the kernel does not.
@Suite("Paths whose slashes carry combining marks")
struct MarkedSlashTests {
    /// Seen to fail with `wanted.split(separator: "/")`: the cgroup would be made beside the mounted hierarchy.
    @Test(
        "a cgroup path does not lead out behind such a slash",
        arguments: ["/a/../\u{301}x", "/../\u{59E}x", "b/../\u{20D0}"]
    )
    func cgroupPath(_ path: String) {
        for mode in [CgroupMode.v1, .v2] {
            #expect(throws: RuntimeError.self) {
                try CgroupLayout(Samples.hosts(mode), cgroupsPath: path, id: "c")
            }
        }
    }

    /// Seen to fail with `path.split(separator: "/")`.
    @Test("a mount target is cleaned behind such a slash")
    func mountTarget() {
        #expect(MountPlan.clean("/proc/../\u{301}x/./y").utf8.elementsEqual("/\u{301}x/y".utf8))
        #expect(MountPlan.clean("/\u{301}/..").utf8.elementsEqual("/".utf8))
    }

    /// Seen to fail with `path.split(separator: "/")` in `SysctlRules.namespace`.
    @Test("a sysctl does not lead out of its namespace's part behind such a slash")
    func sysctl() {
        #expect(SysctlRules.namespace(of: "net/../\u{301}x") == nil)
        #expect(SysctlRules.path("net.\u{301}x").utf8.elementsEqual("net/\u{301}x".utf8))
    }

    @Test("parts of a path are what lies between bytes")
    func parts() {
        #expect(PathText.parts("/a/\u{301}b//c").count == 3)
        #expect(PathText.leadsUp("a/../\u{301}"))
        #expect(!PathText.leadsUp("..\u{301}/a.."))
        #expect(PathText.isBelow("/dev/\u{301}", "/dev") && !PathText.isBelow("/device", "/dev"))
    }
}
