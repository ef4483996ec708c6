import JSON
import Linux
import Testing

extension SystemSuite {
    @Suite("containerd's concepts, and what is kept of them", .serialized)
    struct GarbageTests {
        private func texts(_ agent: RunningAgent, _ path: String, _ list: String, _ member: String) throws -> [String] {
            try agent.get(path).json[list]?.arrayValue?.compactMap { $0[member]?.stringValue } ?? []
        }

        @discardableResult
        private func check(_ agent: RunningAgent, _ arguments: [String]) throws -> String {
            let outcome = try agent.swiftlet(arguments)
            let text = String(decoding: outcome.output, as: UTF8.self)
            try #require(outcome.code == 0, "\(text) \(String(decoding: outcome.errors, as: UTF8.self))")
            return text
        }

        @Test("a pod is a sandbox with containers, tasks and snapshots, under containerd's words")
        func lists() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("one", "sleep 1000"))
                try agent.waitForPhase("one", "Running")
                #expect(try texts(agent, "/v1/namespaces", "namespaces", "name") == ["k8s.io"])
                let container = try #require(try texts(agent, "/v1/containers", "containers", "id").first)
                let task = try #require(
                    try agent.get("/v1/tasks?filter=status==RUNNING").json["tasks"]?.arrayValue?.first
                )
                #expect(task["id"]?.stringValue == container)
                #expect(task["pid"]?.int64Value == Int64(try agent.processID("one")))
                let sandbox = try #require(try agent.get("/v1/sandboxes").json["sandboxes"]?.arrayValue?.first)
                #expect(sandbox["state"]?.stringValue == "SANDBOX_READY")
                #expect(sandbox["containers"]?.arrayValue == [.string(container)])
                #expect(sandbox["labels"]?["io.kubernetes.pod.name"]?.stringValue == "one")
                let query = "/v1/containers?filter=labels.%22io.kubernetes.pod.name%22==one"
                #expect(try texts(agent, query, "containers", "sandbox") == [sandbox["id"]?.stringValue])
                #expect(try texts(agent, "/v1/snapshots?filter=kind==active", "snapshots", "key") == [container])
                let content = try texts(agent, "/v1/content", "content", "digest")
                #expect(content.count == 3)
                for digest in content {
                    let bytes = try agent.swiftlet(["content", "get", digest]).output
                    #expect(bytes.count > 0)
                }
                #expect(try check(agent, ["container", "ls"]).contains(container))
                #expect(try check(agent, ["task", "ls"]).contains("RUNNING"))
                #expect(try check(agent, ["sandbox", "ls"]).contains("io.kubernetes.pod.name=one"))
                #expect(try check(agent, ["snapshot", "ls"]).contains("committed"))
                #expect(try check(agent, ["namespace", "ls"]).contains("k8s.io"))
                try agent.delete("one", grace: 0)
                // The name is free at once; the node cleans up after that.
                try agent.wait("the container to be gone") {
                    try texts(agent, "/v1/containers", "containers", "id") == []
                }
                try agent.expectNoLeftovers()
            }
        }

        @Test("a lease and a label keep content without an image; afterwards it goes, and the log says why and by whom")
        func leases() throws {
            try RunningAgent.with { agent in
                let image = try #require(try agent.get("/v1/images").json["images"]?.arrayValue?.first)
                let manifest = try #require(image["target"]?["digest"]?.stringValue)
                let before = try texts(agent, "/v1/content", "content", "digest")
                try check(agent, ["lease", "create", "--id", "keeps", "purpose=test"])
                try check(agent, ["lease", "add", "keeps", "content", manifest])
                try check(agent, ["image", "rm", "bb:1"])
                #expect(try texts(agent, "/v1/content", "content", "digest") == before)
                #expect(try !texts(agent, "/v1/snapshots", "snapshots", "key").isEmpty)
                #expect(try check(agent, ["lease", "ls", "labels.purpose==test"]).contains("content/\(manifest)"))
                try check(agent, ["content", "label", manifest, "containerd.io/gc.root=1"])
                try check(agent, ["lease", "rm", "keeps"])
                #expect(try texts(agent, "/v1/content", "content", "digest") == before)
                try check(agent, ["content", "label", manifest, "containerd.io/gc.root="])
                try agent.wait("the collection") { try texts(agent, "/v1/content", "content", "digest").isEmpty }
                try agent.wait("its layers") { try texts(agent, "/v1/snapshots", "snapshots", "key").isEmpty }
                let story = try check(agent, ["content", "why", manifest])
                #expect(story.contains("is not in the store") && story.contains("by unix:root"), "\(story)")
                #expect(story.contains("labels of \(manifest.prefix(19)) were changed"), "\(story)")
                let name = try check(agent, ["image", "why", "bb:1"])
                #expect(name.contains("was imported") && name.contains("was removed: removed by unix:root"), "\(name)")
                let types = try agent.log().compactMap { $0["type"]?.stringValue }
                let found = try #require(types.lastIndex(of: "GarbageFound"))
                #expect(types[found...].contains("GarbageCollected"))
            }
        }

        @Test("layers of an image that is gone stay under its containers, and go with them")
        func containers() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("one", "sleep 1000"))
                try agent.waitForPhase("one", "Running")
                try check(agent, ["image", "rm", "bb:1"])
                #expect(try texts(agent, "/v1/content", "content", "digest") == [])
                #expect(try texts(agent, "/v1/snapshots?filter=kind==committed", "snapshots", "key").count == 1)
                try agent.delete("one", grace: 0)
                try agent.wait("the layers to go") { try texts(agent, "/v1/snapshots", "snapshots", "key").isEmpty }
                let last = try agent.log().last { $0["type"]?.stringValue == "GarbageCollected" }
                #expect(last?["actor"]?.stringValue == "system:collector")
                #expect(last?["data"]?["reason"]?.stringValue?.hasPrefix("container ") == true)
            }
        }
    }
}
