import Glibc
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
                // All of it says when it was made: within the life of this agent.
                let now = Int64(time(nil)) * 1_000_000
                for list in ["containers", "tasks", "sandboxes", "snapshots", "images", "content"] {
                    for item in try #require(try agent.get("/v1/" + list).json[list]?.arrayValue) {
                        let made = try #require(item["createdAt"]?.int64Value, "\(list): \(item.text())")
                        let age = now - made
                        #expect((-60_000_000...600_000_000).contains(age), "\(list): \(item.text())")
                    }
                    #expect(try !check(agent, [list == "images" ? "image" : list, "ls"]).contains("-   -"))
                }
                #expect(try check(agent, ["container", "ls"]).contains("AGE"))
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
                let own = try #require(image["name"]?.stringValue)
                #expect(try agent.get("/v1/images?filter=name==\(own)").json["images"] == [image])
                #expect(try agent.get("/v1/images?filter=name==other").json["images"] == [])
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
                // What went is told after it went.
                try agent.wait("the event") {
                    let types = try agent.log().compactMap { $0["type"]?.stringValue }
                    return types.last { $0.hasPrefix("Garbage") } == "GarbageCollected"
                }
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

        @Test("namespaces are made, labelled, listed and removed when they are empty, as with ctr")
        func namespaces() throws {
            try RunningAgent.with { agent in
                #expect(try check(agent, ["namespace", "create", "build", "tier=base", "who=me"]) == "build\n")
                let again = try agent.swiftlet(["namespace", "create", "build"])
                #expect(again.code == 1)
                #expect(String(decoding: again.errors, as: UTF8.self).contains("\"build\" already exists"))
                #expect(try agent.request("POST", "/v1/namespaces", #"{"name":"a/b"}"#).code == 400)
                #expect(try check(agent, ["namespace", "label", "build", "who=", "tier=top"]) == "tier=top\n")
                let build = try agent.get("/v1/namespaces/build").json
                #expect(build["labels"] == ["tier": "top"])
                #expect(build["createdAt"]?.int64Value != nil)
                #expect(try agent.get("/v1/namespaces/none").code == 404)
                #expect(try agent.swiftlet(["namespace", "label", "none", "a=b"]).code == 1)
                // The namespace of pods is there without being made, and takes labels, too.
                try check(agent, ["namespace", "label", "k8s.io", "containerd.io/defaults/runtime=x"])
                #expect(try texts(agent, "/v1/namespaces", "namespaces", "name") == ["build", "k8s.io"])
                #expect(
                    try texts(agent, "/v1/namespaces?filter=labels.tier==top", "namespaces", "name") == ["build"]
                )
                let list = try check(agent, ["namespaces", "ls"])
                #expect(list.contains("build") && list.contains("tier=top"), "\(list)")

                // What is in it keeps it; what is put into one that nobody made makes it.
                try check(agent, ["image", "import", "-n", "build", Needs.image()])
                try check(agent, ["image", "import", "-n", "other", Needs.image()])
                #expect(try texts(agent, "/v1/namespaces", "namespaces", "name") == ["build", "k8s.io", "other"])
                try agent.kill()
                try agent.start()
                let refused = try agent.request("DELETE", "/v1/namespaces/build")
                #expect(refused.code == 409)
                #expect(refused.message == "namespace build must be empty, but it still has images")
                #expect(try agent.request("DELETE", "/v1/namespaces/k8s.io").code == 409)
                try check(agent, ["image", "rm", "-n", "build", "bb:1"])
                try check(agent, ["image", "rm", "-n", "other", "bb:1"])
                #expect(try check(agent, ["namespace", "rm", "build"]) == "namespace \"build\" removed\n")
                #expect(try agent.swiftlet(["namespace", "rm", "build", "other"]).code == 1)
                #expect(try texts(agent, "/v1/namespaces", "namespaces", "name") == ["k8s.io"])
                let types = try agent.log().filter { $0["object"]?["name"]?.stringValue == "build" }
                    .compactMap { $0["type"]?.stringValue }
                #expect(types == ["StoreNamespaceCreated", "StoreNamespaceLabelled", "StoreNamespaceRemoved"])
            }
        }

        @Test("removing an image that containers use says so; without any, nothing is said")
        func imageInUse() throws {
            try RunningAgent.with { agent in
                try check(agent, ["image", "tag", "bb:1", "bb:2"])
                for name in ["one", "two"] { try agent.create(Manifest.pod(name, Manifest.sleeper)) }
                for name in ["one", "two"] { try agent.waitForPhase(name, "Running") }
                let unused = try agent.swiftlet(["image", "rm", "bb:2"])
                #expect(unused.code == 0 && unused.errors.isEmpty)
                let containers = try texts(agent, "/v1/containers", "containers", "id").sorted()
                let reply = try agent.request("DELETE", "/v1/images?name=bb:1")
                #expect(reply.code == 200)
                #expect(reply.json["containers"] == .array(containers.map { .string($0) }))
                try agent.importImage()
                let used = try agent.swiftlet(["image", "rm", "bb:1"])
                let note = String(decoding: used.errors, as: UTF8.self)
                #expect(used.code == 0)
                #expect(note.contains("is in use by 2 containers (\(containers[0].prefix(12))"), "\(note)")
                #expect(try agent.phase("one") == "Running")
                for name in ["one", "two"] { try agent.delete(name, grace: 0) }
                try agent.expectNoLeftovers()
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
                // What went is told after it went.
                try agent.wait("the event") {
                    let last = try agent.log().last { $0["type"] == "GarbageCollected" }
                    return last?["actor"] == "system:collector"
                        && last?["data"]?["reason"]?.stringValue?.hasPrefix("container ") == true
                }
            }
        }
    }
}
