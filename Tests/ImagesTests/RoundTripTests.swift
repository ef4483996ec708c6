import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import Images

/// Archives cross between this program and skopeo and podman, in both directions.
@Suite("With skopeo and podman", .enabled(if: geteuid() == 0, "needs root"))
struct RoundTripTests {
    private static let environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/nonexistent"]

    private func run(_ arguments: [String]) throws -> String {
        let outcome = try Spawn.run(arguments, environment: Self.environment)
        let text = String(decoding: outcome.output, as: UTF8.self)
        try #require(outcome.code == 0, "\(arguments): \(text) \(String(decoding: outcome.errors, as: UTF8.self))")
        return text
    }

    private func exported(_ fixture: borrowing ImageFixture) throws -> (path: String, image: ImportedImage) {
        let image = try #require(try fixture.importBytes(Archive.docker([try Archive.busybox()])).first)
        let path = fixture.directory.path + "/export.tar"
        let file = try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
        let wanted = ImageExport.Image(names: image.names, target: image.target)
        try ImageExport.export([wanted], from: fixture.store, to: file.raw)
        return (path, image)
    }

    /// Three images with a layer in common, one of them with two names; and all of them in one archive.
    static func three(_ fixture: borrowing ImageFixture) throws -> (path: String, images: [ImportedImage]) {
        let busybox = try Archive.busybox()
        var images: [ImportedImage] = []
        for tags in [["one:1"], ["localhost:5000/two:2"], ["three:3", "drei:3"]] {
            var own = TarBuilder()
            own.file("name", tags[0])
            images += try fixture.importBytes(Archive.docker([busybox, own.finished()], tags: tags))
        }
        let path = fixture.directory.path + "/three.tar"
        let file = try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
        let wanted = images.map { ImageExport.Image(names: $0.names, target: $0.target) }
        try ImageExport.export(wanted, from: fixture.store, to: file.raw)
        return (path, images)
    }

    /// The same three images with OCI's media types, as most registries have them.
    private static func threeOCI(_ fixture: borrowing ImageFixture) throws -> (
        path: String, wanted: [ImageExport.Image]
    ) {
        let busybox = try Archive.busybox()
        var wanted: [ImageExport.Image] = []
        for tags in [["one:1"], ["localhost:5000/two:1"], ["three:1", "drei:1"]] {
            var own = TarBuilder()
            own.file("name", tags[0])
            let layers = [busybox, own.finished()].map { ($0, MediaType.imageLayer, ContentHash.digest(of: $0)) }
            let image = try #require(try fixture.importBytes(Archive.layout(layers, annotations: nil)).first)
            wanted.append(ImageExport.Image(names: try tags.map { try ImageReference($0) }, target: image.target))
        }
        let path = fixture.directory.path + "/three.tar"
        let file = try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
        try ImageExport.export(wanted, from: fixture.store, to: file.raw)
        return (path, wanted)
    }

    /// What an archive has, by name: the digests of the manifest and of the configuration.
    static func contents(_ path: String) throws -> [String: [Digest]] {
        let fixture = try ImageFixture()
        var found: [String: [Digest]] = [:]
        for image in try ImageArchive.importArchive(from: .path(path), into: fixture.store) {
            let resolved = try ImageGraph(store: fixture.store).resolve(image.target.digest)
            for name in image.names { found[name.canonical] = [image.target.digest, resolved.manifest.config.digest] }
        }
        return found
    }

