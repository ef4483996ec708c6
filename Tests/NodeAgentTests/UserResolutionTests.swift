import KubernetesAPI
import Testing

@testable import NodeAgent

@Suite("Who a container runs as")
struct UserResolutionTests {
    private static let passwd = """
        root:x:0:0:root:/root:/bin/sh
        web:x:33:34:web:/srv:/bin/false
        # a comment
        broken:x:notanumber:1
        lonely:x:77:78

        """
    private static let group = """
        root:x:0:root
        web:x:34:
        mail:x:8:web,root
        games:x:20:web
        odd:x
        """

    private func resolve(
        image: String = "",
        container: String = "",
        pod: String = "",
        passwd: String? = UserResolutionTests.passwd,
        group: String? = UserResolutionTests.group
    ) throws -> NodeAgent.ContainerUser {
        let pod = try Fixture.pod(
            container: container.isEmpty ? "" : "securityContext: {\(container)}",
            spec: pod.isEmpty ? "" : "securityContext: {\(pod)}"
        )
        return try UserResolution.resolve(
            pod: pod,
            container: try #require(pod.spec.containers.first),
            image: try Fixture.image("{\"User\":\"\(image)\"}")
        ) { path throws(ContainerConfigError) in path == "/etc/passwd" ? passwd : group }
    }

    @Test(
        "every form of USER",
        arguments: [
            ("", 0, 0, [8]), ("root", 0, 0, [8]), ("web", 33, 34, [8, 20]), ("33", 33, 34, [8, 20]),
            ("web:mail", 33, 8, [8, 20]), ("web:99", 33, 99, [8, 20]), ("33:mail", 33, 8, [8, 20]),
            ("1234", 1234, 0, []),
            ("1234:5", 1234, 5, []), ("web:", 33, 34, [8, 20]), (":20", 0, 20, [0, 8]), ("0:0", 0, 0, [8]),
        ]
    )
    func forms(user: String, uid: Int, gid: Int, groups: [Int]) throws {
        let found = try resolve(image: user)
        #expect(found.uid == UInt32(uid))
        #expect(found.gid == UInt32(gid))
        #expect(Set(found.additionalGroups) == Set((groups + [gid]).map { UInt32($0) }))
    }

    @Test("the primary group is among the groups, so that dropping it is no way around permissions (CVE-2022-36109)")
    func primaryGroupStays() throws {
        #expect(try resolve(image: "1234:5").additionalGroups == [5])
        #expect(try resolve(image: "web").additionalGroups.first == 34)
    }

    @Test("runAsUser and runAsGroup beat the image; the container beats the pod")
    func asked() throws {
        let both = try resolve(image: "web", container: "runAsUser: 500", pod: "runAsUser: 600, runAsGroup: 700")
        #expect(both.uid == 500)
        #expect(both.gid == 700)
        let known = try resolve(image: "root", container: "runAsUser: 33")
        #expect(known.gid == 34)
        let zero = try resolve(image: "web", container: "runAsUser: 0")
        #expect(zero.uid == 0)
    }

    @Test("the group of the image's USER does not hold for another user")
    func groupOfAnotherUser() throws {
        #expect(try resolve(image: "web:mail", container: "runAsUser: 500").gid == 0)
    }

    @Test("supplemental groups and fsGroup are added once each; Strict leaves out those of the image")
    func groups() throws {
        let merged = try resolve(image: "web", pod: "supplementalGroups: [20, 500, 500], fsGroup: 600")
        #expect(merged.additionalGroups == [34, 8, 20, 500, 600])
        let strict = try resolve(image: "web", pod: "supplementalGroupsPolicy: Strict, supplementalGroups: [500]")
        #expect(strict.additionalGroups == [34, 500])
    }

    @Test("an image without passwd and group files has numbers only")
    func noFiles() throws {
        #expect(
            try resolve(image: "5:6", passwd: nil, group: nil)
                == NodeAgent.ContainerUser(uid: 5, gid: 6, additionalGroups: [6])
        )
        #expect(throws: ContainerConfigError.self) { try resolve(image: "web", passwd: nil, group: nil) }
    }

    @Test(
        "what is not there or out of range is said (CVE-2024-40635)",
        arguments: [
            ("nobody", "unable to find user nobody: no matching entries in passwd file of image bb:1"),
            ("web:nogroup", "unable to find group nogroup: no matching entries in group file of image bb:1"),
            ("2147483648", "user 2147483648: 2147483648 is outside of 0 to 2147483647"),
            ("1:4294967295", "group 4294967295: 4294967295 is outside of 0 to 2147483647"),
            ("99999999999999999999", "user 99999999999999999999 is not a valid id"),
            ("broken", "unable to find user broken: no matching entries in passwd file of image bb:1"),
        ]
    )
    func errors(user: String, message: String) {
        #expect(throws: ContainerConfigError(message)) { try resolve(image: user) }
    }

    @Test("the largest id is fine")
    func largest() throws {
        #expect(try resolve(image: "2147483647:2147483647").uid == 2_147_483_647)
    }

    @Test("a user of the image's passwd with an id beyond the range is refused")
    func hugePasswd() {
        #expect(throws: ContainerConfigError.self) {
            try resolve(image: "huge", passwd: "huge:x:4294967295:4294967295::/:/bin/sh\n")
        }
    }

    @Test(
        "runAsNonRoot says why a container may not run",
        arguments: [
            ("", "runAsNonRoot: true", "container has runAsNonRoot and image will run as root"),
            ("0", "runAsNonRoot: true", "container has runAsNonRoot and image will run as root"),
            (
                "web", "runAsNonRoot: true",
                "container has runAsNonRoot and image has non-numeric user (web), cannot verify user is non-root"
            ),
            ("web", "runAsNonRoot: true, runAsUser: 0", "container's runAsUser breaks non-root policy"),
            (
                "unknown", "runAsNonRoot: true",
                "container has runAsNonRoot and image has non-numeric user (unknown), cannot verify user is non-root"
            ),
        ]
    )
    func nonRoot(image: String, context: String, message: String) {
        #expect(throws: ContainerConfigError(message)) { try resolve(image: image, container: context) }
        #expect(throws: ContainerConfigError(message)) { try resolve(image: image, pod: context) }
    }

    @Test("runAsNonRoot lets numbers and runAsUser pass, and the container can lift the pod's")
    func nonRootPasses() throws {
        #expect(try resolve(image: "33", container: "runAsNonRoot: true").uid == 33)
        #expect(try resolve(image: "web", container: "runAsNonRoot: true, runAsUser: 33").uid == 33)
        #expect(try resolve(image: "", container: "runAsNonRoot: false", pod: "runAsNonRoot: true").uid == 0)
    }
}
