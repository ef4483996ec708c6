import Glibc
import JSON
import Linux
import Testing

extension SystemSuite {
    @Suite("the agent and its shims are killed", .serialized)
    struct RestartTests {
        @Test("containers outlive the agent; what ended meanwhile has its exit code")
        func killedAgent() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("stays", Manifest.sleeper, restart: "Always"))
                try agent.create(Manifest.pod("ends", "until [ -e /end ]; do sleep 0.1; done; exit 23"))
                for name in ["stays", "ends"] { try agent.waitForPhase(name, "Running") }
                let process = try agent.processID("stays")
                let started = try ProcessFacts.of(process)?.startTime
                let other = try agent.processID("ends")
                try agent.kill()
                try Files.write("/proc/\(other)/root/end", [], mode: 0o600)
                try agent.waitForEnd(of: other)
                try agent.start()
                try agent.waitForPhase("ends", "Failed")
                #expect(try agent.container("ends")["state"]?["terminated"]?["exitCode"] == 23)
                #expect(try ProcessFacts.of(process)?.startTime == started)
                #expect(try agent.container("stays")["restartCount"] == 0)
                #expect(try agent.phase("stays") == "Running")
                #expect(try agent.types(of: "stays").count { $0 == "ContainerStarted" } == 1)

                // SIGTERM ends the agent in good order, and containers go on as well.
                #expect(try agent.stop() == 0)
                #expect(try ProcessFacts.of(process)?.startTime == started)
                try agent.start()
                #expect(try agent.processID("stays") == process)
                for name in ["stays", "ends"] { try agent.delete(name) }
                try agent.expectNoLeftovers()
            }
        }

        @Test("signals for users do not end the agent", arguments: [SIGUSR1, SIGUSR2])
        func userSignal(number: Int32) throws {
            try RunningAgent.with(image: false) { agent in
                kill(agent.pid, number)
                let health = try agent.get("/healthz")
                #expect(health.code == 200)
                let code = try agent.stop()
                #expect(code == 0)
            }
        }

        @Test("SIGTERM right after a deletion by force: the agent ends what was deleted before it ends itself")
        func stoppedAfterForce() throws {
            try RunningAgent.with { agent in
                let deaf = "trap '' TERM; while :; do sleep 0.1; done"
                for name in ["obeys", "deaf"] {
                    try agent.create(Manifest.pod(name, name == "deaf" ? deaf : Manifest.sleeper))
                }
                try agent.create(Manifest.pod("stays", Manifest.sleeper))
                for name in ["obeys", "deaf", "stays"] { try agent.waitForPhase(name, "Running") }
                let processes = try ["obeys", "deaf"].map { try agent.processID($0) }
                let other = try agent.processID("stays")
                for name in ["obeys", "deaf"] { try agent.delete(name, grace: 0, wait: false) }
                #expect(try agent.stop() == 0)
                for process in processes {
                    let facts = try ProcessFacts.of(process)
                    #expect(facts == nil || facts?.isZombie == true)
                }
                #expect(try Files.list(agent.root + "/pods").count == 1)
                #expect(try ProcessFacts.of(other)?.isZombie == false)
                try agent.start()
                #expect(try agent.processID("stays") == other)
                try agent.delete("stays")
                try agent.expectNoLeftovers()
            }
        }

        @Test("a killed shim takes its containers with it; the pod starts over in a new sandbox")
        func killedShim() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("again", Manifest.sleeper, restart: "Always"))
                try agent.create(Manifest.pod("never", Manifest.sleeper))
                for name in ["again", "never"] { try agent.waitForPhase(name, "Running") }
                let processes = try ["again", "never"].map { try agent.processID($0) }
                for name in ["again", "never"] { kill(try shim(agent, name), SIGKILL) }
                try agent.waitForPhase("never", "Failed")
                try agent.wait("the pod to run again") {
                    try agent.container("again")["restartCount"] == 1 && agent.phase("again") == "Running"
                        && agent.container("again")["state"]?["running"] != nil
                }
                #expect(try agent.types(of: "again").contains("SandboxLost"))
                for process in processes {
                    let facts = try ProcessFacts.of(process)
                    #expect(facts == nil || facts?.isZombie == true)
                }
                for name in ["again", "never"] { try agent.delete(name) }
                try agent.expectNoLeftovers()
            }
        }

        @Test("shims that die while the agent is away are found dead by the next one, also those of deleted pods")
        func killedWithAgent() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("a", Manifest.sleeper, restart: "Always"))
                try agent.create(Manifest.pod("b", "trap '' TERM; while :; do sleep 0.1; done"))
                for name in ["a", "b"] { try agent.waitForPhase(name, "Running") }
                try agent.delete("b", grace: 30, wait: false)
                let shims = try ["a", "b"].map { try shim(agent, $0) }
                try agent.kill()
                for shim in shims { kill(shim, SIGKILL) }
                try agent.start()
                try agent.wait("b to be gone") { try agent.get(RunningAgent.pods + "/b").code == 404 }
                try agent.wait("a to run again") { try agent.container("a")["restartCount"] == 1 }
                try agent.delete("a")
                try agent.expectNoLeftovers()
            }
        }

        private func shim(_ agent: RunningAgent, _ name: String) throws -> Int32 {
            let created = try agent.log(of: name).last { $0["type"] == "SandboxCreated" }
            return Int32(truncatingIfNeeded: try #require(created?["data"]?["shimPID"]?.int64Value))
        }

        /// 50 kills with SWIFTLET_TEST_KILLS=50; SWIFTLET_TEST_SEED repeats a run's moments.
        @Test("killed at random moments, the agent loses no acknowledged pod, restarts none and loses no exit code")
        func randomKills() throws {
            let kills = number("SWIFTLET_TEST_KILLS") ?? 12
            let seed = number("SWIFTLET_TEST_SEED").map(UInt64.init) ?? UInt64.random(in: 0...999_999)
            print("random kills: seed \(seed)")
            var random = SplitMix(state: seed)
            try RunningAgent.with { agent in
                var acknowledged: [String: Int64] = [:]
                let version = try agent.get(RunningAgent.pods).json["metadata"]?["resourceVersion"]?.stringValue
                for round in 0..<kills {
                    try createSome(agent, round, &random, &acknowledged)
                    usleep(UInt32.random(in: 0...400_000, using: &random))
                    try agent.kill()
                    try agent.start()
                }
                try agent.wait("all pods to be over", seconds: 90) {
                    (try agent.get(RunningAgent.pods).json["items"]?.arrayValue ?? []).allSatisfy {
                        $0["status"]?["phase"] == "Succeeded" || $0["status"]?["phase"] == "Failed"
                    }
                }
                try check(agent, acknowledged)
                try checkWatch(agent, from: version ?? "")
                for name in acknowledged.keys where try agent.get(RunningAgent.pods + "/" + name).code == 200 {
                    try agent.delete(name, grace: 0, wait: false)
                }
                try agent.wait("all pods to be gone") {
                    try agent.get(RunningAgent.pods).json["items"]?.arrayValue?.isEmpty ?? false
                }
                try agent.expectNoLeftovers()
            }
        }

        private func createSome(
            _ agent: RunningAgent,
            _ round: Int,
            _ random: inout SplitMix,
            _ acknowledged: inout [String: Int64]
        ) throws {
            for index in 0..<2 {
                let name = "p\(round)-\(index)"
                let code = Int64.random(in: 0...99, using: &random)
                let delay = ["0", "0.1", "0.3", "1"][Int.random(in: 0..<4, using: &random)]
                try agent.create(Manifest.pod(name, "sleep \(delay); exit \(code)"))
                acknowledged[name] = code
            }
            // Pods go, too, at any point of their lives; their exits are checked while they are in the log.
            if round > 0, Int.random(in: 0..<3, using: &random) == 0 {
                let name = "p\(round - 1)-0"
                try agent.delete(name, grace: 0, wait: false)
                acknowledged[name] = nil
            }
        }

        private func check(_ agent: RunningAgent, _ acknowledged: [String: Int64]) throws {
            let log = try agent.log()
            #expect(log.compactMap { $0["seq"]?.int64Value } == log.indices.map { Int64($0) + 1 }, "seq is dense")
            for (name, code) in acknowledged {
                let events = log.filter { $0["object"]?["name"]?.stringValue == name }
                #expect(events.count { $0["type"] == "PodCreated" } == 1, "\(name) is in the log")
                #expect(events.count { $0["type"] == "ContainerStarted" } == 1, "\(name) was started once")
                let exits = events.filter { $0["type"] == "ContainerExited" }
                #expect(exits.map { $0["data"]?["exitCode"]?.int64Value } == [code], "\(name) ended with \(code)")
                let status = try agent.container(name)
                #expect(status["restartCount"] == 0)
                #expect(status["state"]?["terminated"]?["exitCode"]?.int64Value == code)
            }
        }

        /// The replay of a watch is exactly the log's changes of pods: nothing missing, nothing twice, in order.
        private func checkWatch(_ agent: RunningAgent, from version: String) throws {
            let text = try agent.get(RunningAgent.pods + "?watch=1&resourceVersion=\(version)&timeoutSeconds=2").text
            let changes = try Watched(text).changes
            let versions = changes.map(\.version)
            #expect(versions == versions.sorted() && Set(versions).count == versions.count)
            #expect(
                try Watched(text).changes.count { $0.type == "ADDED" }
                    == agent.log().count { $0["type"] == "PodCreated" }
            )
            // From any point in the middle, the rest is the same.
            let middle = versions[versions.count / 2]
            let rest = try agent.get(RunningAgent.pods + "?watch=1&resourceVersion=\(middle)&timeoutSeconds=2").text
            #expect(try Watched(rest).changes == changes.filter { $0.version > middle })
        }

        private func number(_ name: String) -> Int? {
            unsafe getenv(name).flatMap { unsafe Int(String(cString: $0)) }
        }
    }
}

/// SplitMix64: a generator with a seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
