import Glibc
import Linux

/// Looks into the layers below the one that is being unpacked, as overlayfs will see them.
///
/// A layer need not repeat the directories that its files are in, and a hard link may name a file of a lower layer.
final class ParentLayers {
    /// Something of a lower layer, open for `*at` calls and /proc/self/fd.
    struct Found: ~Copyable {
        let descriptor: Descriptor
        let status: stat
    }

    /// False for the lowest layer of an image.
    let exist: Bool
    private let resolve: () throws(SysError) -> [String]
    private var roots: [Int32]?

    /// - Parameters:
    ///   - exist: Whether there is a layer below.
    ///   - resolve: The directories of the layers, the top one first. Called when something below is needed for the first
    ///     time; it may wait until they are unpacked.
    init(exist: Bool, resolve: @escaping () throws(SysError) -> [String]) {
        self.exist = exist
        self.resolve = resolve
    }

    deinit { for raw in roots ?? [] { _ = close(raw) } }

    private func opened() throws(SysError) -> [Int32] {
        if let roots { return roots }
        guard exist else { return [] }
        var opened: [Int32] = []
        do {
            for path in try resolve() {
                opened.append(try Descriptor.open(path, PathResolution.pathOnly | O_DIRECTORY).release())
            }
        } catch {
            for raw in opened { _ = close(raw) }
            throw error
        }
        roots = opened
        return opened
    }

    /// What is visible at a clean path, links not followed; nil if nothing is, or if it is hidden.
    func find(_ path: some Collection<UInt8>) throws(SysError) -> Found? {
        let names = path.split(separator: 0x2F)
        layers: for root in try opened() {
            var opaque = false
            var walked: [UInt8] = []
            for (index, name) in names.enumerated() {
                if !walked.isEmpty { walked.append(0x2F) }
                walked.append(contentsOf: name)
                guard let descriptor = try open(root, walked) else {
                    if opaque { return nil }
                    continue layers
                }
                let status = try ParentLayers.status(descriptor)
                if index == names.count - 1 {
                    return ParentLayers.isWhiteout(status) ? nil : Found(descriptor: descriptor, status: status)
                }
                // A file, a link or a whiteout hides what lower layers have below its name.
                if status.st_mode & S_IFMT != S_IFDIR { return nil }
                if try ParentLayers.isOpaque(descriptor) { opaque = true }
            }
            if names.isEmpty {
                guard let descriptor = try open(root, [0x2E]) else { return nil }
                let status = try ParentLayers.status(descriptor)
                return Found(descriptor: descriptor, status: status)
            }
        }
        return nil
    }

    private func open(_ root: Int32, _ path: [UInt8]) throws(SysError) -> Descriptor? {
        do {
            return try PathResolution.open(
                below: root,
                path,
                PathResolution.pathOnly | O_NOFOLLOW,
                rules: [.beneath]
            )
        } catch {
            if error.errno == .noEntry || error.errno == .notDirectory { return nil }
            throw error
        }
    }

    private static func status(_ descriptor: borrowing Descriptor) throws(SysError) -> stat {
        var status = stat()
        let raw = descriptor.raw
        try sys("fstat", "lower layer") { unsafe fstat(raw, &status) }
        return status
    }

    private static func isOpaque(_ descriptor: borrowing Descriptor) throws(SysError) -> Bool {
        try ExtendedAttributes.get(Overlay.opaqueAttribute, "/proc/self/fd/\(descriptor.raw)") == Overlay.opaqueValue
    }

    static func isWhiteout(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0 }
}

/// How overlayfs marks what a layer hides (kernel documentation, filesystems/overlayfs).
enum Overlay {
    static let opaqueAttribute = Array("trusted.overlay.opaque".utf8)
    static let opaqueValue = Array("y".utf8)

    /// True for attributes by which overlayfs keeps its own books; an image has no business to set them.
    static func owns(_ attribute: [UInt8]) -> Bool {
        attribute.starts(with: "trusted.overlay.".utf8) || attribute.starts(with: "user.overlay.".utf8)
    }
}
