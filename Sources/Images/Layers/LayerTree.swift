import Glibc
import Linux

/// The directory that a layer is unpacked into, by descriptor: no call here is given a path with more than one name
/// that the kernel was not told to keep below the directory and to take without symbolic links.
///
/// The directory must be private until unpacking is done.
final class LayerTree {
    /// Why a directory of a path cannot be reached.
    enum Obstacle: Error {
        case system(SysError)
        /// Something that is no directory is in the way.
        case notDirectory(at: [UInt8])
        /// Symbolic links lead in circles.
        case linkLoop
        /// The entry itself is not taken.
        case refused(ImageError)
    }

    let root: Descriptor
    let parents: ParentLayers
    /// Sets times of directories when everything in them is made: path and time, in the order of the archive.
    private(set) var directoryTimes: [(path: [UInt8], time: TarEntry.Time)] = []

    private var cachedPath: [UInt8]?
    private var cached: Descriptor?

    init(path: String, parents: ParentLayers) throws(SysError) {
        root = try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        self.parents = parents
    }

    /// A directory of the layer for `*at` calls, valid until the next call. What is missing on the way is made, with the
    /// owner and mode that lower layers have for it; links are followed inside the layer, as if it were "/".
    func directory(_ path: ArraySlice<UInt8>) throws(Obstacle) -> Int32 {
        if let cachedPath, cachedPath.elementsEqual(path), let raw = cached?.raw { return raw }
        forget()
        let opened: Descriptor
        do {
            opened = try open(Array(path))
        } catch {
            switch error.errno {
            case .noEntry, .tooManyLinks, .notDirectory: break
            default: throw .system(error)
            }
            let resolved = try makeDirectories(path)
            do { opened = try open(resolved) } catch { throw .system(error) }
        }
        let raw = opened.raw
        cached = consume opened
        cachedPath = Array(path)
        return raw
    }

    /// To be called when a directory or a link goes away: what `directory` gave out may be something else now.
    func forget() {
        cachedPath = nil
        cached = nil
    }

    func setLater(_ time: TarEntry.Time, ofDirectory path: some Collection<UInt8>) {
        directoryTimes.append((Array(path), time))
    }

    /// Sets the times of directories, after everything else.
    func setDirectoryTimes() throws(SysError) {
        for (path, time) in directoryTimes.reversed() {
            do {
                let directory = try open(path)
                try LayerTree.set(time, of: ".", in: directory.raw, flags: 0)
            } catch {
                // A later entry replaced the directory by something else.
                if error.errno == .noEntry || error.errno == .notDirectory || error.errno == .tooManyLinks { continue }
                throw error
            }
        }
        directoryTimes = []
    }

