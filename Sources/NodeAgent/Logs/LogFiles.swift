import Glibc
import Linux

/// The files of one container's log: the one being written, and those that it was before, which the shim renamed to
/// `N.log.YYYYMMDD-HHMMSS`.
struct LogFiles: Sendable {
    let path: String

    private var directory: String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "." }

    /// The older files, the oldest first: their names sort by age.
    func rotated() throws(SysError) -> [String] {
        let prefix = (path.split(separator: "/").last.map(String.init) ?? path) + "."
        let directory = directory
        do throws(SysError) {
            return try Files.list(directory).filter { $0.hasPrefix(prefix) }.sorted().map { directory + "/" + $0 }
        } catch {
            if error.errno == .noEntry { return [] }
            throw error
        }
    }

    /// An open file of the log.
    struct Opened: ~Copyable {
        let descriptor: Descriptor
        let inode: UInt64

        consuming func takeDescriptor() -> Descriptor { descriptor }
    }

    /// An open file in a list.
    final class Held {
        private var descriptor: Descriptor?
        private let number: Int32

        init(_ descriptor: consuming Descriptor) {
            number = descriptor.raw
            self.descriptor = consume descriptor
        }

        /// Gives the file away, once.
        func take() -> Descriptor {
            guard let taken = descriptor.take() else { fatalError("descriptor \(number) was taken before") }
            return taken
        }
    }

    static func open(_ path: String) throws(SysError) -> Opened? {
        do throws(SysError) {
            let file = try Descriptor.open(path, O_RDONLY)
            let inode = try Files.inode(file.raw, subject: path)
            return Opened(descriptor: file, inode: inode)
        } catch {
            // Renamed or removed as the oldest, since it was listed.
            if error.errno == .noEntry { return nil }
            throw error
        }
    }

    /// The file that comes after the one with this inode; nil if that is the newest.
    ///
    /// If it is not among them any more, because the reader is so slow that it was removed as the oldest, or because
    /// somebody removed it, the oldest of what is left comes next.
    func successor(of inode: UInt64) throws(SysError) -> Opened? {
        if try Self.inode(of: path) == inode { return nil }
        // A rotation while we look would make us skip a file: then we look again.
        for _ in 0..<16 {
            let before = try rotated()
            var next = before.first
            for (index, name) in before.enumerated() where try Self.inode(of: name) == inode {
                next = index + 1 < before.count ? before[index + 1] : nil
            }
            guard let opened = try Self.open(next ?? path) else { continue }
            guard try rotated() == before else { continue }
            // The file that is known already is no successor of itself.
            if opened.inode == inode { return nil }
            return .some(opened)
        }
        return nil
    }

    private static func inode(of path: String) throws(SysError) -> UInt64? {
        var status = stat()
        if unsafe stat(path, &status) == 0 { return UInt64(status.st_ino) }
        let failure = Errno.current
        if failure == .noEntry { return nil }
        throw SysError(call: "stat", subject: path, errno: failure)
    }
}
