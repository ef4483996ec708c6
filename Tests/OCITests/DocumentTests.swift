import JSON
import Linux
import OCI
import TestSupport
import Testing

/// Documents as other programs write them: read, and written again without loss.
struct DocumentTests {
    /// Every field of the document is known to the type, and writing the value again gives the same document.
    private func roundTrip<T: Codable & Hashable>(_ type: T.Type, _ text: String) throws -> T {
        let (value, issues) = try JSONCoding.decodeStrictly(type, from: Array(text.utf8))
        #expect(issues.isEmpty, "\(issues)")
        let again = try JSONCoding.encode(value)
        #expect(try JSONValue(parsing: again) == JSONValue(parsing: text))
        #expect(try JSONCoding.decode(type, from: again) == value)
        return value
    }

    @Test("a config.json with every field of the specification survives")
    func everything() throws {
        let spec = try roundTrip(RuntimeSpec.self, Documents.completeSpec)
        let linux = try #require(spec.linux)
        #expect(linux.namespaces?.map(\.type) == RuntimeSpec.Namespace.Kind.allCases)
        #expect(linux.seccomp?.syscalls?.first?.args?.first?.op == .maskedEqual)
        #expect(linux.resources?.blockIO?.throttleWriteIOPSDevice?.first?.rate == 200)
        #expect(linux.resources?.unified?["memory.high"] == "1073741824")
        #expect(spec.process?.ioPriority?.class == .bestEffort)
        #expect(spec.hooks?.prestart?.first?.timeout == 30)
        #expect(spec.mounts?.last?.uidMappings?.first?.hostID == 100000)
        #expect(spec.process?.rlimits?.first?.hard == UInt64.max)
    }

    @Test("what runc's `spec` writes is read")
    func runcSpec() throws {
        let spec = try roundTrip(RuntimeSpec.self, Documents.runcSpec)
        #expect(spec.process?.terminal == true)
        #expect(spec.process?.user == RuntimeSpec.User())
        #expect(spec.root?.readonly == true)
        #expect(spec.linux?.resources?.devices == [RuntimeSpec.DeviceRule(allow: false, access: "rwm")])
    }

    @Test("unknown fields are passed over, null counts as absent")
    func lenient() throws {
        let text = """
            {"ociVersion":"1.3.0","solaris":{"x":1},"future":[1],"mounts":null,"hooks":null,
             "process":{"cwd":"/","user":{},"capabilities":null,"newThing":true},"linux":{"namespaces":null,"seccomp":null}}
            """
        let spec = try JSONCoding.decode(RuntimeSpec.self, from: Array(text.utf8))
        #expect(spec.mounts == nil)
        #expect(spec.linux == RuntimeSpec.Linux())
        #expect(spec.process?.user?.uid == 0)
    }

    @Test(
        "a word that would decide about isolation is refused if it is unknown",
        arguments: [
            #"{"ociVersion":"1.2.0","linux":{"namespaces":[{"type":"pids"}]}}"#,
            #"{"ociVersion":"1.2.0","linux":{"seccomp":{"defaultAction":"SCMP_ACT_PERHAPS"}}}"#,
            #"{"ociVersion":"1.2.0","linux":{"seccomp":{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["a"],"action":"x"}]}}}"#,
            #"{"ociVersion":"1.2.0","linux":{"devices":[{"type":"q","path":"/dev/x"}]}}"#,
            #"{"ociVersion":"1.2.0","process":{"cwd":"/","user":{"uid":-1}}}"#,
            #"{"ociVersion":"1.2.0","process":{"cwd":"/","user":{"uid":4294967296}}}"#,
            #"{"ociVersion":"1.2.0","mounts":[{"source":"/a"}]}"#,
            #"{"linux":{}}"#,
        ]
    )
    func closed(text: String) {
        #expect(throws: JSONError.self) { try JSONCoding.decode(RuntimeSpec.self, from: Array(text.utf8)) }
    }

