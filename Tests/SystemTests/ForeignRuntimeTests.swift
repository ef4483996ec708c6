import Glibc
import JSON
import Linux
import Testing

/// Debian's containerd-shim-runc-v2 and runc, unmodified, under our agent.
enum ForeignShim {
    private static let programs = ["/usr/bin/containerd-shim-runc-v2", "/usr/sbin/runc"]

    static var isInstalled: Bool {
        let missing = programs.filter { !Files.exists($0) }
        if !missing.isEmpty { print("skipped tests with runc's shim: needs \(missing.joined(separator: ", "))") }
        return missing.isEmpty
    }
}

extension SystemSuite {
    @Suite("pods with a runtimeClassName", .enabled(if: ForeignShim.isInstalled), .serialized)
    struct ForeignRuntimeTests {
        private static let runc = "runtimeClassName: runc"

        @Test("runc's shim runs them: output in order, exit codes, want of memory, and nothing is left")
        func life() throws {
            try RunningAgent.with { agent in
                try agent.create(
                    Manifest.pod(
                        "out",
                        "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; exit 3",
                        spec: Self.runc
                    )
                )
                try agent.create(
                    Manifest.pod(
                        "oom",
                        "tail /dev/zero",
                        container: "resources: {limits: {memory: 24Mi}}",
                        spec: Self.runc
                    )
                )
                try agent.create(Manifest.pod("on", "hostname; \(Manifest.sleeper)", spec: Self.runc))
                try agent.waitForPhase("out", "Failed")
                try agent.waitForPhase("oom", "Failed")
                try agent.waitForPhase("on", "Running")
                #expect(try agent.container("out")["state"]?["terminated"]?["exitCode"] == 3)
                let lines = try agent.logText("out").split(separator: "\n").map(String.init)
                #expect(lines == (0..<3000).map { "line \($0)" })
                #expect(try agent.container("oom")["state"]?["terminated"]?["reason"] == "OOMKilled")
                #expect(agent.processes().contains { $0.command.contains("containerd-shim-runc-v2") })
                try agent.wait("the host name to be logged") { try agent.logText("on") == "on\n" }
                for name in ["out", "oom", "on"] { try agent.delete(name) }
                try agent.expectNoLeftovers()
            }
        }

        @Test("a kill -9 of the agent costs them no line and no exit code; one of their shim ends them")
        func crashes() throws {
            try RunningAgent.with { agent in
                try agent.create(
                    Manifest.pod(
                        "talks",
                        "i=0; while [ $i -lt 100 ]; do echo $i; i=$((i+1)); sleep 0.05; done; exit 7",
                        spec: Self.runc
                    )
                )
                try agent.create(Manifest.pod("stays", "sleep 1000", spec: Self.runc))
                try agent.waitForPhase("talks", "Running")
                try agent.waitForPhase("stays", "Running")
                let process = try agent.processID("talks")
                try agent.kill()
                try agent.waitForEnd(of: process)
                try agent.start()
                try agent.waitForPhase("talks", "Failed")
                #expect(try agent.container("talks")["state"]?["terminated"]?["exitCode"] == 7)
                #expect(try agent.logText("talks") == (0..<100).map { "\($0)\n" }.joined())
                #expect(try agent.phase("stays") == "Running")
                for shim in agent.processes() where shim.command.contains("containerd-shim-runc-v2") {
                    _ = Glibc.kill(shim.pid, SIGKILL)
                }
                try agent.waitForPhase("stays", "Failed")
                #expect(try agent.container("stays")["state"]?["terminated"]?["exitCode"] == 137)
                for name in ["talks", "stays"] { try agent.delete(name) }
                try agent.expectNoLeftovers()
            }
        }

        // Seen to fail with "no answer from containerd.task.v2.Task/Create": nobody read the output any more, which the
        // shim opens before it answers.
        @Test("a create that was cut off with its agent, after the shim had opened the output, is made again")
        func cutCreate() throws {
            try RunningAgent.with { agent in
                let runtime = agent.directory + "/cut-runc"
                try Files.write(runtime, Array(Self.cutRuntime(agent.directory).utf8), mode: 0o755)
                agent.extraConfiguration = "[runtimes.cut]\ntype = \"io.containerd.runc.v2\"\n"
                agent.extraConfiguration += "[runtimes.cut.options]\nBinaryName = \"\(runtime)\"\n"
                #expect(try agent.stop() == 0)
                try agent.start()
                try agent.create(Manifest.pod("cut", "echo whole; exit 7", spec: "runtimeClassName: cut"))
                try agent.wait("the create") { Files.exists(agent.directory + "/cut") }
                try agent.kill()
                try agent.start()
                try agent.waitForPhase("cut", "Failed", seconds: 90)
                #expect(try agent.container("cut")["state"]?["terminated"]?["exitCode"] == 7)
                #expect(try agent.logText("cut") == "whole\n")
                try agent.delete("cut")
                try agent.expectNoLeftovers()
            }
        }

        /// runc, whose first create opens the container's output, closes it and hangs.
        private static func cutRuntime(_ directory: String) -> String {
            """
            #!/bin/bash
            case " $* " in *" create "*) if [ ! -e \(directory)/cut ]; then
                bundle=$(sed 's/.*--bundle \\([^ ]*\\) .*/\\1/' <<<"$*")
                : >"$bundle/stdout"; : >"$bundle/stderr"; : >\(directory)/cut
                exec sleep 1000
            fi;; esac
            exec /usr/sbin/runc "$@"

            """
        }

        @Test(
            "exec gives all that a short command writes, though runc's shim copies it; a missing program is said once"
        )
        func exec() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("on", Manifest.sleeper, spec: Self.runc))
                try agent.waitForPhase("on", "Running")
                let path = "/v1/namespaces/default/pods/on/exec"
                for number in 0..<30 {
                    let reply = try agent.request("POST", path, #"{"command":["cat"],"stdin":"\#(number)\n"}"#).json
                    #expect(reply["stdout"]?.stringValue == "\(number)\n")
                    #expect(reply["exitCode"] == 0)
                }
                let missing = try agent.request("POST", path, #"{"command":["/no/such"]}"#).json
                #expect(missing["exitCode"] == 127)
                let words = try #require(missing["stderr"]?.stringValue)
                #expect(words.ranges(of: "OCI runtime exec failed").count == 1, "\(words)")
            }
        }

        @Test("a class that the node does not have is said with its name and what there is")
        func unknown() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("odd", "true", spec: "runtimeClassName: nosuch"))
                try agent.wait("the event") {
                    try agent.log(of: "odd").contains {
                        $0["data"]?["message"]?.stringValue?.contains("runtimeclass.node.k8s.io \"nosuch\" not found")
                            ?? false
                    }
                }
                #expect(try agent.phase("odd") == "Pending")
                try agent.delete("odd")
            }
        }
    }
}
