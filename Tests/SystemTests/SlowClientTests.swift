import JSON
import Linux
import Testing

extension SystemSuite {
    @Suite("clients that read slowly, or nothing at all", .serialized)
    struct SlowClientTests {
        @Test(
            "get every byte of exec and attach, with and without a terminal",
            arguments: ForeignShim.isInstalled ? ["", "runtimeClassName: runc"] : [""]
        )
        func everyByte(runtime: String) throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("web", Manifest.sleeper, spec: runtime))
                let printer = "read x; busybox seq 1 250000"
                try agent.create(Manifest.pod("in", printer, container: "stdin: true", spec: runtime))
                try agent.waitForPhase("web", "Running")
                try agent.waitForPhase("in", "Running")
                let found = try Shell.run(Self.everyByte, Needs.binaries + "/swiftlet", agent.socket, Self.reader)
                    .split(separator: "\n").map(String.init)
                let wanted = try Shell.run(Self.wanted, Self.reader).split(separator: "\n").map(String.init)
                #expect(
                    found.sorted() == [
                        "attach \(wanted[0])", "exec \(wanted[0])", "http \(wanted[0])", "paused \(wanted[0])",
                        "terminal \(wanted[1])",
                    ]
                )
                try agent.waitForPhase("in", "Succeeded")
                #expect(try agent.logText("in").utf8.count == 1_638_895)
                for name in ["web", "in"] { try agent.delete(name) }
                try agent.expectNoLeftovers()
            }
        }

        @Test("hold neither other clients, nor the end of their pod, nor that of the agent")
        func holdNobody() throws {
            try RunningAgent.with { agent in
                let printer = "read x; busybox seq 1 250000; exec sleep 10000"
                try agent.create(Manifest.pod("web", printer, container: "stdin: true"))
                try agent.waitForPhase("web", "Running")
                let hang = { _ = try Shell.run(Self.hang, Needs.binaries + "/swiftlet", agent.socket, agent.directory) }
                let end = { _ = try Shell.run("kill $(cat $1/sleepers); rm $1/sleepers", agent.directory) }
                try hang()
                defer { try? end() }  // of the first error
                try agent.wait("the container to wait for its client") { try agent.logText("web").utf8.count > 400_000 }
                let other = try agent.request("POST", Self.path, #"{"command":["sh","-c","echo $((6 * 7))"]}"#)
                #expect(other.json["stdout"] == "42\n")
                try agent.delete("web")
                try end()
                try agent.expectNoLeftovers()

                try agent.create(Manifest.pod("web", printer, container: "stdin: true"))
                try agent.waitForPhase("web", "Running")
                try hang()
                try agent.wait("the commands to be on record") {
                    try agent.log(of: "web").filter { $0["type"] == "ExecStarted" }.count >= 6
                }
                // Fails if the agent has to be killed.
                #expect(try agent.stop() == 0)
                try end()
                try agent.start()
                try agent.delete("web")
                try agent.expectNoLeftovers()
            }
        }

        private static let path = "/v1/namespaces/default/pods/web/exec"
        private static let http = "http://localhost\(path)?command=busybox\\&command=seq\\&command=1\\&command=250000"

        private static let everyByte = """
            exec="$1 exec --socket $2"
            { echo exec $($exec web -- busybox seq 1 250000 | python3 -c "$3" 0 0.1); } &
            { echo terminal $($exec -t web -- busybox seq 1 250000 | python3 -c "$3" 0 0.1); } &
            { echo paused $($exec web -- busybox seq 1 250000 | python3 -c "$3" 12 0); } &
            { echo attach $(echo go | $1 attach --socket $2 -i in | python3 -c "$3" 12 0); } &
            { echo http $(curl -sN --unix-socket $2 -X POST \(http) | python3 -c "$3" 0 0.1); } &
            wait
            """

        private static let wanted = """
            busybox seq 1 250000 | python3 -c "$1" 0 0
            busybox seq 1 250000 | sed 's/$/\\r/' | python3 -c "$1" 0 0
            """

        /// Four clients whose output goes to somebody who does not read it.
        private static let hang = """
            { $1 exec --socket $2 web -- busybox seq 1 250000 | sleep 1000 & } >/dev/null 2>&1
            echo $! >>$3/sleepers
            { $1 exec --socket $2 -t web -- busybox seq 1 250000 | sleep 1000 & } >/dev/null 2>&1
            echo $! >>$3/sleepers
            { curl -sN --unix-socket $2 -X POST \(http) | sleep 1000 & } >/dev/null 2>&1
            echo $! >>$3/sleepers
            { echo go | $1 attach --socket $2 -i web | sleep 1000 & } >/dev/null 2>&1
            echo $! >>$3/sleepers
            """

        /// Waits, then reads, with a pause after each piece; prints how many bytes it were, and their hash.
        private static let reader = """
            import hashlib, os, sys, time
            digest, count = hashlib.sha256(), 0
            time.sleep(float(sys.argv[1]))
            while part := os.read(0, 32768):
                digest.update(part)
                count += len(part)
                time.sleep(float(sys.argv[2]))
            print(count, digest.hexdigest())
            """
    }
}