    @Test("states and features are read")
    func stateAndFeatures() throws {
        let state = try roundTrip(ContainerState.self, Documents.state)
        #expect(state.status == .running)
        #expect(state.pid == 4422)
        let process = try roundTrip(ContainerProcessState.self, Documents.processState)
        #expect(process.state.status == .creating)
        let features = try roundTrip(RuntimeFeatures.self, Documents.features)
        #expect(features.linux?.mountExtensions?.idmap?.enabled == true)
        #expect(features.linux?.cgroup?.v1 == true)
    }

    @Test("an OCI index, manifest and configuration are read")
    func image() throws {
        let index = try roundTrip(ImageIndex.self, Documents.index)
        #expect(index.manifest(for: Platform(architecture: "arm64", os: "linux"))?.size == 7682)
        #expect(index.manifest(for: Platform(architecture: "amd64", os: "linux"))?.size == 7143)
        let manifest = try roundTrip(ImageManifest.self, Documents.manifest)
        #expect(manifest.layers.map(\.mediaType.layerCompression) == [.gzip, .zstd])
        #expect(manifest.subject?.mediaType == .imageManifest)
        let config = try roundTrip(ImageConfig.self, Documents.config)
        #expect(config.config?.exposedPorts?.keys.sorted() == ["53/udp", "8080/tcp"])
        #expect(config.config?.volumes?["/data"] != nil)
        #expect(config.config?.healthcheck?.interval == 30_000_000_000)
        #expect(config.config?.user == "web:www")
        #expect(config.platform.description == "linux/arm64/v8")
        #expect(config.history?.count == 2)
        #expect(try roundTrip(ImageLayout.self, #"{"imageLayoutVersion":"1.0.0"}"#).imageLayoutVersion == "1.0.0")
    }

    @Test("what docker writes is read: nulls, manifest lists and archives")
    func docker() throws {
        let config = try JSONCoding.decode(ImageConfig.self, from: Array(Documents.dockerConfig.utf8))
        #expect(config.config?.cmd == ["sh"])
        #expect(config.config?.entrypoint == nil)
        #expect(config.config?.volumes == nil)
        #expect(config.rootfs.diffIDs.count == 1)
        let empty =
            #"{"architecture":"amd64","os":"linux","config":null,"rootfs":{"type":"layers","diff_ids":null},"history":null}"#
        #expect(try JSONCoding.decode(ImageConfig.self, from: Array(empty.utf8)).rootfs.diffIDs.isEmpty)

        let archive = try JSONCoding.decode([DockerArchiveEntry].self, from: Array(Documents.dockerArchive.utf8))
        #expect(archive.count == 2)
        #expect(archive[0].repoTags == ["bb:1", "bb:latest"])
        #expect(archive[0].layers == ["blobs/sha256/\(Documents.hex)"])
        #expect(archive[0].layerSources?.count == 1)
        #expect(archive[1].repoTags == nil)
        #expect(archive[1].layers.isEmpty)
    }

    @Test("what the runtimes on this machine print is read without a field left over", arguments: ["runc", "crun"])
    func installed(runtime: String) throws {
        guard let program = ["/usr/sbin/", "/usr/bin/"].map({ $0 + runtime }).first(where: Files.exists) else {
            print("skipped for \(runtime): it is not installed")
            return
        }
        let directory = try TemporaryDirectory()
        let made = try Spawn.run([program, "spec"], environment: [], workingDirectory: directory.path)
        #expect(made.code == 0)
        let text = String(decoding: try Files.read(directory.path + "/config.json"), as: UTF8.self)
        #expect(try roundTrip(RuntimeSpec.self, text).process?.args == ["sh"])
        let features = try Spawn.run([program, "features"], environment: [])
        // Older versions do not know the command.
        guard features.code == 0 else { return }
        _ = try roundTrip(RuntimeFeatures.self, String(decoding: features.output, as: UTF8.self))
    }

    @Test("a digest inside a document is checked where it stands")
    func badDigest() {
        let text = #"{"schemaVersion":2,"config":{"mediaType":"a","digest":"sha256:../x","size":1},"layers":[]}"#
        #expect {
            try JSONCoding.decode(ImageManifest.self, from: Array(text.utf8))
        } throws: { error in
            "\(error)".contains("config.digest") && "\(error)".contains("invalid digest")
        }
    }
}
