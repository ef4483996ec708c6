import Glibc
import Linux

/// Writes a tar archive to a file or a pipe: plain files and directories, the same bytes for the same content.
struct TarWriter: ~Copyable {
    private let file: Int32
    private let label: String

    /// - Parameter file: Stays the caller's.
    init(_ file: Int32, label: String) {
        self.file = file
        self.label = label
    }

    func directory(_ name: String) throws(ImageError) {
        try put(try TarWriter.header(name, type: "5", mode: 0o755, size: 0))
    }

    func file(_ name: String, _ bytes: [UInt8]) throws(ImageError) {
        try put(try TarWriter.header(name, type: "0", mode: 0o644, size: Int64(bytes.count)))
        try put(bytes)
        try pad(Int64(bytes.count))
    }

    /// Copies a file of known size; `progress` gets the bytes of each piece.
    func file(
        _ name: String,
        copying source: borrowing Descriptor,
        size: Int64,
        progress: (Int64) -> Void
    ) throws(ImageError) {
        try put(try TarWriter.header(name, type: "0", mode: 0o444, size: size))
        var rest = size
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        let raw = source.raw
        while rest > 0 {
            let wanted = Int(min(rest, Int64(buffer.count)))
            let count = try doing("reading \(name)") { () throws(SysError) in
                try sys("read", name) { unsafe read(raw, &buffer, wanted) }
            }
            guard count > 0 else { throw .truncated(what: name, reason: "\(rest) bytes of it are gone from the disk") }
            try put(Array(buffer[..<count]))
            rest -= Int64(count)
            progress(Int64(count))
        }
        try pad(size)
    }

    /// Writes the two blocks of zeros that end an archive.
    func finish() throws(ImageError) { try put([UInt8](repeating: 0, count: 1024)) }

    private func pad(_ size: Int64) throws(ImageError) {
        try put([UInt8](repeating: 0, count: Int((512 - size % 512) % 512)))
    }

    private func put(_ bytes: [UInt8]) throws(ImageError) {
        let (file, label) = (file, label)
        try doing("writing \(label)") { () throws(SysError) in try Files.writeAll(file, bytes, subject: label) }
    }

    /// A ustar header without a time and an owner, so that equal images give equal archives.
    static func header(_ name: String, type: Character, mode: UInt32, size: Int64) throws(ImageError) -> [UInt8] {
        let path = Array(name.utf8)
        // Names of a layout are short; eleven octal digits are 8 GiB.
        guard path.count <= 100 else {
            throw .unsupported(
                what: "the name \"\(name)\"",
                reason: "it is too long for an archive",
                advice: "shorten it"
            )
        }
        var header = [UInt8](repeating: 0, count: TarHeader.size)
        func put(_ text: some Collection<UInt8>, at offset: Int) {
            for (index, byte) in text.enumerated() { header[offset + index] = byte }
        }
        func octal(_ value: Int64, at offset: Int, digits: Int) {
            let text = String(value, radix: 8)
            put((String(repeating: "0", count: max(0, digits - text.utf8.count)) + text).utf8, at: offset)
        }
        put(path, at: 0)
        octal(Int64(mode), at: 100, digits: 7)
        octal(0, at: 108, digits: 7)
        octal(0, at: 116, digits: 7)
        if size < 1 << 33 {
            octal(size, at: 124, digits: 11)
        } else {
            header[124] = 0x80
            for index in 0..<8 { header[128 + index] = UInt8(truncatingIfNeeded: size >> Int64(8 * (7 - index))) }
        }
        octal(0, at: 136, digits: 11)
        header[156] = type.asciiValue ?? 0x30
        put("ustar\u{0}00".utf8, at: 257)
        put([UInt8](repeating: 0x20, count: 8), at: 148)
        octal(header.reduce(0) { $0 + Int64($1) }, at: 148, digits: 6)
        header[154] = 0
        return header
    }
}
