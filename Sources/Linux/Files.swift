package import Glibc

/// Small whole-file reads and writes; paths are trusted (for paths of others see `openat2` in `PathResolution`).
package enum Files {
    /// Reads a whole file.
    ///
    /// - Throws: `SysError` with EFBIG if the file holds more than `limit` bytes.
    package static func read(_ path: String, limit: Int = 64 << 20) throws(SysError) -> [UInt8] {
        let file = try Descriptor.open(path, O_RDONLY)
        return try readAll(file.raw, subject: path, limit: limit)
    }

    /// Reads from a descriptor until end of file.
    package static func readAll(_ raw: Int32, subject: String, limit: Int = 64 << 20) throws(SysError) -> [UInt8] {
        var content: [UInt8] = []
        // Most files are small, and a large new buffer costs more than reading them.
        var buffer = [UInt8](repeating: 0, count: 2048)
        while true {
            let size = buffer.count
            let count = try sys("read", subject) { unsafe Glibc.read(raw, &buffer, size) }
            if count == 0 { return content }
            if content.count + count > limit { throw SysError(call: "read", subject: subject, errno: Errno(EFBIG)) }
            content += buffer[..<count]
            if count == size, size < 1 << 18 { buffer = [UInt8](repeating: 0, count: size * 4) }
        }
    }

    /// Reads a small text file, such as one of /proc or /sys, without its trailing white space.
    package static func readText(_ path: String) throws(SysError) -> String {
        var bytes = try read(path)
        while let last = bytes.last, last == 0x0A || last == 0x20 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Writes all bytes to a descriptor, however many calls it takes.
    package static func writeAll(_ raw: Int32, _ bytes: some Collection<UInt8>, subject: String) throws(SysError) {
        let content = Array(bytes)
        var offset = 0
        while offset < content.count {
            let from = offset
            let count = try sys("write", subject) {
                unsafe content.withUnsafeBytes {
                    unsafe Glibc.write(raw, $0.baseAddress?.advanced(by: from), $0.count - from)
                }
            }
            offset += count
        }
    }

    /// Writes to an existing file in one call and without creating it, as files of /proc, /sys and cgroupfs want it.
    package static func put(_ text: String, to path: String) throws(SysError) { try put([text], to: path) }

    /// Writes several texts, each in one call.
    package static func put(_ texts: [String], to path: String) throws(SysError) {
        let file = try Descriptor.open(path, O_WRONLY)
        let raw = file.raw
        for text in texts {
            let bytes = Array(text.utf8)
            try sys("write", "\(path) (\"\(text)\")") { unsafe Glibc.write(raw, bytes, bytes.count) }
        }
    }

    /// Replaces a file so that a crash leaves the old or the new content: temporary file, fsync, rename, fsync of the directory.
    package static func replace(_ path: String, with bytes: some Collection<UInt8>, mode: mode_t = 0o600)
        throws(SysError)
    {
        let temporary = path + ".tmp\(getpid())"
        do {
            let file = try newFile(temporary, mode: mode)
            try writeAll(file.raw, bytes, subject: temporary)
            let raw = file.raw
            try sys("fsync", temporary) { fsync(raw) }
            try sys("rename", "\(temporary) -> \(path)") { unsafe rename(temporary, path) }
        } catch {
            _ = unsafe unlink(temporary)
            throw error
        }
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let directory = try Descriptor.open(parent, O_RDONLY | O_DIRECTORY)
        let raw = directory.raw
        try sys("fsync", parent) { fsync(raw) }
    }

    /// Makes a file that is new for certain, so that a link that somebody left under the name is never written through.
    static func newFile(_ path: String, mode: mode_t) throws(SysError) -> Descriptor {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
        do {
            return try Descriptor.open(path, flags, mode: mode)
        } catch {
            guard error.errno == .exists else { throw error }
            // What an earlier process of our number left.
            _ = unsafe unlink(path)
            return try Descriptor.open(path, flags, mode: mode)
        }
    }

    /// True if something is at the path (a dangling symbolic link counts).
    package static func exists(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0
    }

    /// When a file was written last, in microseconds since 1970; nil if there is none.
    package static func modified(_ path: String) -> Int64? {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        return Int64(status.st_mtim.tv_sec) * 1_000_000 + Int64(status.st_mtim.tv_nsec) / 1000
    }

    /// Makes a directory and its missing parents; an existing directory is fine.
    package static func makeDirectories(_ path: String, mode: mode_t = 0o755) throws(SysError) {
        if unsafe mkdir(path, mode) == 0 { return }
        let failure = Errno.current
        if failure == .exists { return }
        guard failure == .noEntry, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw SysError(call: "mkdir", subject: path, errno: failure)
        }
        try makeDirectories(String(path[..<slash]), mode: mode)
        if unsafe mkdir(path, mode) != 0, Errno.current != .exists {
            throw SysError(call: "mkdir", subject: path, errno: .current)
        }
    }

    /// The names in a directory, without "." and "..", in byte order.
    package static func list(_ path: String) throws(SysError) -> [String] {
        guard let directory = unsafe opendir(path) else {
            throw SysError(call: "opendir", subject: path, errno: .current)
        }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The names of the directories in a directory, in byte order; for file systems that give the kind of an entry.
    package static func listDirectories(_ path: String) throws(SysError) -> [String] {
        guard let directory = unsafe opendir(path) else {
            throw SysError(call: "opendir", subject: path, errno: .current)
        }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            guard unsafe entry.pointee.d_type == UInt8(DT_DIR) else { continue }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a tree without following symbolic links and without leaving its file system; a missing path is fine.
    ///
    /// Containers fill such trees: names need not be UTF-8, and the depth has no limit (see `TreeWalk`).
    package static func removeTree(_ path: String) throws(SysError) { try TreeWalk.remove(path) }
}

extension Files {
    /// Writes a file anew without syncing it: for state that need not outlive a crash of the machine.
    package static func write(_ path: String, _ bytes: some Collection<UInt8>, mode: mode_t) throws(SysError) {
        let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
        try writeAll(file.raw, bytes, subject: path)
    }
}

extension Files {
    /// What is at a path, with symbolic links followed.
    package enum Kind: Sendable {
        case regular, directory, socket, characterDevice, blockDevice, other
    }

    package static func kind(_ path: String) throws(SysError) -> Kind {
        var status = stat()
        try sys("stat", path) { unsafe fstatat(AT_FDCWD, path, &status, 0) }
        return switch status.st_mode & S_IFMT {
        case S_IFREG: .regular
        case S_IFDIR: .directory
        case S_IFSOCK: .socket
        case S_IFCHR: .characterDevice
        case S_IFBLK: .blockDevice
        default: .other
        }
    }

    /// Sets the permission bits regardless of the process's umask.
    package static func setMode(_ path: String, _ mode: mode_t) throws(SysError) {
        try sys("chmod", path) { unsafe chmod(path, mode) }
    }

    /// The group of a file that is no link; the owner stays.
    package static func setGroup(_ path: String, _ group: UInt32) throws(SysError) {
        try sys("lchown", path) { unsafe lchown(path, .max, group) }
    }
}

extension Files {
    /// The first bytes of a file, at most `limit`.
    package static func readPrefix(_ path: String, limit: Int) throws(SysError) -> [UInt8] {
        let file = try Descriptor.open(path, O_RDONLY)
        return try read(file.raw, at: 0, count: limit, subject: path)
    }

    /// The last bytes of a file, at most `limit`.
    package static func readSuffix(_ path: String, limit: Int) throws(SysError) -> [UInt8] {
        let file = try Descriptor.open(path, O_RDONLY)
        let raw = file.raw
        let size = Int(try sys("lseek", path) { lseek(raw, 0, SEEK_END) })
        return try read(raw, at: max(0, size - limit), count: limit, subject: path)
    }

    /// Up to `count` bytes from a position, `pread(2)`; fewer at the end of the file.
    package static func read(_ raw: Int32, at offset: Int, count: Int, subject: String) throws(SysError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let from = filled
            let got = try sys("pread", subject) {
                unsafe bytes.withUnsafeMutableBytes {
                    unsafe pread(raw, $0.baseAddress?.advanced(by: from), $0.count - from, off_t(offset + from))
                }
            }
            if got == 0 { break }
            filled += got
        }
        bytes.removeLast(count - filled)
        return bytes
    }
}

extension Files {
    /// What a symbolic link says, `readlink(2)`.
    package static func linkTarget(_ path: String) throws(SysError) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = try sys("readlink", path) { unsafe readlink(path, &buffer, buffer.count) }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension Files {
    /// True if the open descriptor is a regular file.
    package static func isRegular(_ raw: Int32, subject: String) throws(SysError) -> Bool {
        var status = stat()
        try sys("fstat", subject) { unsafe fstat(raw, &status) }
        return status.st_mode & S_IFMT == S_IFREG
    }
}

extension Files {
    /// The number that tells one file from another on its file system.
    package static func inode(_ raw: Int32, subject: String) throws(SysError) -> UInt64 {
        var status = stat()
        try sys("fstat", subject) { unsafe fstat(raw, &status) }
        return UInt64(status.st_ino)
    }

    /// The size of an open file, in bytes.
    package static func size(_ raw: Int32, subject: String) throws(SysError) -> Int {
        var status = stat()
        try sys("fstat", subject) { unsafe fstat(raw, &status) }
        return Int(status.st_size)
    }
}
