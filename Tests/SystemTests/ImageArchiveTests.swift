import JSON
import Linux
import Testing

extension SystemSuite {
    @Suite("archives of images for several platforms", .serialized)
    struct ImageArchiveTests {
        @Test("an export for one platform has that one only, under the same name; without a platform all is as it was")
        func platforms() throws {
            try RunningAgent.with(image: false) { agent in
                let archive = agent.directory + "/both.tar"
                try Shell.run("python3 -c \"$1\" \"$2\"", Self.script, archive)
                try check(agent, ["image", "import", archive])
                let index = try target(agent, "multi:1")
                let whole = try agent.get("/v1/content").json["content"]?.arrayValue?.count
                #expect(whole == 7)

                let all = agent.directory + "/all.tar"
                try check(agent, ["image", "export", all, "multi:1"])
                for platform in ["linux/arm64", "linux/amd64"] {
                    let one = agent.directory + "/one.tar"
                    try check(agent, ["image", "export", "--platform", platform, one, "multi:1"])
                    try check(agent, ["image", "rm", "multi:1"])
                    try check(agent, ["image", "import", one])
                    #expect(try agent.get("/v1/content").json["content"]?.arrayValue?.count == 3)
                    let inspected = try agent.get("/v1/images/inspect?name=multi:1&platform=\(platform)").json
                    #expect(inspected["platform"]?.stringValue == platform)
                    try check(agent, ["image", "rm", "multi:1"])
                    try check(agent, ["image", "import", all])
                    #expect(try target(agent, "multi:1") == index)
                    #expect(try agent.get("/v1/content").json["content"]?.arrayValue?.count == whole)
                }
                let missing = try agent.request("GET", "/v1/images/export?name=multi:1&platform=linux/s390x")
                #expect(missing.code == 404)
                #expect(missing.message.contains("linux/s390x"), "\(missing.message)")
                #expect(try agent.request("GET", "/v1/images/export?name=multi:1&platform=x").code == 400)
            }
        }

        private func target(_ agent: RunningAgent, _ name: String) throws -> String {
            let images = try agent.get("/v1/images").json["images"]?.arrayValue ?? []
            let found = images.first { $0["name"]?.stringValue == "docker.io/library/\(name)" }
            return try #require(found?["target"]?["digest"]?.stringValue)
        }

        private func check(_ agent: RunningAgent, _ arguments: [String]) throws {
            let outcome = try agent.swiftlet(arguments)
            try #require(outcome.code == 0, "\(String(decoding: outcome.errors, as: UTF8.self))")
        }

        /// An OCI layout of multi:1 for amd64 and arm64.
        private static let script = """
            import hashlib, io, json, sys, tarfile
            out = tarfile.open(sys.argv[1], "w")
            def add(name, data):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                out.addfile(info, io.BytesIO(data))
            def blob(kind, data):
                digest = hashlib.sha256(data).hexdigest()
                add("blobs/sha256/" + digest, data)
                return {"mediaType": "application/vnd.oci.image." + kind, "digest": "sha256:" + digest, "size": len(data)}
            manifests = []
            for arch in ["amd64", "arm64"]:
                file = io.BytesIO()
                layer = tarfile.open(fileobj=file, mode="w")
                info = tarfile.TarInfo("arch")
                info.size = len(arch)
                layer.addfile(info, io.BytesIO(arch.encode()))
                layer.close()
                first = blob("layer.v1.tar", file.getvalue())
                config = {"architecture": arch, "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [first["digest"]]}}
                manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": blob("config.v1+json", json.dumps(config).encode()), "layers": [first]}
                entry = blob("manifest.v1+json", json.dumps(manifest).encode())
                entry["platform"] = {"os": "linux", "architecture": arch}
                manifests.append(entry)
            index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests}
            top = blob("index.v1+json", json.dumps(index).encode())
            top["annotations"] = {"io.containerd.image.name": "docker.io/library/multi:1", "org.opencontainers.image.ref.name": "1"}
            add("index.json", json.dumps({"schemaVersion": 2, "manifests": [top]}).encode())
            add("oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
            out.close()
            """
    }
}
