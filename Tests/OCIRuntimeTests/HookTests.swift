import Glibc
import JSON
import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

@Suite("Hooks", .enabled(if: Ability.containers, "needs root and /bin/busybox"))
struct HookTests {
    private func hook(_ script: String, timeout: Int? = nil) -> RuntimeSpec.Hook {
        RuntimeSpec.Hook(
            path: "/bin/busybox",
            args: ["sh", "-c", script],
            env: ["PATH=/bin", "MARK=m"],
            timeout: timeout
        )
    }

    @Test("a timeout that is not above zero is refused", arguments: [0, -1])
    func timeouts(seconds: Int) throws {
        let bundle = try TestBundle()
        bundle.spec.hooks = .init(prestart: [hook("true", timeout: seconds)])
        #expect {
            _ = try bundle.create("t")
        } throws: {
            "\($0)".contains("its timeout \(seconds) is not above zero")
        }
        #expect(try bundle.leftovers() == [])
    }

    // Seen failing with "/" as the directory of all, and with the runtime's pid in the state of hooks inside.
    @Test("each kind runs at its time, in its namespaces and directory, with the state of that moment")
    func kinds() throws {
        let bundle = try TestBundle()
        let log = bundle.path + "/log"
        func record(_ name: String) -> RuntimeSpec.Hook {
            hook("s=$(cat); echo \(name) $MARK $(readlink /proc/self/ns/uts) $(hostname) $(pwd) $s >> \(log)")
        }
        // startContainer sees the container's files only.
        let inside =
            "s=$(cat); echo startContainer $MARK $(readlink /proc/self/ns/uts) $(busybox hostname) $(busybox pwd) $s >> /inside"
        bundle.spec.hooks = .init(
            prestart: [record("prestart")],
            createRuntime: [record("createRuntime")],
            createContainer: [record("createContainer")],
            startContainer: [hook(inside)],
            poststart: [record("poststart")],
            poststop: [record("poststop")]
        )
        bundle.spec.process?.args = ["sleep", "1000"]
        let created = try bundle.create("h")
        #expect(!Files.exists(bundle.path + "/rootfs/inside"))
        try created.container.start()
        try created.container.delete(force: true)
        _ = try Child.wait(created.pid)
        let lines = try Files.readText(log).split(separator: "\n").map {
            $0.split(separator: " ", maxSplits: 5).map(String.init)
        }
        let start = try Files.readText(bundle.path + "/rootfs/inside").split(separator: " ", maxSplits: 5).map(
            String.init
        )
        #expect(lines.map(\.first) == ["prestart", "createRuntime", "createContainer", "poststart", "poststop"])
        let own = try Files.linkTarget("/proc/self/ns/uts")
        for line in lines + [start] {
            try #require(line.count == 6)
            #expect(line[1] == "m")
            let isInside = line[0] == "createContainer" || line[0] == "startContainer"
            #expect((line[2] != own) == isInside, "\(line[0])")
            #expect((line[3] == "swiftlet") == isInside, "\(line[0])")
            let directories = ["createContainer": bundle.path + "/rootfs", "startContainer": "/"]
            #expect(line[4] == directories[line[0]] ?? bundle.path, "\(line[0])")
            let state = try JSONCoding.decode(ContainerState.self, from: Array(line[5].utf8))
            let statuses: [String: ContainerState.Status] = [
                "poststart": .running, "poststop": .stopped, "startContainer": .created,
            ]
            #expect(state.status == statuses[line[0]] ?? .creating)
            #expect(state.id == "h" && state.bundle == bundle.path)
            // As the hook finds it in its own pid namespace (runtime.md, "State").
            #expect(state.pid == (line[0] == "poststop" ? nil : isInside ? 1 : Int(created.pid)), "\(line[0])")
        }
        #expect(try bundle.leftovers() == [])
    }

    @Test("a poststop hook whose bundle is gone runs in the root; a hook gets no variable that its env does not name")
    func bundleGone() throws {
        let bundle = try TestBundle()
        let other = try TemporaryDirectory()
        let script = "{ pwd; /bin/busybox cat /proc/$$/environ; } > \(other.path)/said"
        bundle.spec.hooks = .init(poststop: [.init(path: "/bin/busybox", args: ["sh", "-c", script])])
        bundle.shell("true")
        try bundle.writeConfig()
        var options = CreateOptions(id: "g", bundle: other.path + "/gone")
        options.startsAtOnce = true
        bundle.spec.root?.path = bundle.path + "/rootfs"
        var created = try Container.create(bundle.spec, options: options, root: bundle.root)
        try created.start()
        _ = try Child.wait(created.pid)
        try created.container.delete()
        #expect(try Files.readText(other.path + "/said") == "/")
    }

    @Test("a hook that fails or hangs during create takes everything back, says why, and poststop still runs")
    func failing() throws {
        for (script, timeout, words) in [
            ("echo broken >&2; exit 3", nil, "exit status 3: broken"), ("sleep 100", 1, "within 1 s"),
        ]
            as [(String, Int?, String)]
        {
            let bundle = try TestBundle()
            bundle.spec.hooks = .init(
                createRuntime: [hook(script, timeout: timeout)],
                poststop: [hook("echo stopped > \(bundle.path)/stopped")]
            )
            bundle.shell("true")
            do {
                _ = try bundle.run()
                Issue.record("it ran")
            } catch let error as RuntimeError {
                #expect(error.description.contains("createRuntime hook #0"))
                #expect(error.description.contains(words))
            }
            #expect(Files.exists(bundle.path + "/stopped"))
            #expect(try bundle.leftovers() == [])
        }
    }

    @Test("a failing startContainer hook ends the container, failing poststart and poststop hooks only warn")
    func laterFailures() throws {
        let bundle = try TestBundle()
        bundle.spec.hooks = .init(startContainer: [hook("exit 4")])
        bundle.shell("true")
        let created = try bundle.create("s")
        #expect(throws: RuntimeError.self) { try created.container.start() }
        #expect(try Child.wait(created.pid) == 128 + SIGKILL)
        try created.container.delete()

        bundle.spec.hooks = .init(poststart: [hook("exit 5")], poststop: [.init(path: "/no/such/hook")])
        let other = try bundle.create("p")
        var warnings: [String] = []
        try other.container.start { warnings.append($0) }
        _ = try Child.wait(other.pid)
        try other.container.delete { warnings.append($0) }
        #expect(warnings.count == 2)
        #expect(warnings.first?.contains("exit status 5") == true)
        #expect(warnings.last?.contains("/no/such/hook") == true)
        #expect(try bundle.leftovers() == [])
    }
}
