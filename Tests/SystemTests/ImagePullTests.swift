import Glibc
import JSON
import Linux
import TestSupport
import Testing

extension SystemSuite {
    @Suite(
        "images from a registry",
        .serialized,
        .enabled(if: DockerRegistry.isInstalled, "needs docker-registry (apt install docker-registry)")
    )
    struct ImagePullTests {
        /// Pushes bb:1 to a registry under a name and forgets it here.
        private func publish(_ agent: RunningAgent, _ name: String, credentials: String? = nil) throws {
            try agent.importImage()
            try check(agent.swiftlet(["image", "tag", "bb:1", name]))
            try check(agent.swiftlet(["image", "push"] + (credentials.map { ["-u", $0] } ?? []) + [name]))
            try check(agent.swiftlet(["image", "rm", name, "bb:1"]))
            #expect(try agent.get("/v1/images").json["images"]?.arrayValue?.isEmpty == true)
        }

        @discardableResult
        private func check(_ outcome: Spawn.Outcome) throws -> String {
            let text = String(decoding: outcome.output, as: UTF8.self)
            try #require(outcome.code == 0, "\(text) \(String(decoding: outcome.errors, as: UTF8.self))")
            return text
        }

        private func events(_ agent: RunningAgent, _ pod: String) throws -> [String] {
            try agent.get("/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=\(pod)").json["items"]?
                .arrayValue?.map { "\($0["reason"]?.stringValue ?? ""): \($0["message"]?.stringValue ?? "")" } ?? []
        }

