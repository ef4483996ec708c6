import Linux
import OCI
import TestSupport

@testable import Images

/// A registry with the image of an archive.
struct ArchiveServer {
    private let server: TinyServer

    init(_ archive: String) throws {
        let directory = try TemporaryDirectory(prefix: "swiftlet-test-images")
        let store = try ContentStore(root: directory.path)
        let images = try ImageArchive.importArchive(from: .path(archive), into: store)
        guard let target = images.first?.target else {
            throw SysError(call: "import", subject: archive, errno: .noEntry)
        }
        var blobs: [String: [UInt8]] = [:]
        for info in try store.list() { blobs["\(info.digest)"] = try store.read(info.digest) }
        blobs["1"] = blobs["\(target.digest)"]
        let all = blobs
        server = try TinyServer { request, _ in
            guard let bytes = all[String(request.path.split(separator: "/").last ?? "")] else {
                return .init(status: 404)
            }
            let isManifest = request.path.contains("/manifests/")
            return .init(headers: isManifest ? ["Content-Type: \(target.mediaType)"] : [], body: bytes)
        }
    }

    var reference: String { "\(server.host)/x/y:1" }
    func stop() { server.stop() }
}