    static func set(_ time: TarEntry.Time, of name: [CChar], in directory: Int32, flags: Int32) throws(SysError) {
        let moment = timespec(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds))
        let times = [moment, moment]
        try sys("utimensat", "") { unsafe utimensat(directory, name, times, flags) }
    }

    private static func set(_ time: TarEntry.Time, of name: String, in directory: Int32, flags: Int32) throws(SysError)
    {
        try set(time, of: PathResolution.cPath(name.utf8), in: directory, flags: flags)
    }

    /// Whether the disk has a megabyte and an inode to spare, so that "no space left" does not mean the disk.
    var hasRoom: Bool {
        var status = statvfs()
        guard unsafe fstatvfs(root.raw, &status) == 0 else { return false }
        // Some file systems do not count inodes.
        return status.f_bavail * status.f_frsize >= 1 << 20 && (status.f_files == 0 || status.f_favail > 0)
    }

    /// Marks a directory as hiding what lower layers have in it.
    func makeOpaque(_ directory: Int32) throws(SysError) {
        try ExtendedAttributes.set(
            Overlay.opaqueAttribute,
            to: Overlay.opaqueValue,
            ofPathOnly: directory,
            subject: "a directory of the layer"
        )
    }

    /// Makes a directory in the place of whatever has its name; a directory stays as it is.
    ///
    /// - Returns: False if there was a directory.
    @discardableResult
    func makeDirectory(_ name: [CChar], in directory: Int32) throws(SysError) -> Bool {
        var wasWhiteout = false
        while true {
            if unsafe mkdirat(directory, name, 0o700) == 0 { break }
            let failure = Errno.current
            guard failure == .exists else { throw SysError(call: "mkdir", subject: "", errno: failure) }
            var status = stat()
            try sys("fstatat", "") { unsafe fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) }
            if status.st_mode & S_IFMT == S_IFDIR { return false }
            wasWhiteout = wasWhiteout || ParentLayers.isWhiteout(status)
            try remove(name, in: directory)
        }
        if wasWhiteout {
            // The whiteout hid a directory of a lower layer; without it the two would merge.
            let made = try open(name, in: directory)
            try makeOpaque(made.raw)
        }
        return true
    }

    /// Removes whatever has a name, a whole tree if need be.
    func remove(_ name: [CChar], in directory: Int32) throws(SysError) {
        // The directory may be the cached one: keep it open, but let nobody ask for it by path again.
        cachedPath = nil
        let bytes = name.dropLast().map { UInt8(bitPattern: $0) }
        try TreeWalk.remove(bytes, below: directory, subject: PathResolution.text(bytes))
    }

    /// Opens what has a name, itself and not what it links to, for `*at` calls and /proc/self/fd.
    func open(_ name: [CChar], in directory: Int32) throws(SysError) -> Descriptor {
        Descriptor(
            owning: try sys("openat", "") {
                unsafe openat(directory, name, PathResolution.pathOnly | O_NOFOLLOW | O_CLOEXEC)
            }
        )
    }

    /// Opens a clean path without following any link.
    private func open(_ path: [UInt8]) throws(SysError) -> Descriptor {
        try PathResolution.open(
            below: root.raw,
            path.isEmpty ? [0x2E] : path,
            PathResolution.pathOnly | O_DIRECTORY,
            rules: [.beneath, .noSymlinks]
        )
    }

    // MARK: Missing directories

    /// Walks a path part by part, makes what is missing, and follows links inside the layer.
    ///
    /// - Returns: The clean path without links that it leads to.
    private func makeDirectories(_ path: ArraySlice<UInt8>) throws(Obstacle) -> [UInt8] {
        var rest = Array(path.split(separator: 0x2F).reversed())
        var resolved: [ArraySlice<UInt8>] = []
        var links = 0
        while let part = rest.popLast() {
            if part.elementsEqual([0x2E]) { continue }
            if part.elementsEqual([0x2E, 0x2E]) {
                // As the kernel does at "/".
                _ = resolved.popLast()
                continue
            }
            let here = Array(resolved.joined(separator: [0x2F]))
            do {
                let parent = try open(here)
                let name = try PathResolution.cPath(part)
                var status = stat()
                if unsafe fstatat(parent.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0 {
                    if status.st_mode & S_IFMT == S_IFLNK {
                        links += 1
                        let target = try LayerTree.readLink(name, in: parent.raw)
                        if target.first == 0x2F { resolved = [] }
                        rest.append(contentsOf: target.split(separator: 0x2F).reversed())
                    } else if status.st_mode & S_IFMT == S_IFDIR {
                        resolved.append(part)
                    } else if ParentLayers.isWhiteout(status) {
                        try makeDirectory(name, in: parent.raw)
                        resolved.append(part)
                        try adopt(nil, name, in: parent.raw)
                    } else {
                        throw Obstacle.notDirectory(at: here + (here.isEmpty ? [] : [0x2F]) + part)
                    }
                } else {
                    let failure = Errno.current
                    guard failure == .noEntry else { throw SysError(call: "fstatat", subject: "", errno: failure) }
                    try makeDirectory(name, in: parent.raw)
                    resolved.append(part)
                    try adopt(Array(resolved.joined(separator: [0x2F])), name, in: parent.raw)
                }
            } catch let error as SysError {
                throw .system(error)
            } catch let error as Obstacle {
                throw error
            } catch {
                preconditionFailure("only the errors above are thrown: \(error)")
            }
            if links > 40 { throw .linkLoop }
        }
        return Array(resolved.joined(separator: [0x2F]))
    }

    /// Gives a directory that no entry describes the owner, mode, attributes and time that it has in lower layers.
    private func adopt(_ path: [UInt8]?, _ name: [CChar], in directory: Int32) throws(SysError) {
        let made = try open(name, in: directory)
        guard let path, let found = try parents.find(path), found.status.st_mode & S_IFMT == S_IFDIR else {
            try sys("chmod", "") { unsafe chmod("/proc/self/fd/\(made.raw)", 0o755) }
            return
        }
        try LayerTree.copyMetadata(of: found, to: made.raw)
        let time = found.status.st_mtim
        setLater(TarEntry.Time(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec)), ofDirectory: path)
    }

    /// Copies owner, mode and attributes, in the order that keeps them: a change of owner clears set-id bits.
    static func copyMetadata(of found: borrowing ParentLayers.Found, to descriptor: Int32) throws(SysError) {
        let place = "/proc/self/fd/\(descriptor)"
        let status = found.status
        try sys("chown", place) { unsafe chown(place, status.st_uid, status.st_gid) }
        try sys("chmod", place) { unsafe chmod(place, status.st_mode & 0o7777) }
        for (name, value) in try ExtendedAttributes.all("/proc/self/fd/\(found.descriptor.raw)")
        where !Overlay.owns(name) {
            try ExtendedAttributes.set(name, to: value, ofPathOnly: descriptor, subject: place)
        }
    }

    static func readLink(_ name: [CChar], in directory: Int32) throws(SysError) -> [UInt8] {
        var target = [CChar](repeating: 0, count: 4096)
        let count = try sys("readlink", "") { unsafe readlinkat(directory, name, &target, target.count) }
        return target[..<count].map { UInt8(bitPattern: $0) }
    }
}
