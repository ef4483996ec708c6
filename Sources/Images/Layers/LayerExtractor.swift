import Glibc
import Linux

/// Unpacks the entries of one layer into a private directory in the form that overlayfs wants.
///
/// Every object is made under its own name in a directory that was reached by descriptor, in the order that keeps what
/// is set: data, owner, mode, attributes, time. A change of owner would clear set-id bits and file capabilities.
final class LayerExtractor {
    let label: String
    let limits: UnpackLimits
    let tree: LayerTree
    private(set) var entries = 0
    /// True once an entry said what the layer's root looks like.
    var describesRoot = false
    /// Bytes of the files made so far.
    private(set) var bytes: Int64 = 0

    /// - Parameters:
    ///   - directory: Empty, private, and not a symbolic link.
    ///   - parents: The layers below.
    ///   - label: The layer, for messages.
    init(into directory: String, parents: ParentLayers, limits: UnpackLimits, label: String) throws(ImageError) {
        self.label = label
        self.limits = limits
        tree = try doing("unpacking \(label)") { () throws(SysError) in
            try LayerTree(path: directory, parents: parents)
        }
    }

    /// Unpacks everything; `progress` gets the bytes made so far.
    func extract(_ reader: TarReader, progress: (Int64) throws(ImageError) -> Void) throws(ImageError) {
        while let entry = try reader.next() {
            entries += 1
            guard entries <= limits.entriesPerLayer else {
                throw .tooLarge(what: label, limit: Int64(limits.entriesPerLayer), unit: "entries")
            }
            guard entry.size <= limits.bytesPerLayer - bytes else {
                throw .tooLarge(what: label, limit: limits.bytesPerLayer, unit: "bytes of files")
            }
            try extract(entry, reader)
            bytes += entry.size
            try progress(bytes)
        }
        do {
            try tree.setDirectoryTimes()
        } catch {
            throw .system(error, doing: "unpacking \(label)")
        }
    }

    // MARK: One entry

    private func extract(_ entry: TarEntry, _ reader: TarReader) throws(ImageError) {
        let path: EntryPath
        let purpose: EntryPath.Purpose
        do {
            path = try EntryPath(entry.path)
            purpose = try path.purpose()
        } catch {
            throw refused(entry, error)
        }
        do throws(LayerTree.Obstacle) {
            switch purpose {
            case .bookkeeping: return
            case .opaque(let directory): try makeOpaque(directory)
            case .whiteout(let hidden): try makeWhiteout(hidden)
            case .content where path.isRoot: try describeRoot(entry)
            case .content: try make(entry, at: path, reader)
            }
        } catch {
            switch error {
            case .system(let cause):
                if let reason = EntryRefusal.reason(cause.errno) { throw impossible(entry, reason) }
                throw .entry(what: label, entry: entry.name, cause: cause)
            case .notDirectory(let place):
                throw .malformed(
                    what: label,
                    reason: "\"\(entry.name)\" lies below \"\(ByteText.text(place))\", which is not a directory"
                )
            case .linkLoop:
                throw .malformed(what: label, reason: "the links on the way to \"\(entry.name)\" lead in circles")
            case .refused(let reason): throw reason
            }
        }
    }

    private func refused(_ entry: TarEntry, _ refusal: EntryPath.Refusal) -> ImageError {
        switch refusal {
        case .escapes: .escape(what: label, entry: entry.name, reason: "leads out of the image with \"..\"")
        case .emptyWhiteout: .escape(what: label, entry: entry.name, reason: "would hide a directory itself")
        case .zeroByte: .malformed(what: label, reason: "the name \"\(entry.name)\" contains a zero byte")
        case .tooLong:
            .malformed(
                what: label,
                reason: "the name \"\(entry.name)\" is longer than Linux allows (255 bytes, path 4095)"
            )
        }
    }

