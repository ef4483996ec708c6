/// One entry of a tar archive as its headers describe it. Names are bytes: they need not be UTF-8.
struct TarEntry: Equatable {
    enum Kind: Equatable {
        case file
        case directory
        case symbolicLink
        /// Another name of a file; `linkTarget` is a path of the archive.
        case hardLink
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
        case fifo
        /// A type of entry that only some tar programs know.
        case other(UInt8)
    }

    struct Time: Equatable {
        var seconds: Int64
        /// 0 ..< 1,000,000,000
        var nanoseconds: Int64
    }

    /// A run of bytes of a sparse file; between runs there are holes.
    struct Run: Equatable {
        var offset: Int64
        var length: Int64
    }

    struct Attribute: Equatable {
        var name: [UInt8]
        var value: [UInt8]
    }

    var path: [UInt8] = []
    var linkTarget: [UInt8] = []
    var kind: Kind = .file
    /// Permission bits with set-user-id, set-group-id and sticky; no file type.
    var mode: UInt32 = 0
    var uid: Int64 = 0
    var gid: Int64 = 0
    /// Bytes that follow in the archive.
    var storedSize: Int64 = 0
    /// Bytes of the file, holes included.
    var size: Int64 = 0
    var modified = Time(seconds: 0, nanoseconds: 0)
    /// Extended attributes, in the order of the archive.
    var attributes: [Attribute] = []
    /// For a sparse file: the runs of data in ascending order; nil for any other file.
    var runs: [Run]?

    /// The path for a message.
    var name: String { ByteText.text(path) }
}

/// Bytes from an archive as text for people.
enum ByteText {
    /// At most 200 characters, without control characters.
    static func text(_ bytes: some Collection<UInt8>) -> String {
        let cut = bytes.prefix(200).map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }
        return String(decoding: cut, as: UTF8.self) + (bytes.count > 200 ? "…" : "")
    }
}
