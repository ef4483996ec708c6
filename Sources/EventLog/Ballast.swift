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
        let room = DiskRoom.of(String(path.dropLast("/ballast".count)))
        guard room.free > 4 * bytes, Self.fits(bytes, room) else { return }
        do {
            let file = try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
            let raw = file.raw
            let code = posix_fallocate(raw, 0, off_t(bytes))
            if code != 0 { giveUp() }
        } catch { giveUp() }
    }

    /// Frees the room.
    func giveUp() { _ = unsafe unlink(path) }

    /// Whether the disk is one that should carry a ballast of so many bytes.
    static func fits(_ bytes: Int, _ room: DiskRoom) -> Bool { room.total / 8 >= bytes }
}