        private func pod(_ name: String, _ image: String, policy: String = "IfNotPresent", secret: String = "")
            -> String
        {
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: \(name)}
            spec:
              restartPolicy: Never
              \(secret)
              containers:
              - {name: c, image: "\(image)", imagePullPolicy: \(policy), command: [sh, -c, "echo hello"]}
            """
        }

        @Test("a pod's image is pulled by its policy, with a kubelet's events, reasons and waiting states")
        func policies() throws {
            let registry = try DockerRegistry()
            try RunningAgent.with(image: false) { agent in
                let image = "\(registry.host)/t/bb:1"
                try publish(agent, image)
                try agent.create(pod("never", image, policy: "Never"))
                try agent.wait("the refusal") {
                    try agent.container("never")["state"]?["waiting"]?["reason"]?.stringValue == "ErrImageNeverPull"
                }
                #expect(
                    try events(agent, "never").contains(
                        "ErrImageNeverPull: Container image \"\(image)\" is not present with pull policy of Never"
                    )
                )
                try agent.create(pod("missing", "\(registry.host)/t/none:1"))
                try agent.wait("the back-off") {
                    try agent.container("missing")["state"]?["waiting"]?["reason"]?.stringValue == "ImagePullBackOff"
                }
                let missing = try events(agent, "missing")
                #expect(missing.contains("Pulling: Pulling image \"\(registry.host)/t/none:1\""))
                #expect(
                    missing.contains { $0.hasPrefix("Failed: Failed to pull image \"\(registry.host)/t/none:1\": ") }
                )
                #expect(missing.contains("Failed: Error: ErrImagePull"))
                #expect(missing.contains("BackOff: Back-off pulling image \"\(registry.host)/t/none:1\""))
                try agent.create(pod("invalid", "docker.io/UPPER:1"))
                try agent.wait("the refusal of the name") {
                    try agent.container("invalid")["state"]?["waiting"]?["reason"]?.stringValue == "InvalidImageName"
                }

                try agent.create(pod("first", image, secret: "imagePullSecrets: [{name: nothing}]"))
                try agent.waitForPhase("first", "Succeeded")
                let first = try events(agent, "first")
                let pulled = "Pulled: Successfully pulled image \"\(image)\" in "
                #expect(first.contains { $0.hasPrefix(pulled) && $0.contains("Image size: ") }, "\(first)")
                #expect(first.contains { $0.contains("Unable to retrieve some image pull secrets (nothing)") })
                let digest =
                    try agent.get("/v1/images/inspect?name=\(image)").json["target"]?["digest"]?.stringValue ?? "?"
                let known = try agent.log(of: "first").first { $0["type"] == "ImagePulled" }
                #expect(known?["data"]?["imageRef"]?.stringValue == "\(registry.host)/t/bb@\(digest)")
                try agent.create(pod("second", image))
                try agent.waitForPhase("second", "Succeeded")
                #expect(
                    try events(agent, "second").contains(
                        "Pulled: Container image \"\(image)\" already present on machine"
                    )
                )
                try agent.create(pod("always", image, policy: "Always"))
                try agent.waitForPhase("always", "Succeeded")
                #expect(try events(agent, "always").contains { $0.hasPrefix(pulled) })
                // Who removed it, and why, is in the log; so is where it came from.
                try check(agent.swiftlet(["image", "rm", image]))
                let log = try agent.log(of: image)
                #expect(log.compactMap { $0["type"]?.stringValue }.suffix(2) == ["ImageFetched", "ImageRemoved"])
                #expect(log.last?["actor"]?.stringValue == "unix:root")
                for name in ["never", "missing", "invalid", "first", "second", "always"] {
                    try agent.delete(name, grace: 0)
                }
                try agent.expectNoLeftovers()
            }
        }

        @Test("many pods with one image are one pull, which survives kill -9 of the agent without a trace of a half")
        func together() throws {
            let registry = try DockerRegistry()
            let proxy = try ChaosProxy(to: UInt16(registry.port))
            defer { proxy.stop() }
            try RunningAgent.with(image: false) { agent in
                try publish(agent, "\(registry.host)/t/bb:1")
                let image = "\(proxy.host)/t/bb:1"
                proxy.slowDown(to: 600_000)
                for name in ["a", "b", "c"] { try agent.create(pod(name, image)) }
                try agent.wait("the download to be under way") {
                    try Files.list(agent.root + "/content/ingest").contains { name in
                        var status = stat()
                        return unsafe stat(agent.root + "/content/ingest/" + name, &status) == 0
                            && status.st_size > 200_000
                    }
                }
                // Other work goes on meanwhile.
                #expect(try agent.get("/v1/images").json["images"]?.arrayValue?.isEmpty == true)
                try agent.kill()
                proxy.slowDown(to: 0)
                try agent.start()
                for name in ["a", "b", "c"] { try agent.waitForPhase(name, "Succeeded") }
                let fetched = try agent.log(of: image).filter { $0["type"] == "ImageFetched" }
                #expect(fetched.count == 1)
                #expect(try Files.list(agent.root + "/content/ingest") == [])
                for name in ["a", "b", "c"] { try agent.delete(name, grace: 0) }
                try agent.expectNoLeftovers()
            }
        }

        @Test("credentials come from the command line, from docker's header and from the configuration")
        func credentials() throws {
            let registry = try DockerRegistry("auth: {htpasswd: {realm: test, path: DIR/htpasswd}}")
            // alice:secret
            let line = "alice:$2y$05$ioJaLc399HTYn131ec0uHOJH7o.4Y9Y85rWlgEgrS8RSYByMzfqdq\n"
            try Files.replace(registry.directory.path + "/htpasswd", with: Array(line.utf8), mode: 0o644)
            try RunningAgent.with(image: false) { agent in
                let image = "\(registry.host)/t/bb:1"
                try publish(agent, image, credentials: "alice:secret")
                let refused = try agent.swiftlet(["image", "pull", "-u", "alice:wrong", image])
                #expect(refused.code == 1)
                #expect(String(decoding: refused.errors, as: UTF8.self).contains("log in with credentials"))
                #expect(try agent.request("POST", "/v1/images/pull?reference=\(image)").code == 403)
                let header = try Shell.run(
                    "printf '%s' '{\"username\":\"alice\",\"password\":\"secret\"}' | base64 -w0"
                )
                let pulled = try agent.request(
                    "POST",
                    "/v1/images/pull?reference=\(image)&progress=0",
                    headers: ["X-Registry-Auth: \(header)"]
                )
                #expect(pulled.code == 200, "\(pulled.text)")
                #expect(pulled.json["image"]?["name"]?.stringValue == image)
                try check(agent.swiftlet(["image", "rm", image]))
                let lines = try check(
                    agent.swiftlet(["image", "pull", "--creds", "alice:secret", "-o", "json", image])
                )
                .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
                #expect(lines.first?["status"] == "resolved")
                #expect(lines.contains { $0["status"] == "downloaded" })
                #expect(lines.last?["status"] == "done")
                try check(agent.swiftlet(["image", "rm", image]))
                #expect(try agent.stop() == 0)
                agent.extraConfiguration =
                    "[registry.auth.\"\(registry.host)\"]\nusername = \"alice\"\npassword = \"secret\"\n"
                try agent.start()
                try agent.create(pod("one", image))
                try agent.waitForPhase("one", "Succeeded")
                try agent.delete("one")
            }
        }

        @Test("an upload that stalls is given up, and holds up nobody meanwhile")
        func stalledUpload() throws {
            try RunningAgent.with(uploadTimeout: 3) { agent in
                let answer = agent.directory + "/answer"
                let client = """
                    import socket, sys
                    s = socket.socket(socket.AF_UNIX)
                    s.connect(sys.argv[1])
                    s.settimeout(30)
                    head = b"POST /v1/images/import HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 1000000\\r\\n\\r\\n"
                    s.send(head + open(sys.argv[2], "rb").read(20000))
                    text = b""
                    while True:
                        part = s.recv(4096)
                        if not part: break
                        text += part
                    open(sys.argv[3], "wb").write(text)
                    """
                let start = "python3 -c \"$1\" \"$2\" \"$3\" \"$4\" >/dev/null 2>&1 &"
                _ = try Shell.run(start, client, agent.socket, try Needs.image(), answer)
                try agent.wait("the upload to have begun") {
                    try !Files.list(agent.root + "/content/ingest").isEmpty
                }
                #expect(try agent.swiftlet(["image", "rm", "bb:1"]).code == 0)
                try agent.wait("the answer") { ((try? Files.readText(answer)) ?? "").contains(" 504 ") }
                #expect(try Files.readText(answer).contains("stalled"))
                #expect(try Files.list(agent.root + "/content/ingest") == [])
            }
        }
    }
}
