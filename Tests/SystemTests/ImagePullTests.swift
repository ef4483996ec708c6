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
                // So slow that the rest takes many seconds.
                proxy.slowDown(to: 100_000)
                for name in ["a", "b", "c"] { try agent.create(pod(name, image)) }
                try agent.wait("the download to be under way") {
                    try Files.list(agent.root + "/content/ingest").contains { name in
                        var status = stat()
                        return unsafe stat(agent.root + "/content/ingest/" + name, &status) == 0
                            && status.st_size > 50_000
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
            try Files.replace(registry.directory.path + "/htpasswd", with: Array(Self.alice.utf8), mode: 0o644)
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

        @Test(
            "imagePullSecrets: the right one pulls, wrong and missing ones fail with the registry's words until mended"
        )
        func pullSecrets() throws {
            let registry = try DockerRegistry("auth: {htpasswd: {realm: test, path: DIR/htpasswd}}")
            try Files.replace(registry.directory.path + "/htpasswd", with: Array(Self.alice.utf8), mode: 0o644)
            try RunningAgent.with(image: false) { agent in
                let image = "\(registry.host)/t/bb:1"
                try publish(agent, image, credentials: "alice:secret")
                try secret(agent, "wrong", registry.host, "alice:wrong")
                // None that is there, none at all, and one for another registry.
                try secret(agent, "other", "registry.example", "alice:secret")
                let bad = ["wrong", "absent", "other", ""]
                for (index, name) in bad.enumerated() {
                    let line = name.isEmpty ? "" : "imagePullSecrets: [{name: \(name)}]"
                    try agent.create(pod("bad\(index)", image, secret: line))
                }
                for index in bad.indices {
                    let pod = "bad\(index)"
                    try agent.wait("the back-off of \(pod)") {
                        try agent.container(pod)["state"]?["waiting"]?["reason"] == "ImagePullBackOff"
                    }
                    let told = try events(agent, pod)
                    #expect(
                        told.contains {
                            $0.hasPrefix("Failed: Failed to pull image \"\(image)\"")
                                && $0.contains("authentication required")
                        },
                        "\(told)"
                    )
                    #expect(told.contains("Failed: Error: ErrImagePull"))
                    #expect(told.contains { $0.contains("image pull secrets (absent)") } == (bad[index] == "absent"))
                    #expect(try agent.phase(pod) == "Pending")
                }
                #expect(try agent.get("/v1/images").json["images"]?.arrayValue?.isEmpty == true)
                #expect(!agent.output.contains("secret\""), "a password is nothing for the agent's output")

                // Of several, the one that fits is found.
                try secret(agent, "right", registry.host, "alice:secret")
                try agent.create(pod("good", image, secret: "imagePullSecrets: [{name: wrong}, {name: right}]"))
                try agent.waitForPhase("good", "Succeeded")
                // What is mended afterwards is taken at the next try. Always: the image itself is there by now.
                try agent.create(
                    pod("late", image, policy: "Always", secret: "imagePullSecrets: [{name: absent}]")
                )
                try agent.wait("the refusal") {
                    try agent.container("late")["state"]?["waiting"]?["reason"] == "ImagePullBackOff"
                }
                try secret(agent, "absent", registry.host, "alice:secret")
                try agent.waitForPhase("late", "Succeeded", seconds: 90)
                for name in ["bad0", "bad1", "bad2", "bad3", "good", "late"] { try agent.delete(name, grace: 0) }
                try agent.expectNoLeftovers()
            }
        }

        /// User alice, password secret.
        private static let alice = "alice:$2y$05$ioJaLc399HTYn131ec0uHOJH7o.4Y9Y85rWlgEgrS8RSYByMzfqdq\n"

        private func secret(_ agent: RunningAgent, _ name: String, _ host: String, _ credentials: String) throws {
            let auth = try Shell.run("printf %s \"$1\" | base64 -w0", credentials)
            let config = "{\\\"auths\\\":{\\\"\(host)\\\":{\\\"auth\\\":\\\"\(auth)\\\"}}}"
            let reply = try agent.request(
                "POST",
                "/api/v1/namespaces/default/secrets",
                """
                {"apiVersion":"v1","kind":"Secret","metadata":{"name":"\(name)"},
                 "type":"kubernetes.io/dockerconfigjson","stringData":{".dockerconfigjson":"\(config)"}}
                """
            )
            try #require(reply.code == 201, "\(reply.text)")
        }

        @Test("killed with -9 anywhere in a pull, ten times: the next pull succeeds, and nothing of the others is left")
        func killedPulls() throws {
            let registry = try DockerRegistry()
            let proxy = try ChaosProxy(to: UInt16(registry.port))
            defer { proxy.stop() }
            try RunningAgent.with(image: false) { agent in
                try pushLayered(agent, "\(registry.host)/t/big:1")
                let image = "\(proxy.host)/t/big:1"
                var moments: [UInt32] = []
                let null = try Descriptor.open("/dev/null", O_WRONLY)
                for round in 0..<10 {
                    // Full speed unpacks while it is killed; the slow ones are still downloading.
                    proxy.slowDown(to: round % 2 == 0 ? 0 : 4_000_000)
                    let pull = try Spawn.start(
                        [Needs.binaries + "/swiftlet", "image", "pull", "--socket", agent.socket, image],
                        environment: Shell.environment,
                        standardOutput: null.raw,
                        standardError: null.raw
                    )
                    moments.append(UInt32.random(in: 5_000...(round % 2 == 0 ? 250_000 : 1_500_000)))
                    usleep(moments[round])
                    try agent.kill()
                    _ = try Spawn.wait(pull)
                    try agent.start()
                    // A name is there with all of its content, or not at all.
                    if try agent.get("/v1/images/inspect?name=\(image)").code == 200 {
                        try Shell.run(
                            "$1 image export --socket $2 - $3 | tar -t > /dev/null",
                            Needs.binaries + "/swiftlet",
                            agent.socket,
                            image
                        )
                        try check(agent.swiftlet(["image", "rm", image]))
                    }
                }
                proxy.slowDown(to: 0)
                try check(agent.swiftlet(["image", "pull", image]))
                #expect(try Files.list(agent.root + "/content/ingest") == [], "killed after \(moments) us")
                let manifest = pod("runs", image).replacing("echo hello", with: "cat /f1 /f2 /f3 /f4 | wc -c")
                try agent.create(manifest)
                try agent.waitForPhase("runs", "Succeeded")
                #expect(try agent.logText("runs") == "8000000\n")
                try agent.delete("runs")
                try check(agent.swiftlet(["image", "rm", image]))
                try agent.wait("all of it to be gone") {
                    try agent.get("/v1/content").json["content"]?.arrayValue?.isEmpty == true
                        && agent.get("/v1/snapshots").json["snapshots"]?.arrayValue?.isEmpty == true
                }
                let left = try Shell.run(
                    "find $1/content $1/snapshots -mindepth 2 -not -path '*/blobs/sha256' -not -name '*.lock'",
                    agent.root
                )
                #expect(left == "", "killed after \(moments) us")
                try agent.expectNoLeftovers()
            }
        }

        /// An archive of an image with four layers of 2 MB that do not compress, and busybox.
        private static let layered = """
            set -e
            d=$(mktemp -d); trap 'rm -rf "$d"' EXIT
            mkdir -p "$d/f/bin" "$d/f/proc" "$d/f/dev" "$d/f/sys"
            cp /bin/busybox "$d/f/bin/busybox"
            for a in sh cat wc; do ln -s busybox "$d/f/bin/$a"; done
            tar -C "$d/f" -cf "$d/l0.tar" .
            files='"l0.tar"'; ids='"sha256:'$(sha256sum < "$d/l0.tar" | cut -c1-64)'"'
            for n in 1 2 3 4; do
                head -c 2000000 /dev/urandom > "$d/f$n"
                tar -C "$d" -cf "$d/l$n.tar" "f$n"
                files="$files,"'"'"l$n.tar"'"'; ids="$ids,"'"sha256:'$(sha256sum < "$d/l$n.tar" | cut -c1-64)'"'
            done
            case $(uname -m) in x86_64) arch=amd64;; aarch64) arch=arm64;; *) arch=$(uname -m);; esac
            printf '{"architecture":"%s","os":"linux","config":{"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":[%s]}}' "$arch" "$ids" > "$d/config.json"
            printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":[%s]}]' "$2" "$files" > "$d/manifest.json"
            tar -C "$d" -cf "$1" manifest.json config.json l0.tar l1.tar l2.tar l3.tar l4.tar
            """

        @Test("what a broken pull has downloaded outlives the removal of containers, and is not downloaded again")
        func brokenPull() throws {
            let registry = try DockerRegistry()
            let proxy = try ChaosProxy(to: UInt16(registry.port))
            defer { proxy.stop() }
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("old", Manifest.sleeper))
                try agent.waitForPhase("old", "Running")
                try pushLayered(agent, "\(registry.host)/t/big:1")
                let image = "\(proxy.host)/t/big:1"
                // Some layers come side by side, the others seconds later.
                proxy.slowDown(to: 800_000)
                try Shell.run(
                    "$1 image pull --socket $2 $3 >/dev/null 2>&1 &",
                    Needs.binaries + "/swiftlet",
                    agent.socket,
                    image
                )
                let content = { try agent.get("/v1/content").json["content"]?.arrayValue?.count ?? 0 }
                let before = try content()
                try agent.wait("a layer to be there") {
                    try content() >= before + 3 && !Files.list(agent.root + "/content/ingest").isEmpty
                }
                try agent.kill()
                try agent.start()
                let kept = try content()
                #expect(kept >= before + 3)
                try agent.delete("old", grace: 0)
                try agent.wait("the container to be gone") {
                    try agent.get("/v1/containers").json["containers"]?.arrayValue?.isEmpty == true
                }
                // A collection comes within moments; none that takes content is in the log.
                usleep(1_000_000)
                #expect(try content() == kept)
                proxy.slowDown(to: 0)
                let lines = try check(agent.swiftlet(["image", "pull", "-o", "json", image])).split(separator: "\n")
                    .map { try JSONValue(parsing: String($0)) }
                let fetched = try #require(lines.last?["downloadedBytes"]?.int64Value)
                let total = try #require(lines.last?["image"]?["sizeBytes"]?.int64Value)
                #expect(fetched < total - 1_500_000, "\(fetched) of \(total) bytes came again")
                try agent.expectNoLeftovers()
            }
        }

        @Test("a push whose connections are cut, on either way, begins anew and is whole")
        func cutPush() throws {
            let registry = try DockerRegistry()
            let proxy = try ChaosProxy(to: UInt16(registry.port))
            defer { proxy.stop() }
            try RunningAgent.with(image: false) { agent in
                let archive = agent.directory + "/layers.tar"
                for (round, (down, up)) in [(1, 0), (0, 2), (0, 1)].enumerated() {
                    let image = "\(proxy.host)/t/big\(round):1"
                    try Shell.run(Self.layered, archive, image)
                    try check(agent.swiftlet(["image", "import", archive]))
                    proxy.cut(connections: down, after: 0)
                    proxy.cutUploads(connections: up, after: 700_000)
                    let lines = try check(agent.swiftlet(["image", "push", "-o", "json", image]))
                    // Not that it says "retrying": on a connection that was used before, libcurl makes an unanswered
                    // request again by itself.
                    #expect(proxy.uploadCutsLeft == 0, "\(lines)")
                    try check(agent.swiftlet(["image", "rm", image]))
                    try check(agent.swiftlet(["image", "pull", image]))
                    try check(agent.swiftlet(["image", "rm", image]))
                }
                // A push that ends with its agent can be made again.
                let image = "\(proxy.host)/t/last:1"
                try Shell.run(Self.layered, archive, image)
                try check(agent.swiftlet(["image", "import", archive]))
                proxy.cutUploads(connections: 1000, after: 700_000)
                try Shell.run(
                    "timeout 60 $1 image push --socket $2 -o json $3 >$4 2>&1 &",
                    Needs.binaries + "/swiftlet",
                    agent.socket,
                    image,
                    agent.directory + "/push"
                )
                try agent.wait("the push to be under way") {
                    // The shell in the background makes the file.
                    ((try? Files.readText(agent.directory + "/push")) ?? "").contains("\"uploading\"")
                }
                try agent.kill()
                proxy.cutUploads(connections: 0, after: 0)
                try agent.start()
                #expect(try agent.request("POST", "/v1/images/pull?reference=\(image)&progress=0").code == 404)
                try check(agent.swiftlet(["image", "push", image]))
                try check(agent.swiftlet(["image", "rm", image]))
                try check(agent.swiftlet(["image", "pull", image]))
            }
        }

        /// Pushes an image with large layers and forgets it here.
        private func pushLayered(_ agent: RunningAgent, _ name: String) throws {
            let archive = agent.directory + "/layers.tar"
            try Shell.run(Self.layered, archive, name)
            try check(agent.swiftlet(["image", "import", archive]))
            try check(agent.swiftlet(["image", "push", name]))
            try check(agent.swiftlet(["image", "rm", name]))
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
                try agent.wait("the answer") { ((try? Files.readText(answer)) ?? "").contains(" 408 ") }
                #expect(try Files.readText(answer).contains("stalled"))
                #expect(try Files.list(agent.root + "/content/ingest") == [])
            }
        }
    }
}
