/// Writes tar archives for tests, with every trick that a header allows.
struct TarBuilder {
    private(set) var bytes: [UInt8] = []

    struct Options {
        var mode: UInt32 = 0o644
        var uid: Int64 = 0
        var gid: Int64 = 0
        var time: Int64 = 1_600_000_000
        var major: UInt32 = 0
        var minor: UInt32 = 0
        /// Claimed in the header instead of the true size.
        var size: Int64?
        var magic: [UInt8] = Array("ustar\u{0}00".utf8)
        /// Records of a pax header before the entry.
        var pax: [(String, [UInt8])] = []
    }

    /// Adds an entry of any type.
    mutating func add(
        _ type: Character,
        _ name: [UInt8],
        link: String = "",
        _ content: [UInt8] = [],
        _ options: Options = Options()
    ) {
        if !options.pax.isEmpty { addPax(options.pax) }
        bytes += TarBuilder.header(
            type,
            name,
            link: Array(link.utf8),
            size: options.size ?? Int64(content.count),
            options
        )
        addData(content)
    }

    mutating func add(
        _ type: Character,
        _ name: String,
        link: String = "",
        _ content: [UInt8] = [],
        _ options: Options = Options()
    ) {
        add(type, Array(name.utf8), link: link, content, options)
    }

    mutating func file(_ name: String, _ content: String = "", mode: UInt32 = 0o644, uid: Int64 = 0) {
        add("0", name, Array(content.utf8), Options(mode: mode, uid: uid))
    }

    mutating func file(_ name: String, bytes content: [UInt8], mode: UInt32 = 0o644) {
        add("0", name, content, Options(mode: mode))
    }

    mutating func directory(_ name: String, mode: UInt32 = 0o755, uid: Int64 = 0, time: Int64 = 1_600_000_000) {
        add("5", name, [], Options(mode: mode, uid: uid, time: time))
    }

    mutating func symlink(_ name: String, to target: String) { add("2", name, link: target, [], Options(mode: 0o777)) }
    mutating func hardLink(_ name: String, to target: String) { add("1", name, link: target) }

    mutating func addPax(_ records: [(String, [UInt8])], type: Character = "x") {
        var body: [UInt8] = []
        for (key, value) in records {
            let rest = [0x20] + Array(key.utf8) + [0x3D] + value + [0x0A]
            var length = rest.count + 1
            while String(length).utf8.count + rest.count != length { length = String(length).utf8.count + rest.count }
            body += Array(String(length).utf8) + rest
        }
        bytes += TarBuilder.header(type, Array("pax".utf8), link: [], size: Int64(body.count), Options())
        addData(body)
    }

    /// A header whose data follows raw, such as that of a long name.
    mutating func addRaw(_ raw: [UInt8]) { bytes += raw }

    mutating func addData(_ content: [UInt8]) {
        bytes += content
        bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    /// The archive with its two blocks of zeros.
    func finished() -> [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    static func header(_ type: Character, _ name: [UInt8], link: [UInt8], size: Int64, _ options: Options) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ value: [UInt8], at offset: Int, limit: Int) {
            for (index, byte) in value.prefix(limit).enumerated() { header[offset + index] = byte }
        }
        func octal(_ value: Int64, at offset: Int, digits: Int) {
            let text = String(value, radix: 8)
            if value < 0 || text.utf8.count > digits {
                // Binary, as GNU writes what does not fit.
                for index in 0...digits {
                    header[offset + index] = UInt8(truncatingIfNeeded: value >> Int64(8 * min(7, digits - index)))
                }
                for index in 0...digits where digits - index > 7 { header[offset + index] = value < 0 ? 0xFF : 0 }
                header[offset] |= 0x80
                return
            }
            put(Array((String(repeating: "0", count: digits - text.utf8.count) + text).utf8), at: offset, limit: digits)
        }
        put(name, at: 0, limit: 100)
        octal(Int64(options.mode), at: 100, digits: 7)
        octal(options.uid, at: 108, digits: 7)
        octal(options.gid, at: 116, digits: 7)
        octal(size, at: 124, digits: 11)
        octal(options.time, at: 136, digits: 11)
        header[156] = type.asciiValue ?? 0
        put(link, at: 157, limit: 100)
        put(options.magic, at: 257, limit: 8)
        octal(Int64(options.major), at: 329, digits: 7)
        octal(Int64(options.minor), at: 337, digits: 7)
        checksum(&header)
        return header
    }

    static func checksum(_ header: inout [UInt8]) {
        for index in 148..<156 { header[index] = 0x20 }
        let sum = header.reduce(0) { $0 + Int($1) }
        let text = String(sum, radix: 8)
        let field = String(repeating: "0", count: 6 - text.utf8.count) + text
        for (index, byte) in field.utf8.enumerated() { header[148 + index] = byte }
        header[154] = 0
        header[155] = 0x20
    }
}