    @Test("three images in one archive come back with the names and digests they had")
    func several() throws {
        let fixture = try ImageFixture()
        let (path, images) = try Self.three(fixture)
        let back = try Self.contents(path)
        #expect(back.count == 4)
        for image in images {
            for name in image.names { #expect(back[name.canonical]?.first == image.target.digest) }
        }
    }

    @Test(
        "skopeo finds each of three images in our archive by its name",
        .enabled(if: Files.exists("/usr/bin/skopeo"), "needs skopeo (apt install skopeo)")
    )
    func skopeoSeveral() throws {
        let fixture = try ImageFixture()
        let (path, images) = try Self.three(fixture)
        for image in images {
            let resolved = try ImageGraph(store: fixture.store).resolve(image.target.digest)
            for (index, name) in image.names.enumerated() {
                let target = "\(fixture.directory.path)/\(name.tag ?? "")-\(index)"
                let source = "docker-archive:\(path):\(name.canonical)"
                _ = try run(["skopeo", "--insecure-policy", "copy", "-q", source, "dir:" + target])
                let manifest = try Files.readText(target + "/manifest.json")
                #expect(manifest.contains(resolved.manifest.config.digest.hex), "\(source)")
            }
        }
    }

    @Test(
        "skopeo finds each of three images in our layout by its whole name, and copies it with its digest",
        .enabled(if: Files.exists("/usr/bin/skopeo"), "needs skopeo (apt install skopeo)")
    )
    func skopeoSeveralOCI() throws {
        let fixture = try ImageFixture()
        let (path, wanted) = try Self.threeOCI(fixture)
        for image in wanted {
            for (index, name) in image.names.enumerated() {
                let target = "\(fixture.directory.path)/\(image.target.digest.hex)-\(index)"
                let source = "oci-archive:\(path):\(name.canonical)"
                _ = try run([
                    "skopeo", "--insecure-policy", "copy", "-q", "--preserve-digests", source, "dir:" + target,
                ])
                let manifest = ContentHash.digest(of: try Files.read(target + "/manifest.json"))
                #expect(manifest == image.target.digest, "\(source)")
            }
        }
    }

    @Test(
        "podman loads one image with OCI's media types under the name that it has",
        .enabled(if: Files.exists("/usr/bin/podman"), "needs podman (apt install podman)")
    )
    func podmanOCI() throws {
        let fixture = try ImageFixture()
        let (_, wanted) = try Self.threeOCI(fixture)
        let directory = fixture.directory.path
        let podman = [
            "podman", "--root", directory + "/p", "--runroot", directory + "/pr", "--storage-driver", "vfs",
            "--cgroup-manager", "cgroupfs",
        ]
        for (index, image) in wanted[..<2].enumerated() {
            let path = "\(directory)/one-\(index).tar"
            let file = try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
            try ImageExport.export([image], from: fixture.store, to: file.raw)
            _ = try run(podman + ["load", "-q", "-i", path])
            let found = try run(podman + ["image", "inspect", "--format", "{{.Digest}}", image.names[0].canonical])
            #expect(found == "\(image.target.digest)\n")
        }
    }

    @Test(
        "podman loads three images from our archive, and we import the three that it saves",
        .enabled(if: Files.exists("/usr/bin/podman"), "needs podman (apt install podman)")
    )
    func podmanSeveral() throws {
        let fixture = try ImageFixture()
        let (path, _) = try Self.three(fixture)
        let ours = try Self.contents(path)
        let directory = fixture.directory.path
        let podman = [
            "podman", "--root", directory + "/p", "--runroot", directory + "/pr", "--storage-driver", "vfs",
            "--cgroup-manager", "cgroupfs",
        ]
        _ = try run(podman + ["load", "-q", "-i", path])
        // Of docker's short names podman makes names of localhost.
        let names = try run(podman + ["images", "--format", "{{.Repository}}:{{.Tag}}"])
            .split(separator: "\n").map(String.init)
        #expect(names.count == 4, "\(names)")
        let file = directory + "/saved.tar"
        _ = try run(podman + ["save", "-q", "-m", "--format", "docker-archive", "-o", file] + names)
        // The configurations are the same, byte for byte; the manifests are podman's own.
        let back = try Self.contents(file)
        #expect(Set(back.values.map(\.last)) == Set(ours.values.map(\.last)))
        #expect(back.count == 4)
    }

    private func importFile(_ path: String) throws -> (configuration: Digest, target: Digest, layers: [Digest]) {
        let fixture = try ImageFixture()
        let image = try #require(try ImageArchive.importArchive(from: .path(path), into: fixture.store).first)
        let resolved = try ImageGraph(store: fixture.store).resolve(image.target.digest)
        return (resolved.manifest.config.digest, image.target.digest, resolved.config.rootfs.diffIDs)
    }

    @Test(
        "skopeo reads our archive in both formats, and we read what it writes",
        .enabled(if: Files.exists("/usr/bin/skopeo"), "needs skopeo (apt install skopeo)")
    )
    func skopeo() throws {
        let fixture = try ImageFixture()
        let (path, image) = try exported(fixture)
        let ours = try importFile(path)
        let directory = fixture.directory.path
        for source in ["docker-archive:\(path)", "oci-archive:\(path)"] {
            for target in ["docker-archive:\(directory)/d.tar:bb:1", "oci-archive:\(directory)/o.tar:bb:1"] {
                _ = try run(["skopeo", "--insecure-policy", "copy", "-q", source, target])
                let file = directory + (target.hasPrefix("docker") ? "/d.tar" : "/o.tar")
                let back = try importFile(file)
                #expect(back.layers == ours.layers, "\(source) \(target)")
                // To docker's format and back the configuration stays as it is, byte for byte.
                if target.hasPrefix("docker") { #expect(back.configuration == ours.configuration) }
                _ = unsafe unlink(file)
            }
        }
        // Into a directory with an OCI layout the manifest's digest is kept.
        _ = try run([
            "skopeo", "--insecure-policy", "copy", "-q", "--preserve-digests", "oci-archive:\(path)",
            "dir:\(directory)/dir",
        ])
        #expect(ContentHash.digest(of: try Files.read(directory + "/dir/manifest.json")) == image.target.digest)
        _ = try run(["skopeo", "--insecure-policy", "copy", "-q", "oci-archive:\(path)", "oci:\(directory)/layout:bb"])
        _ = try run(["tar", "-C", directory + "/layout", "-cf", directory + "/layout.tar", "."])
        #expect(try importFile(directory + "/layout.tar").layers == ours.layers)
    }

    @Test(
        "podman loads our archive, and we import what it saves",
        .enabled(if: Files.exists("/usr/bin/podman"), "needs podman (apt install podman)")
    )
    func podman() throws {
        let fixture = try ImageFixture()
        let (path, _) = try exported(fixture)
        let ours = try importFile(path)
        let directory = fixture.directory.path
        let podman = [
            "podman", "--root", directory + "/p", "--runroot", directory + "/pr", "--storage-driver", "vfs",
            "--cgroup-manager", "cgroupfs",
        ]
        _ = try run(podman + ["load", "-q", "-i", path])
        #expect(
            try run(podman + ["image", "inspect", "--format", "{{.Id}}", "docker.io/library/bb:1"])
                .hasPrefix(ours.configuration.hex)
        )
        for format in ["docker-archive", "oci-archive"] {
            let file = "\(directory)/\(format).tar"
            _ = try run(podman + ["save", "-q", "--format", format, "-o", file, "docker.io/library/bb:1"])
            let back = try importFile(file)
            #expect(back.layers == ours.layers, "\(format)")
            if format == "docker-archive" { #expect(back.configuration == ours.configuration) }
        }
    }
}
