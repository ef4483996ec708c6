import Glibc
import JSON
import Linux
import Testing

extension SystemSuite {
    @Suite("who runs a pod, from when, and what nobody runs any more", .serialized)
    struct OwnershipTests {
        @Test("a scheduling gate holds a pod back until a patch takes it away")
        func gates() throws {
            try RunningAgent.with { agent in
                let gate = "schedulingGates: [{name: example.com/wait}]"
                try agent.create(Manifest.pod("gated", "echo through", spec: gate))
                let held = try agent.pod("gated")
                #expect(held["status"]?["phase"] == "Pending")
                #expect(held["spec"]?["nodeName"] == nil)
                let conditions = held["status"]?["conditions"]?.arrayValue ?? []
                let scheduled = conditions.first { $0["type"] == "PodScheduled" }
                #expect(scheduled?["reason"] == "SchedulingGated")
                let reply = try agent.request(
                    "PATCH",
                    RunningAgent.pods + "/gated",
                    #"{"spec":{"schedulingGates":null}}"#,
                    contentType: "application/merge-patch+json"
                )
                #expect(reply.code == 200, "\(reply.text)")
                try agent.waitForPhase("gated", "Succeeded")
                #expect(try agent.pod("gated")["spec"]?["nodeName"] == "n1")
                #expect(try agent.logText("gated") == "through\n")
                // Nothing was done for it before.
                let types = try agent.types(of: "gated")
                #expect(types.firstIndex(of: "SandboxCreated").map { $0 > 1 } == true, "\(types)")
                try agent.delete("gated")
                try agent.expectNoLeftovers()
            }
        }

        @Test("a container's imageID names the manifest that the image store has")
        func imageID() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("p", "true"))
                try agent.waitForPhase("p", "Succeeded")
                let images = try agent.get("/v1/images").json["images"]?.arrayValue ?? []
                let digest = images.first { $0["name"] == "docker.io/library/bb:1" }?["target"]?["digest"]?.stringValue
                #expect(
                    try agent.container("p")["imageID"]?.stringValue
                        == "docker.io/library/bb@\(try #require(digest))"
                )
                try agent.delete("p")
            }
        }

        @Test("under another node name the pods of the first one are ended, kept, and run again under their own")
        func otherName() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("p", Manifest.sleeper, restart: "Always"))
                try agent.waitForPhase("p", "Running")
                let process = try agent.processID("p")
                #expect(try agent.stop() == 0)
                agent.options = ["--node-name", "n2"]
                try agent.start()
                try agent.waitForEnd(of: process)
                #expect(try agent.pod("p")["spec"]?["nodeName"] == "n1")
                let conditions = try agent.get("/api/v1/nodes/n1").json["status"]?["conditions"]?.arrayValue ?? []
                #expect(conditions.first { $0["type"] == "Ready" }?["reason"] == "NodeStatusUnknown")
                #expect(try agent.stop() == 0)
                agent.options = []
                try agent.start()
                try agent.wait("the pod to run again") {
                    try agent.container("p")["state"]?["running"] != nil && agent.processID("p") != process
                }
                try agent.delete("p")
                try agent.expectNoLeftovers()
            }
        }

        @Test("what a pod that was deleted by force has left is swept by the next agent")
        func forced() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("p", "trap '' TERM; while :; do sleep 0.1; done"))
                try agent.waitForPhase("p", "Running")
                let process = try agent.processID("p")
                // Killed before, at or after the moment at which it has cleaned up.
                let reply = try agent.request("DELETE", RunningAgent.pods + "/p?gracePeriodSeconds=0")
                #expect(reply.code == 200)
                try agent.kill()
                try agent.start()
                #expect(try agent.get(RunningAgent.pods + "/p").code == 404)
                try agent.waitForEnd(of: process)
                try agent.expectNoLeftovers()
            }
        }

        @Test("containers whose files were removed beneath them are ended by the next agent, and take no second life")
        func filesRemoved() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("p", Manifest.sleeper, restart: "Always"))
                try agent.waitForPhase("p", "Running")
                let process = try agent.processID("p")
                try agent.kill()
                let runtime = agent.state + "/runtime"
                try Unmounting.detach(
                    try MountTable.current().map(\.mountPoint).filter { $0.hasPrefix(runtime + "/") }
                )
                try Files.removeTree(runtime)
                try agent.start()
                #expect(try RunningAgent.hasEnded(process))
                try agent.wait("the pod to run again") {
                    try agent.container("p")["restartCount"] == 1 && agent.container("p")["state"]?["running"] != nil
                }
                try agent.delete("p")
                // The layer that the first container wrote on has no bundle that names it: it goes with the next start.
                #expect(try agent.stop() == 0)
                try agent.start()
                try agent.expectNoLeftovers()
            }
        }
    }
}