    private func make(_ entry: TarEntry, at path: EntryPath, _ reader: TarReader) throws(LayerTree.Obstacle) {
        if let reason = EntryRefusal.reason(entry) { throw .refused(impossible(entry, reason)) }
        let directory = try tree.directory(path.parent)
        let name = try system { () throws(SysError) in try PathResolution.cPath(path.name) }
        switch entry.kind {
        case .file: try makeFile(entry, name, in: directory, reader)
        case .directory:
            let made = try system { () throws(SysError) in
                try tree.makeDirectory(name, in: directory)
                return try Descriptor(
                    owning: sys("open", "") {
                        unsafe openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                    }
                )
            }
            try describe(entry, made.raw)
            tree.setLater(entry.modified, ofDirectory: path.bytes)
        case .symbolicLink:
            let target = try system { () throws(SysError) in try PathResolution.cPath(entry.linkTarget) }
            try create(name, in: directory) { unsafe symlinkat(target, directory, name) }
            let owner = LayerExtractor.owner(entry)
            try system { () throws(SysError) in
                _ = try sys("chown", "") { unsafe fchownat(directory, name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) }
            }
            if !entry.attributes.isEmpty {
                let made = try system { () throws(SysError) in try tree.open(name, in: directory) }
                try setAttributes(entry, ofPathOnly: made.raw)
            }
            try system { () throws(SysError) in
                try LayerTree.set(entry.modified, of: name, in: directory, flags: AT_SYMLINK_NOFOLLOW)
            }
        case .hardLink: try makeHardLink(entry, at: path, reader)
        case .characterDevice(let major, let minor):
            try makeNode(entry, S_IFCHR, DeviceNumber.make(major: major, minor: minor), name, in: directory)
        case .blockDevice(let major, let minor):
            try makeNode(entry, S_IFBLK, DeviceNumber.make(major: major, minor: minor), name, in: directory)
        case .fifo: try makeNode(entry, S_IFIFO, 0, name, in: directory)
        case .other(let type):
            throw .refused(
                .unsupported(
                    what: label,
                    reason: "\"\(entry.name)\" is an entry of type \(type), which has no meaning in an image",
                    advice: "build the image with a current tool"
                )
            )
        }
    }

    // MARK: Kinds of entries

    private func makeFile(
        _ entry: TarEntry,
        _ name: [CChar],
        in directory: Int32,
        _ reader: TarReader
    ) throws(LayerTree.Obstacle) {
        let file = Descriptor(
            owning: try create(name, in: directory) {
                unsafe openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            }
        )
        let raw = file.raw
        do throws(ImageError) {
            if let runs = entry.runs {
                try LayerExtractor.write(runs, size: entry.size, to: raw, reader, entry)
            } else {
                try unsafe reader.readData { piece throws(ImageError) in
                    do throws(SysError) {
                        try unsafe LayerExtractor.write(piece, to: raw)
                    } catch {
                        throw .entry(what: label, entry: entry.name, cause: error)
                    }
                }
            }
        } catch {
            throw .refused(error)
        }
        try describe(entry, raw)
        try system { () throws(SysError) in
            let moment = timespec(tv_sec: Int(entry.modified.seconds), tv_nsec: Int(entry.modified.nanoseconds))
            let times = [moment, moment]
            try sys("futimens", "") { unsafe futimens(raw, times) }
        }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to file: Int32) throws(SysError) {
        var offset = 0
        while offset < bytes.count {
            let from = offset
            offset += try sys("write", "") {
                unsafe Glibc.write(file, bytes.baseAddress?.advanced(by: from), bytes.count - from)
            }
        }
    }

    /// Writes the runs of a sparse file to their places and leaves holes between them.
    private static func write(
        _ runs: [TarEntry.Run],
        size: Int64,
        to file: Int32,
        _ reader: TarReader,
        _ entry: TarEntry
    ) throws(ImageError) {
        var index = 0
        var done: Int64 = 0
        do {
            try unsafe reader.readData { piece throws(ImageError) in
                var rest = unsafe piece
                while rest.count > 0, index < runs.count {
                    let run = runs[index]
                    let count = min(Int64(rest.count), run.length - done)
                    do throws(SysError) {
                        try sys("lseek", "") { lseek(file, Int(run.offset + done), SEEK_SET) }
                        try unsafe write(UnsafeRawBufferPointer(rebasing: rest[..<Int(count)]), to: file)
                    } catch {
                        throw .entry(what: "a sparse file", entry: entry.name, cause: error)
                    }
                    unsafe rest = UnsafeRawBufferPointer(rebasing: rest[Int(count)...])
                    done += count
                    if done == run.length { (index, done) = (index + 1, 0) }
                }
            }
        }
        if ftruncate(file, Int(size)) != 0 {
            let cause = SysError(call: "ftruncate", subject: "", errno: .current)
            throw .entry(what: "a sparse file", entry: entry.name, cause: cause)
        }
    }

