import Glibc
import JSON
import Linux
import Testing

extension SystemSuite {
    @Suite("what happens when files of the agent are taken away beneath it", .serialized)
    struct LostFilesTests {
        @Test("a removed runtime directory ends what was in it, and pods start over without a restart of the agent")
        func removedRuntime() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("again", Manifest.sleeper, restart: "Always"))
                try agent.create(Manifest.pod("never", Manifest.sleeper))
                for name in ["again", "never"] { try agent.waitForPhase(name, "Running") }
                let processes = try ["again", "never"].map { try agent.processID($0) }
                try remove(agent.state + "/runtime")
                try agent.waitForPhase("never", "Failed")
                let ended = try agent.container("never")["state"]?["terminated"]
                #expect(ended?["exitCode"] == 137)
                #expect(ended?["reason"] == "ContainerStatusUnknown")
                try agent.wait("the pod to run again") {
                    // More often if what it had made anew was removed as well.
                    try (agent.container("again")["restartCount"]?.int64Value ?? 0) > 0
                        && agent.container("again")["state"]?["running"] != nil
                }
                for process in processes { #expect(try RunningAgent.hasEnded(process)) }
                // New pods have their files in a directory that is made again, and it is looked after as well.
                try agent.create(Manifest.pod("new", Manifest.sleeper, restart: "Always"))
                try agent.waitForPhase("new", "Running")
                try remove(agent.state + "/runtime/k8s.io")
                try agent.wait("the new pod to run again") {
                    try (agent.container("new")["restartCount"]?.int64Value ?? 0) > 0
                        && agent.container("new")["state"]?["running"] != nil
                }
                for name in ["again", "never", "new"] { try agent.delete(name) }
                try agent.expectNoLeftovers()
            }
        }

        /// As far as it goes: the root of a running container is a mount, which stays.
        private func remove(_ path: String) throws { try Shell.run("rm -rf \"$1\" 2>&1 || true", path) }

        @Test("a moved runtime directory is a removed one")
        func movedRuntime() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("again", Manifest.sleeper, restart: "Always"))
                try agent.waitForPhase("again", "Running")
                let process = try agent.processID("again")
                try Shell.run("mv \"$1\" \"$1.away\"", agent.state + "/runtime")
                try agent.wait("the pod to run again") {
                    // Twice if the container is found lost before its sandbox is.
                    try (agent.container("again")["restartCount"]?.int64Value ?? 0) > 0
                        && agent.container("again")["state"]?["running"] != nil
                }
                #expect(try RunningAgent.hasEnded(process))
                try agent.delete("again")
                try Shell.run("umount -l \"$1\"/*/*/rootfs; rm -rf \"$1\"", agent.state + "/runtime.away")
                try agent.expectNoLeftovers()
            }
        }

        @Test("a container whose own files were removed ends as unknown and is started anew, its neighbour goes on")
        func removedContainer() throws {
            try RunningAgent.with { agent in
                try agent.create(
                    """
                    apiVersion: v1
                    kind: Pod
                    metadata: {name: two}
                    spec:
                      terminationGracePeriodSeconds: 3
                      containers:
                      - {name: a, image: "bb:1", command: [sh, -c, "\(Manifest.sleeper)"]}
                      - {name: b, image: "bb:1", command: [sh, -c, "\(Manifest.sleeper)"]}

                    """
                )
                try agent.wait("both to run") {
                    try (0..<2).allSatisfy { try agent.container("two", $0)["state"]?["running"] != nil }
                }
                let id = try #require(agent.container("two", 0)["containerID"]?.stringValue?.split(separator: "/").last)
                try remove(agent.state + "/runtime/k8s.io/\(id)")
                try agent.wait("the first one to run again") {
                    try agent.container("two", 0)["restartCount"] == 1
                        && agent.container("two", 0)["state"]?["running"] != nil
                }
                #expect(try agent.container("two", 0)["lastState"]?["terminated"]?["exitCode"] == 137)
                #expect(try agent.container("two", 1)["restartCount"] == 0)
                try agent.delete("two")
                try agent.expectNoLeftovers()
            }
        }
    }
}
