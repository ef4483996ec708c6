/// The path of an entry inside a layer: relative, without ".", ".." or empty parts. Pure.
struct EntryPath: Hashable {
    /// Why a path is not taken.
    enum Refusal: Error, Equatable {
        /// It leads out of the layer.
        case escapes
        /// It contains a zero byte.
        case zeroByte
        /// It or one of its names is longer than the kernel allows.
        case tooLong
        /// It hides nothing: a whiteout of nothing, "." or "..".
        case emptyWhiteout
    }

    /// The whole path; empty for the root of the layer.
    let bytes: [UInt8]
    private let nameStart: Int

    /// A name may have at most this many bytes (NAME_MAX).
    static let nameLimit = 255
    /// A path may have at most this many bytes (PATH_MAX without its zero byte).
    static let pathLimit = 4095

    /// Cleans the path of an archive: a leading "/" and "." are dropped; ".." is resolved without looking at links, as
    /// other engines do, and refused where it would go above the root.
    init(_ text: [UInt8]) throws(Refusal) {
        var clean: [UInt8] = []
        clean.reserveCapacity(text.count)
        var starts: [Int] = []
        for part in text.split(separator: 0x2F) {
            if part.elementsEqual([0x2E]) { continue }
            if part.elementsEqual([0x2E, 0x2E]) {
                guard let start = starts.popLast() else { throw .escapes }
                clean.removeLast(clean.count - max(0, start - 1))
                continue
            }
            if part.contains(0) { throw .zeroByte }
            if part.count > EntryPath.nameLimit { throw .tooLong }
            if !clean.isEmpty { clean.append(0x2F) }
            starts.append(clean.count)
            clean.append(contentsOf: part)
        }
        if clean.count > EntryPath.pathLimit { throw .tooLong }
        bytes = clean
        nameStart = starts.last ?? 0
    }

    private init(bytes: [UInt8], nameStart: Int) {
        self.bytes = bytes
        self.nameStart = nameStart
    }

    /// The path for a message.
    var text: String { ByteText.text(bytes) }

    var isRoot: Bool { bytes.isEmpty }

    /// The last part; empty for the root.
    var name: ArraySlice<UInt8> { bytes[nameStart...] }

    /// The path of the directory that holds it; empty for the root of the layer.
    var parent: ArraySlice<UInt8> { bytes[..<max(0, nameStart - 1)] }

    /// What an entry with this path is for (image-spec 1.1, layer.md, "Whiteouts").
    enum Purpose: Equatable {
        case content
        /// Hides what lower layers have at the path.
        case whiteout(EntryPath)
        /// Hides what lower layers have in the directory.
        case opaque(directory: ArraySlice<UInt8>)
        /// Bookkeeping of aufs, which means nothing to others.
        case bookkeeping
    }

    private static let prefix = Array(".wh.".utf8)
    private static let metaPrefix = Array(".wh..wh.".utf8)
    private static let opaqueName = Array(".wh..wh..opq".utf8)

    func purpose() throws(Refusal) -> Purpose {
        if name.elementsEqual(EntryPath.opaqueName) { return .opaque(directory: parent) }
        if bytes.split(separator: 0x2F).contains(where: { $0.starts(with: EntryPath.metaPrefix) }) {
            return .bookkeeping
        }
        guard name.starts(with: EntryPath.prefix) else { return .content }
        let hidden = name.dropFirst(EntryPath.prefix.count)
        if hidden.isEmpty || hidden.elementsEqual([0x2E]) || hidden.elementsEqual([0x2E, 0x2E]) {
            throw .emptyWhiteout
        }
        return .whiteout(EntryPath(bytes: Array(bytes[..<nameStart]) + hidden, nameStart: nameStart))
    }
}