    private func makeNode(
        _ entry: TarEntry,
        _ type: mode_t,
        _ device: UInt64,
        _ name: [CChar],
        in directory: Int32
    ) throws(LayerTree.Obstacle) {
        try create(name, in: directory) { unsafe mknodat(directory, name, type | 0o600, UInt(device)) }
        let made = try system { () throws(SysError) in try tree.open(name, in: directory) }
        let place = "/proc/self/fd/\(made.raw)"
        let owner = LayerExtractor.owner(entry)
        try system { () throws(SysError) in
            try sys("chown", "") { unsafe fchownat(directory, name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) }
            // By descriptor: a chmod by name would follow a link.
            try sys("chmod", "") { unsafe chmod(place, entry.mode) }
        }
        try setAttributes(entry, ofPathOnly: made.raw)
        try system { () throws(SysError) in
            try LayerTree.set(entry.modified, of: name, in: directory, flags: AT_SYMLINK_NOFOLLOW)
        }
    }

    private func makeHardLink(
        _ entry: TarEntry,
        at path: EntryPath,
        _ reader: TarReader
    ) throws(LayerTree.Obstacle) {
        let target: EntryPath
        do {
            target = try EntryPath(entry.linkTarget)
        } catch {
            throw .refused(
                .escape(
                    what: label,
                    entry: entry.name,
                    reason: "is a hard link to \"\(ByteText.text(entry.linkTarget))\", which is not in the image"
                )
            )
        }
        guard !target.isRoot, target != path else {
            throw .refused(
                .malformed(what: label, reason: "\"\(entry.name)\" is a hard link to itself or to a directory")
            )
        }
        let from = try linkSource(target, entry)
        let directory = try tree.directory(path.parent)
        let name = try system { () throws(SysError) in try PathResolution.cPath(path.name) }
        let raw = from.raw
        try create(name, in: directory) {
            unsafe linkat(AT_FDCWD, "/proc/self/fd/\(raw)", directory, name, AT_SYMLINK_FOLLOW)
        }
    }

    /// Opens the target of a hard link; one that only a lower layer has is copied into this layer first, as overlayfs
    /// does when a file of a lower layer gets another name.
    private func linkSource(_ target: EntryPath, _ entry: TarEntry) throws(LayerTree.Obstacle) -> Descriptor {
        let directory = try tree.directory(target.parent)
        let name = try system { () throws(SysError) in try PathResolution.cPath(target.name) }
        let missing = ImageError.malformed(
            what: label,
            reason:
                "\"\(entry.name)\" is a hard link to \"\(ByteText.text(target.bytes))\", which is no file of the image"
        )
        var status = stat()
        if unsafe fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 {
            if status.st_mode & S_IFMT == S_IFDIR || ParentLayers.isWhiteout(status) { throw .refused(missing) }
            return try system { () throws(SysError) in try tree.open(name, in: directory) }
        }
        let failure = Errno.current
        guard failure == .noEntry else {
            throw .system(SysError(call: "fstatat", subject: target.text, errno: failure))
        }
        let found = try system { () throws(SysError) in try tree.parents.find(target.bytes) }
        guard let below = found, below.status.st_mode & S_IFMT == S_IFREG else { throw .refused(missing) }
        do {
            let source = try Descriptor.open("/proc/self/fd/\(below.descriptor.raw)", O_RDONLY)
            let copy = Descriptor(
                owning: try sys("openat", "") {
                    unsafe openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
                }
            )
            try LayerExtractor.copy(from: source.raw, to: copy.raw)
            try LayerTree.copyMetadata(of: below, to: copy.raw)
            let time = below.status.st_mtim
            let moment = TarEntry.Time(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
            try LayerTree.set(moment, of: name, in: directory, flags: AT_SYMLINK_NOFOLLOW)
            return try tree.open(name, in: directory)
        } catch {
            throw .system(error)
        }
    }

    private static func copy(from source: Int32, to target: Int32) throws(SysError) {
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            let count = try sys("read", "") { unsafe read(source, &buffer, buffer.count) }
            if count == 0 { return }
            try Files.writeAll(target, buffer[..<count], subject: "")
        }
    }

    // MARK: Making a name

    /// Makes an object under a name; whatever an earlier entry of the layer made there goes first.
    @discardableResult
    private func create(_ name: [CChar], in directory: Int32, _ body: () -> Int32) throws(LayerTree.Obstacle) -> Int32 {
        while true {
            let result = body()
            if result >= 0 { return result }
            let failure = Errno.current
            if failure == .interrupted { continue }
            guard failure == .exists else { throw .system(SysError(call: "create", subject: "", errno: failure)) }
            try system { () throws(SysError) in try tree.remove(name, in: directory) }
        }
    }

    func system<Result: ~Copyable>(
        _ body: () throws(SysError) -> Result
    ) throws(LayerTree.Obstacle) -> Result {
        do {
            return try body()
        } catch {
            throw .system(error)
        }
    }
}
