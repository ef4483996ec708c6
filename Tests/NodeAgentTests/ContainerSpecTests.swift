import KubernetesAPI
import OCI
import Testing

@testable import NodeAgent

@Suite("A container's config.json")
struct ContainerSpecTests {
    private let both = #"{"Entrypoint":["/entry","-e"],"Cmd":["one","two"],"WorkingDir":"/srv"}"#

    @Test(
        "command replaces ENTRYPOINT and CMD, args alone replaces CMD",
        arguments: [
            ("", ["/entry", "-e", "one", "two"]),
            (#"args: ["x"]"#, ["/entry", "-e", "x"]),
            (#"command: ["/c"]"#, ["/c"]),
            ("command: [\"/c\"]\nargs: [\"x\", \"y\"]", ["/c", "x", "y"]),
        ]
    )
    func commandRules(lines: String, expected: [String]) throws {
        let spec = try Fixture.spec(Fixture.pod(container: lines), image: Fixture.image(both))
        #expect(spec.process?.args == expected)
    }

    @Test("without a command in the pod and in the image it is said what to do")
    func noCommand() throws {
        let error = #expect(throws: ContainerConfigError.self) {
            try Fixture.spec(Fixture.pod(container: ""), image: Fixture.image())
        }
        #expect(error?.description.hasPrefix("no command specified: the image bb:1 has neither") == true)
    }

    @Test("$(NAME) is expanded in command and args with the pod's own variables only")
    func expansion() throws {
        let lines = """
            command: ["/c", "$(A)-$(B)", "$$(A)", "$(PATH)", "$(NONE)"]
            env:
            - {name: A, value: one}
            - {name: B, value: "$(A)2"}
            """
        let image = try Fixture.image(#"{"Entrypoint":["/e"],"Env":["PATH=/from/image"]}"#)
        let spec = try Fixture.spec(Fixture.pod(container: lines), image: image)
        #expect(spec.process?.args == ["/c", "one-one2", "$(A)", "$(PATH)", "$(NONE)"])
    }

    @Test("the image's own words are not expanded")
    func imageIsLiteral() throws {
        let lines = "env: [{name: A, value: one}]"
        let spec = try Fixture.spec(Fixture.pod(container: lines), image: Fixture.image(#"{"Cmd":["/c","$(A)"]}"#))
        #expect(spec.process?.args == ["/c", "$(A)"])
    }

    @Test("the working directory is the container's, else the image's, else /")
    func workingDirectory() throws {
        let fromImage = try Fixture.spec(Fixture.pod(container: ""), image: Fixture.image(both))
        #expect(fromImage.process?.cwd == "/srv")
        let own = try Fixture.spec(Fixture.pod(container: "workingDir: /own"), image: Fixture.image(both))
        #expect(own.process?.cwd == "/own")
        let neither = try Fixture.spec(Fixture.pod(container: ""), image: Fixture.image(#"{"Cmd":["/c"]}"#))
        #expect(neither.process?.cwd == "/")
    }

    @Test("namespaces: those of the sandbox are joined, mount and cgroup and pid are new")
    func namespaces() throws {
        let spec = try Fixture.spec(Fixture.pod(container: ""), image: Fixture.image(both))
        let list = try #require(spec.linux?.namespaces)
        #expect(Set(list.map(\.type)) == [.mount, .cgroup, .pid, .ipc, .uts, .network])
        #expect(list.first { $0.type == .pid }?.path == nil)
        #expect(list.first { $0.type == .network }?.path == "/proc/1/fd/3")
    }

    @Test("hostPID makes no pid namespace, a shared one is joined")
    func pidNamespaces() throws {
        let host = try Fixture.pod(container: "", spec: "hostPID: true")
        let hostSpec = try Fixture.spec(host, image: Fixture.image(both))
        #expect(hostSpec.linux?.namespaces?.contains { $0.type == .pid } == false)
        let shared = try Fixture.spec(
            Fixture.pod(container: "", spec: "shareProcessNamespace: true"),
            image: Fixture.image(both),
            namespaces: ["pid": "/proc/9/ns/pid"]
        )
        #expect(shared.linux?.namespaces?.filter { $0.type == .pid }.map(\.path) == ["/proc/9/ns/pid"])
    }

    @Test("paths are masked unless the container is privileged or asks for procMount Unmasked")
    func maskedPaths() throws {
        let image = try Fixture.image(both)
        let normal = try Fixture.spec(Fixture.pod(container: ""), image: image)
        #expect(normal.linux?.maskedPaths?.contains("/proc/kcore") == true)
        #expect(normal.linux?.readonlyPaths?.contains("/proc/sys") == true)
        for lines in ["securityContext: {privileged: true}", "securityContext: {procMount: Unmasked}"] {
            let spec = try Fixture.spec(Fixture.pod(container: lines, spec: "hostUsers: false"), image: image)
            #expect(spec.linux?.maskedPaths == nil, "\(lines)")
            #expect(spec.linux?.readonlyPaths == nil, "\(lines)")
        }
    }

    @Test("/sys and the cgroups are read-only, and writable for a privileged container")
    func sysAccess() throws {
        let image = try Fixture.image(both)
        let normal = try Fixture.spec(Fixture.pod(container: ""), image: image)
        let privileged = try Fixture.spec(Fixture.pod(container: "securityContext: {privileged: true}"), image: image)
        for path in ["/sys", "/sys/fs/cgroup"] {
            #expect(normal.mounts?.first { $0.destination == path }?.options?.contains("ro") == true)
            #expect(privileged.mounts?.first { $0.destination == path }?.options?.contains("rw") == true)
        }
    }

    @Test(
        "seccomp: the container's profile, else the pod's, else the node's default; none for privileged",
        arguments: [
            ("", "", true, true),
            ("", "", false, false),
            ("securityContext: {seccompProfile: {type: RuntimeDefault}}", "", false, true),
            ("securityContext: {seccompProfile: {type: Unconfined}}", "", true, false),
            ("", "securityContext: {seccompProfile: {type: Unconfined}}", true, false),
            (
                "securityContext: {seccompProfile: {type: RuntimeDefault}}",
                "securityContext: {seccompProfile: {type: Unconfined}}", false, true
            ),
            ("securityContext: {privileged: true, seccompProfile: {type: RuntimeDefault}}", "", true, false),
        ]
    )
    func seccomp(container: String, pod: String, byDefault: Bool, expected: Bool) throws {
        let spec = try Fixture.spec(
            Fixture.pod(container: container, spec: pod),
            image: Fixture.image(both),
            seccompByDefault: byDefault
        )
        #expect((spec.linux?.seccomp != nil) == expected)
    }

    @Test("a seccomp profile that the node does not have is an error, not no profile")
    func localhostProfile() throws {
        let pod = try Fixture.pod(
            container: "securityContext: {seccompProfile: {type: Localhost, localhostProfile: a.json}}"
        )
        let error = #expect(throws: ContainerConfigError.self) { try Fixture.spec(pod, image: Fixture.image(both)) }
        #expect(error?.description.contains("a.json of type Localhost is not available") == true)
    }

    @Test("privilege escalation is forbidden only when the pod says so; the root file system is read-only when asked")
    func flags() throws {
        let image = try Fixture.image(both)
        let normal = try Fixture.spec(Fixture.pod(container: ""), image: image)
        #expect(normal.process?.noNewPrivileges == nil)
        #expect(normal.root?.readonly != true)
        let strict = try Fixture.spec(
            Fixture.pod(
                container: "securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true}\ntty: true"
            ),
            image: image
        )
        #expect(strict.process?.noNewPrivileges == true)
        #expect(strict.root?.readonly == true)
        #expect(strict.process?.terminal == true)
    }

    @Test("the cgroup is the container's below the pod's; labels for other tools name the pod")
    func identity() throws {
        let spec = try Fixture.spec(Fixture.pod(container: ""), image: Fixture.image(both))
        #expect(spec.linux?.cgroupsPath == "/kubepods/podX/c1")
        #expect(spec.annotations?["io.kubernetes.cri.sandbox-id"] == "s1")
        #expect(spec.annotations?["io.kubernetes.cri.container-name"] == "main")
        #expect(spec.annotations?["io.kubernetes.cri.sandbox-uid"] == Fixture.uid)
    }

    @Test("a mount inside another comes after it, whatever the order in the pod")
    func nestedMounts() throws {
        let mounts = ["/etc/hosts", "/data/inner/deep", "/data", "/etc", "/data/inner"].map {
            RuntimeSpec.Mount(destination: $0, type: "bind", source: "/x", options: ["rbind"])
        }
        let spec = try Fixture.spec(Fixture.pod(container: ""), image: Fixture.image(both), mounts: mounts)
        let order = (spec.mounts ?? []).map(\.destination).filter { $0.hasPrefix("/data") || $0.hasPrefix("/etc") }
        #expect(order == ["/data", "/etc", "/etc/hosts", "/data/inner", "/data/inner/deep"])
    }
}
