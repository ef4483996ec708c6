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
