import OCI
import TTRPC
import Testing

@testable import RuntimeCore

@Suite("runtime handlers")
struct RuntimeHandlerTests {
    @Test("the shim's name follows from the type by containerd's rule")
    func names() {
        let cases = [
            ("io.containerd.runc.v2", "containerd-shim-runc-v2"), ("io.containerd.kata.v2", "containerd-shim-kata-v2"),
            ("io.containerd.kata-qemu.v2", "containerd-shim-kata-qemu-v2"),
            ("io.containerd.swiftlet.v1", "containerd-shim-swiftlet-v1"),
        ]
        for (type, name) in cases { #expect(RuntimeHandler(name: "x", type: type).shimName == name) }
        for type in ["", "runc", "io..", "a/b.c.d"] { #expect(RuntimeHandler(name: "x", type: type).shimName == nil) }
    }

    @Test("options become the message that containerd would send")
    func options() throws {
        let runc = RuntimeHandler(
            name: "runc",
            type: RuntimeHandler.runcType,
            options: ["BinaryName": .text("/usr/bin/crun"), "systemd_cgroup": .flag(true), "IoUid": .number(7)]
        )
        let message = try #require(try runc.encodedOptions())
        #expect(message.typeURL == "containerd.runc.v1.Options")
        let options = try Shim.RuncOptions(protobuf: message.value)
        #expect(options.binaryName == "/usr/bin/crun" && options.systemdCgroup && options.ioUID == 7)
        let kata = RuntimeHandler(
            name: "kata",
            type: "io.containerd.kata.v2",
            options: ["ConfigPath": .text("/opt/kata.toml")]
        )
        let general = try #require(try kata.encodedOptions())
        #expect(general.typeURL == "runtimeoptions.v1.Options")
        #expect(try Shim.RuntimeOptions(protobuf: general.value).configPath == "/opt/kata.toml")
        #expect(try RuntimeHandler(name: "r", type: RuntimeHandler.runcType).encodedOptions() == nil)
    }

    @Test("an unknown option or one of the wrong kind is named")
    func badOptions() {
        for options: [String: RuntimeHandler.Option] in [
            ["Binary": .text("x")], ["SystemdCgroup": .text("yes")], ["BinaryName": .flag(true)],
        ] {
            let handler = RuntimeHandler(name: "r", type: RuntimeHandler.runcType, options: options)
            let error = #expect(throws: RuntimeOptionError.self) { try handler.encodedOptions() }
            #expect(error?.description.contains(options.keys.first ?? "?") ?? false)
        }
    }
}

@Suite("a config.json for runtimes of others")
struct ForeignSpecTests {
    private static let noRights = ForeignSpec.Rights(
        capabilities: 0b1,
        oomScoreAdj: 100,
        hardLimits: ["RLIMIT_NOFILE": 1000]
    )

    @Test("what the agent may not do is left out and said")
    func clamp() {
        var spec = RuntimeSpec(ociVersion: "1.2.0")
        spec.process = RuntimeSpec.Process(
            cwd: "/",
            capabilities: RuntimeSpec.Capabilities(bounding: ["CAP_CHOWN", "CAP_SYS_ADMIN"]),
            rlimits: [RuntimeSpec.Rlimit(type: "RLIMIT_NOFILE", hard: 5000, soft: 2000)],
            oomScoreAdj: -997
        )
        let (fitted, warnings) = ForeignSpec.fit(spec, rights: Self.noRights, systemdCgroups: false)
        #expect(fitted.process?.capabilities?.bounding == ["CAP_CHOWN"])
        #expect(fitted.process?.oomScoreAdj == 100)
        #expect(fitted.process?.rlimits == [RuntimeSpec.Rlimit(type: "RLIMIT_NOFILE", hard: 1000, soft: 1000)])
        #expect(warnings.count == 3)
    }

    @Test("with all rights nothing changes")
    func unchanged() {
        var spec = RuntimeSpec(ociVersion: "1.2.0")
        spec.process = RuntimeSpec.Process(
            cwd: "/",
            capabilities: RuntimeSpec.Capabilities(bounding: ["CAP_SYS_ADMIN"]),
            oomScoreAdj: -997
        )
        let all = ForeignSpec.Rights(capabilities: .max, oomScoreAdj: 0, hardLimits: ["RLIMIT_NOFILE": 1])
        let (fitted, warnings) = ForeignSpec.fit(spec, rights: all, systemdCgroups: false)
        #expect(fitted == spec)
        #expect(warnings == [])
    }

    @Test("paths of cgroups take systemd's form where runc is to ask systemd")
    func systemd() {
        #expect(
            ForeignSpec.systemdPath("/kubepods/burstable/podab-cd/0123")
                == "kubepods-burstable-podab_cd.slice:cri-containerd:0123"
        )
    }
}
