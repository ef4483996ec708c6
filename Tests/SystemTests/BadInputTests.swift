import Glibc
import JSON
import Linux
import Testing

extension SystemSuite {
    @Suite("bad input, bad clients, a full disk", .serialized)
    struct BadInputTests {
        private static let unknownField = """
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"bb:1","bogus":1}]}}
            """

        @Test("requests that cannot be served are answered with a Status that says why, and change nothing")
        func badRequests() throws {
            try RunningAgent.with { agent in
                let before = try agent.log().count
                let pods = RunningAgent.pods
                let cases: [(method: String, path: String, body: String?, type: String, code: Int)] = [
                    ("POST", pods, "{\"a\":", "application/json", 400),
                    ("POST", pods, "a: b: c\n - x", "application/yaml", 400),
                    ("POST", pods, "", "application/json", 400),
                    ("POST", pods, "[1]", "application/json", 400),
                    ("POST", pods, "{\"apiVersion\":\"v1\",\"kind\":\"Service\"}", "application/json", 400),
                    ("POST", pods, String(repeating: "[", count: 100_000), "application/json", 400),
                    ("POST", pods, "<x/>", "application/xml", 415),
                    ("POST", pods, Self.unknownField, "application/json", 400),
                    ("POST", pods + "?fieldValidation=Strict", Self.unknownField, "application/json", 400),
                    ("POST", pods + "?fieldValidation=Perhaps", Self.unknownField, "application/json", 400),
                    (
                        "POST", "/api/v1/namespaces/nowhere/pods?fieldValidation=Ignore", Self.unknownField,
                        "application/json", 404
                    ),
                    ("POST", pods, Manifest.pod("UPPER", "true"), "application/yaml", 422),
                    ("GET", "/nope", nil, "", 404),
                    ("GET", pods + "/none", nil, "", 404),
                    ("GET", pods + "/none/log", nil, "", 404),
                    ("DELETE", pods + "/none", nil, "", 404),
                    ("PATCH", pods + "/none", "{}", "application/merge-patch+json", 404),
                    ("GET", pods + "?labelSelector=a%3D%3D%3Db%2C%21", nil, "", 400),
                    ("GET", pods + "?fieldSelector=nothing%3Dx", nil, "", 400),
                    ("GET", pods + "?watch=1&resourceVersion=abc", nil, "", 400),
                    ("GET", "/v1/log?after=x", nil, "", 400),
                    ("PUT", "/healthz", "{}", "application/json", 405),
                    ("DELETE", "/v1/images?name=nope:1", nil, "", 404),
                    ("DELETE", "/v1/images?name=%3A%3A", nil, "", 400),
                ]
                for test in cases {
                    let reply = try agent.request(test.method, test.path, test.body, contentType: test.type)
                    let what = "\(test.method) \(test.path) \(test.body?.prefix(40) ?? ""): \(reply.text.prefix(300))"
                    #expect(reply.code == test.code, "\(what)")
                    #expect(reply.json["kind"] == "Status", "\(what)")
                    #expect(reply.json["code"]?.int64Value == Int64(reply.code), "\(what)")
                    #expect(!reply.message.isEmpty, "\(what)")
                }
                #expect(try agent.log().count == before)
                let warned = try agent.request("POST", pods + "?fieldValidation=Warn", Self.unknownField)
                #expect(warned.code == 201)
                #expect(warned.header("warning")?.contains("bogus") == true)
            }
        }

