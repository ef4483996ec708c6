import Glibc
import Linux

/// A file of no content that is given up when the disk is full, so that deletions can still be written.
struct Ballast: Sendable {
    private let path: String
    private let bytes: Int

    init(directory: String, bytes: Int) {
        path = directory + "/ballast"
        self.bytes = bytes
    }

    /// Takes up the room, unless that would leave little for others. Having no ballast is not an error.
    func keep() {
        if bytes == 0 || Files.exists(path) { return }
        let directory = String(path.dropLast("/ballast".count))
        guard Self.freeBytes(directory) > 4 * bytes else { return }
        do {
            let file = try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
            let raw = file.raw
            let code = posix_fallocate(raw, 0, off_t(bytes))
            if code != 0 { giveUp() }
        } catch { giveUp() }
    }

    /// Frees the room.
    func giveUp() { _ = unsafe unlink(path) }

    /// What an unprivileged process may still write to the file system of `directory`.
    static func freeBytes(_ directory: String) -> Int {
        var status = statvfs()
        guard unsafe statvfs(directory, &status) == 0 else { return 0 }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }
}
