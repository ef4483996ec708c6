import Glibc
import JSON
import Linux
import Testing

extension SystemSuite {
    @Suite("commands in running containers", .serialized)
    struct ExecTests {
        private static let path = "/v1/namespaces/default/pods/web/exec"

        private static let web = Manifest.pod(
            "web",
            Manifest.sleeper,
            container: "workingDir: /tmp\n    env: [{name: FOO, value: bar}]\n    securityContext: {runAsUser: 1234}"
        )

        /// Runs the client with a script's standard input.
        private static func client(
            _ agent: RunningAgent,
            _ script: String
        ) throws -> (code: Int32, output: String, errors: String) {
            let outcome = try Spawn.run(
                ["bash", "-c", script, Needs.binaries + "/swiftlet", agent.socket],
                environment: Shell.environment
            )
            return (
                outcome.code, String(decoding: outcome.output, as: UTF8.self),
                String(decoding: outcome.errors, as: UTF8.self)
            )
        }

        /// Starts the client with a script, for a test that ends it.
        private static func start(_ agent: RunningAgent, _ script: String) throws -> BackgroundProcess {
            try BackgroundProcess(["bash", "-c", script, Needs.binaries + "/swiftlet", agent.socket])
        }

        @Test("with plain HTTP: output, exit code, user, directory and environment; every run is on record")
        func plain() throws {
            try RunningAgent.with { agent in
                try agent.create(Self.web)
                try agent.waitForPhase("web", "Running")
                let run = { (body: String) in try agent.request("POST", Self.path, body) }

                let reply = try run(
                    #"{"command":["sh","-c","id -u; pwd; echo $FOO; cat; echo bad >&2; exit 3"],"stdin":"in\n"}"#
                )
                #expect(reply.code == 200)
                #expect(reply.json["stdout"] == "1234\n/tmp\nbar\nin\n")
                #expect(reply.json["stderr"] == "bad\n")
                #expect(reply.json["exitCode"] == 3)

                let missing = try run(#"{"command":["nosuch"]}"#).json
                #expect(missing["exitCode"] == 127)
                let words = "exec: \"nosuch\": executable file not found in $PATH"
                #expect(missing["stderr"]?.stringValue?.contains(words) == true, "\(missing.text())")
                #expect(try run(#"{"command":["/etc/passwd"]}"#).json["exitCode"] == 126)
                #expect(try run(#"{"command":["sh","-c","kill -9 $$"]}"#).json["exitCode"] == 137)
                #expect(try run(#"{"command":["sh","-c","printf '\\377'"]}"#).json["stdout"] == nil)

                let late = try run(#"{"command":["sh","-c","echo begun; sleep 100"],"timeoutSeconds":3}"#).json
                #expect(late["timedOut"] == true)
                #expect(late["stdout"] == "begun\n")
                #expect(agent.processes().allSatisfy { !$0.command.contains("sleep 100") })

                for (body, code) in [
                    ("{}", 400), ("no", 400), (#"{"command":[]}"#, 400), (#"{"command":["x"],"user":"root"}"#, 400),
                    (#"{"command":["x"],"container":"zz"}"#, 400),
                ] { #expect(try run(body).code == code, "\(body)") }
                #expect(
                    try agent.request("POST", "/v1/namespaces/default/pods/no/exec", #"{"command":["x"]}"#).code == 404
                )

                let log = try agent.log(of: "web")
                let started = log.filter { $0["type"] == "ExecStarted" }
                let finished = log.filter { $0["type"] == "ExecFinished" }
                #expect(started.count == finished.count)
                #expect(started.first?["actor"] == "unix:root")
                #expect(started[1]["data"]?["command"]?[0] == "nosuch")
                #expect(finished.first?["data"]?["exitCode"] == 3)
                #expect(finished[1]["data"]?["exitCode"] == 127)
                #expect(try Files.list(agent.state + "/exec") == [])
                try agent.delete("web")
                try agent.expectNoLeftovers()
            }
        }

        @Test(
            "the client passes input of any bytes, both outputs and the exit code on; a client that goes ends its command"
        )
        func streams() throws {
            try RunningAgent.with { agent in
                try agent.create(Self.web)
                try agent.waitForPhase("web", "Running")
                let sum = try Self.client(
                    agent,
                    "head -c 5000000 /dev/urandom > $1.in; sha256sum < $1.in; "
                        + "$0 exec --socket $1 -i web -- cat < $1.in | sha256sum; rm $1.in"
                )
                let sums = sum.output.split(separator: "\n")
                #expect(sums.count == 2 && sums[0] == sums[1], "\(sum)")

                let both = try Self.client(agent, "$0 exec --socket $1 web -- sh -c 'echo out; echo err >&2; exit 7'")
                #expect(both.code == 7)
                #expect(both.output == "out\n")
                #expect(both.errors == "err\n")
                let missing = try Self.client(agent, "$0 exec --socket $1 web -- nosuch")
                #expect(missing.code == 127)
                #expect(missing.errors.contains("executable file not found in $PATH"))
                #expect(
                    try Self.client(agent, "$0 exec --socket $1 no -- true").errors.contains("pods \"no\" not found")
                )

                // A grandchild that holds the output open does not hold the client.
                #expect(
                    try Self.client(agent, "$0 exec --socket $1 web -- sh -c 'sleep 61 & echo hi'").output == "hi\n"
                )
                let gone = try Self.start(agent, "exec $0 exec --socket $1 web -- sleep 62")
                try agent.wait("the command to run") { agent.processes().contains { $0.command == "sleep 62" } }
                try gone.kill()
                try agent.wait("the command to be ended") { !agent.processes().contains { $0.command == "sleep 62" } }
                try agent.wait("its end to be on record") {
                    try agent.log(of: "web").last { $0["type"] == "ExecFinished" }?["data"]?["reason"]
                        == "the client went away"
                }

                // An agent that starts anew ends what clients of the old one had begun.
                let old = try Self.start(agent, "exec $0 exec --socket $1 web -- sleep 63")
                try agent.wait("the command to run") { agent.processes().contains { $0.command == "sleep 63" } }
                try agent.kill()
                #expect(agent.processes().contains { $0.command == "sleep 63" })
                try old.kill()
                try agent.start()
                try agent.wait("the command to be ended") { !agent.processes().contains { $0.command == "sleep 63" } }
                try agent.delete("web")
                try agent.expectNoLeftovers()
            }
        }

        @Test("attaching gives the output from then on, and the input that the pod asks for")
        func attach() throws {
            try RunningAgent.with { agent in
                try agent.create(
                    Manifest.pod(
                        "in",
                        "read x; echo got $x; read y || echo closed",
                        container: "stdin: true\n    stdinOnce: true"
                    )
                )
                try agent.waitForPhase("in", "Running")
                let attached = try Self.client(agent, "echo hello | $0 attach --socket $1 -i in")
                #expect(attached.output == "got hello\nclosed\n")
                try agent.waitForPhase("in", "Succeeded")
                #expect(try agent.logText("in") == "got hello\nclosed\n")
                #expect(try agent.types(of: "in").contains("ContainerAttached"))

                // Without `stdin: true` there is nothing to read.
                try agent.create(Manifest.pod("none", "cat; echo end; sleep 1"))
                try agent.waitForPhase("none", "Succeeded")
                #expect(try agent.logText("none") == "end\n")
                try agent.create(
                    Manifest.pod(
                        "tty",
                        "test -t 0 && test -t 1 && echo terminal",
                        container: "tty: true\n    stdin: true"
                    )
                )
                try agent.waitForPhase("tty", "Succeeded")
                #expect(try agent.logText("tty").hasPrefix("terminal"))
            }
        }

        @Test("a follower of a log that is rotated many times gets every line once")
        func followRotation() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("lines", "sleep 1; seq 1 600000"))
                try agent.waitForPhase("lines", "Running")
                let text = try agent.logText("lines", "?follow=1")
                #expect(text == (1...600_000).map { "\($0)\n" }.joined())
            }
        }
    }
}