        @Test("a second pod of the same name and a replacement of an old version are conflicts")
        func conflicts() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("one", Manifest.sleeper))
                try agent.waitForPhase("one", "Running")
                let again = try agent.request(
                    "POST",
                    RunningAgent.pods,
                    Manifest.pod("one", "true"),
                    contentType: "application/yaml"
                )
                #expect(again.code == 409)
                #expect(again.json["reason"] == "AlreadyExists")
                var pod = try agent.pod("one")
                pod["metadata"]?["labels"]?["new"] = "label"
                let current = pod
                pod["metadata"]?["resourceVersion"] = "1"
                let stale = try agent.request("PUT", RunningAgent.pods + "/one", pod.text())
                #expect(stale.code == 409)
                #expect(stale.json["reason"] == "Conflict")
                #expect(try agent.request("PUT", RunningAgent.pods + "/one", current.text()).code == 200)
                let patched = try agent.request(
                    "PATCH",
                    RunningAgent.pods + "/one",
                    "{\"metadata\":{\"labels\":{\"new\":null,\"other\":\"x\"}}}",
                    contentType: "application/merge-patch+json"
                )
                #expect(patched.code == 200, "\(patched.text)")
                #expect(try agent.pod("one")["metadata"]?["labels"] == ["app": "one", "other": "x"])
                let image = "{\"spec\":{\"containers\":[{\"name\":\"main\",\"command\":[\"true\"]}]}}"
                let forbidden = try agent.request(
                    "PATCH",
                    RunningAgent.pods + "/one",
                    image,
                    contentType: "application/strategic-merge-patch+json"
                )
                #expect(forbidden.code == 422, "\(forbidden.text)")
            }
        }

        @Test(
            "an archive whose layer would escape, or that nobody can unpack, is refused as a whole, and nothing of it stays",
            arguments: [
                (#"entry.name = "../../escaped""#, #"entry "../../escaped" leads out"#),
                ("entry.uid = 1 << 32", #""entry" has uid 4294967296, which is out of range"#),
                (
                    #"entry.pax_headers = {"SCHILY.xattr.user." + "a" * 300: "x"}"#,
                    #""entry" has an extended attribute whose"#
                ),
                ("entry.type, entry.devmajor = tarfile.CHRTYPE, 5000", #""entry" has device number 5000:0"#),
            ]
        )
        func hostileLayer(change: String, words: String) throws {
            try RunningAgent.with(image: false) { agent in
                let script = #"""
                    import hashlib, io, json, sys, tarfile
                    layer = io.BytesIO()
                    with tarfile.open(fileobj=layer, mode="w", format=tarfile.PAX_FORMAT) as tar:
                        entry = tarfile.TarInfo("entry")
                        entry.size = 1
                        exec(sys.argv[2])
                        tar.addfile(entry, io.BytesIO(b"x"))
                    digest = hashlib.sha256(layer.getvalue()).hexdigest()
                    config = json.dumps({"architecture": "amd64", "os": "linux",
                        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest]}}).encode()
                    manifest = json.dumps([{"Config": "c.json", "RepoTags": ["hostile:1"], "Layers": ["l.tar"]}]).encode()
                    with tarfile.open(sys.argv[1], "w") as tar:
                        for name, data in (("c.json", config), ("l.tar", layer.getvalue()), ("manifest.json", manifest)):
                            entry = tarfile.TarInfo(name)
                            entry.size = len(data)
                            tar.addfile(entry, io.BytesIO(data))
                    """#
                let archive = agent.directory + "/hostile.tar"
                let made = try Spawn.run(["python3", "-c", script, archive, change], environment: Shell.environment)
                try #require(made.code == 0, "\(String(decoding: made.errors, as: UTF8.self))")
                let reply = try agent.request("POST", "/v1/images/import", bodyFile: archive)
                #expect(reply.code == 400, "\(reply.text)")
                #expect(reply.message.contains(words), "\(reply.text)")
                #expect(try agent.request("GET", "/v1/images").json["images"] == [])
                let blobs = try Files.list(agent.root + "/content/blobs/sha256")
                #expect(blobs == [])
                #expect(!Files.exists(agent.directory + "/escaped"))
            }
        }

        @Test("a pod whose image is missing says so, and runs once the image is imported")
        func missingImage() throws {
            try RunningAgent.with(image: false) { agent in
                try agent.create(Manifest.pod("early", "echo here"))
                try agent.wait("an image error") {
                    let reason = try agent.container("early")["state"]?["waiting"]?["reason"]
                    return reason == "ErrImagePull" || reason == "ImagePullBackOff"
                }
                #expect(try agent.phase("early") == "Pending")
                #expect(try agent.get(RunningAgent.pods + "/early/why").text.contains("import"))
                try agent.wait("the back-off") {
                    try agent.container("early")["state"]?["waiting"]?["reason"] == "ImagePullBackOff"
                }
                try agent.importImage()
                try agent.waitForPhase("early", "Succeeded", seconds: 60)
                #expect(try agent.logText("early") == "here\n")
            }
        }

        @Test(
            "bodies and archives that are too large, broken or none at all leave the store and the memory as they were"
        )
        func bodies() throws {
            try RunningAgent.with { agent in
                let blobs = { try Files.list(agent.root + "/content/blobs/sha256").sorted() }
                let before = try blobs()
                let big = agent.directory + "/big"
                try Shell.run("head -c 200000000 /dev/zero > $1", big)
                for headers in [[], ["Transfer-Encoding: chunked"]] {
                    let reply = try agent.request("POST", RunningAgent.pods, bodyFile: big, headers: headers)
                    #expect(reply.code == 413)
                    #expect(reply.json["reason"] == "RequestEntityTooLarge")
                }
                let archive = try Needs.image()
                let broken = agent.directory + "/broken"
                for script in [
                    "head -c 500000 $2 > $1", "head -c 2000 $2 > $1", ": > $1", "echo no archive > $1",
                    "head -c 3000000 /dev/urandom > $1", "gzip -c $2 | head -c 300000 > $1", "cp $3 $1",
                    "cp $2 $1; printf 'XXXXXXXX' | dd of=$1 bs=1 seek=900000 conv=notrunc 2>/dev/null",
                ] {
                    try Shell.run(script, broken, archive, big)
                    let reply = try agent.request("POST", "/v1/images/import", bodyFile: broken)
                    #expect(reply.code == 400, "\(script): \(reply.text)")
                    #expect(!reply.message.isEmpty)
                }
                #expect(try blobs() == before)
                #expect(try Files.list(agent.root + "/content/ingest") == [])
                #expect(agent.isAlive)
                let peak = try Files.readText("/proc/\(agent.pid)/status").split(separator: "\n")
                    .first { $0.hasPrefix("VmHWM") }
                let kilobytes = peak?.split(separator: " ").compactMap { Int($0) }.first ?? .max
                #expect(kilobytes < 160_000, "the agent's memory stayed small, in KiB")
                #expect(
                    try agent.request("GET", "/healthz", headers: ["X: \(String(repeating: "a", count: 100_000))"])
                        .code >= 400
                )
                #expect(try agent.get("/healthz").code == 200)
            }
        }

        @Test("clients that go away or stall cost no descriptors and hold nobody up")
        func goneClients() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("talks", "while :; do echo x; sleep 0.1; done"))
                try agent.waitForPhase("talks", "Running")
                let count = { try Files.list("/proc/\(agent.pid)/fd").count }
                _ = try agent.get("/healthz")
                let before = try count()
                let url = "http://localhost"
                let script = """
                    s=$1; u=$2; p=$3
                    for i in 1 2 3 4 5; do
                      timeout 1 curl -sN --unix-socket $s "$u$p?watch=1" >/dev/null &
                      timeout 1 curl -sN --unix-socket $s "$u$p/talks/log?follow=1" >/dev/null &
                      timeout 1 curl -sN --unix-socket $s "$u/v1/log?follow=1" >/dev/null &
                      timeout 1 curl -s --limit-rate 100k --unix-socket $s -T $4 -X POST "$u/v1/images/import" >/dev/null &
                    done
                    wait || true
                    """
                try Shell.run(script, agent.socket, url, RunningAgent.pods, try Needs.image())
                try agent.wait("the descriptors to be closed") { try count() <= before + 2 }

                // Ten uploads that never end, and watches that nobody reads.
                let stalled = try (0..<10).map { _ in
                    try Spawn.start(
                        [
                            "bash", "-c",
                            "(head -c 3000 $2; sleep 60) | curl -s --unix-socket $1 -T - -X POST http://localhost/v1/images/import",
                            "bash", agent.socket, try Needs.image(),
                        ],
                        environment: Shell.environment,
                        standardOutput: 2,
                        standardError: 2
                    )
                }
                defer {
                    for pid in stalled {
                        kill(-pid, SIGKILL)
                        _ = try? Spawn.wait(pid)  // it was ours
                    }
                }
                usleep(500_000)
                try agent.create(Manifest.pod("meanwhile", "echo ok"))
                try agent.waitForPhase("meanwhile", "Succeeded")
                let imported = try agent.request("POST", "/v1/images/import", bodyFile: try Needs.image(), limit: 45)
                #expect(imported.code == 200, "\(imported.text)")
                try agent.delete("talks")
            }
        }

        @Test("SIGTERM ends the agent although clients watch and follow")
        func stopsWithClients() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("talks", "while :; do echo x; sleep 0.1; done"))
                try agent.waitForPhase("talks", "Running")
                let clients = try ["?watch=1", "/talks/log?follow=1"].map {
                    try Spawn.start(
                        [
                            "curl", "-sN", "-o", "/dev/null", "--unix-socket", agent.socket,
                            "http://localhost\(RunningAgent.pods)\($0)",
                        ],
                        environment: Shell.environment,
                        standardOutput: 2,
                        standardError: 2
                    )
                }
                defer {
                    for pid in clients {
                        kill(pid, SIGKILL)
                        _ = try? Spawn.wait(pid)  // it was ours
                    }
                }
                usleep(500_000)
                #expect(try agent.stop() == 0)
                try agent.start()
                #expect(try agent.container("talks")["restartCount"] == 0)
                try agent.delete("talks", grace: 0)
                try agent.expectNoLeftovers()
            }
        }

        @Test("on a full disk changes are refused with a reason; the agent lives, and goes on when there is room again")
        func fullDisk() throws {
            try RunningAgent.with(rootSize: "48m") { agent in
                try agent.create(Manifest.pod("before", Manifest.sleeper))
                try agent.waitForPhase("before", "Running")
                let filler = "/proc/\(agent.pid)/root\(agent.root)/filler"
                try Shell.run("head -c 100000000 /dev/zero > $1 2>/dev/null || true", filler)
                var codes: Set<Int> = []
                for index in 0..<30 {
                    codes.insert(
                        try agent.request(
                            "POST",
                            RunningAgent.pods,
                            Manifest.pod("full-\(index)", "true"),
                            contentType: "application/yaml",
                            limit: 20
                        ).code
                    )
                }
                #expect(codes.isSubset(of: [201, 503, 507, 500]), "\(codes)")
                let imported = try agent.request("POST", "/v1/images/import", bodyFile: try Needs.image(), limit: 30)
                #expect([200, 500, 503, 507].contains(imported.code), "\(imported.text)")
                #expect(agent.isAlive)
                #expect(try agent.phase("before") == "Running")
                try Shell.run("rm $1", filler)
                try agent.wait("the agent to take pods again") {
                    try agent.request(
                        "POST",
                        RunningAgent.pods,
                        Manifest.pod("after", "echo ok"),
                        contentType: "application/yaml"
                    ).code == 201
                }
                try agent.waitForPhase("after", "Succeeded", seconds: 90)
            }
        }
    }
}
