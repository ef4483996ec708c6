/// The fixed 512-byte header of a tar entry: ustar of POSIX, GNU's, star's, and the old one of version 7.
///
/// Pure: bytes in, values out. Reasons for a refusal are texts; the reader adds which archive it was.
struct TarHeader {
    /// Why a header is not one.
    struct Invalid: Error, Equatable {
        let reason: String
    }

    static let size = 512

    enum Dialect: Equatable { case version7, ustar, star, gnu }

    let bytes: [UInt8]
    let dialect: Dialect
    let type: UInt8

    /// Checks the checksum and tells the dialect.
    ///
    /// - Parameter bytes: Exactly 512.
    init(_ bytes: [UInt8]) throws(Invalid) {
        precondition(bytes.count == TarHeader.size)
        self.bytes = bytes
        var unsigned: Int64 = 0
        var signed: Int64 = 0
        for (index, byte) in bytes.enumerated() {
            let counted = (148..<156).contains(index) ? 0x20 : byte
            unsigned += Int64(counted)
            signed += Int64(Int8(bitPattern: counted))
        }
        // Some very old programs summed signed characters.
        let stated = try TarHeader.number(bytes[148..<156], "checksum")
        guard stated == unsigned || stated == signed else {
            throw Invalid(reason: "a header's checksum is wrong; it is not a tar archive, or it is damaged")
        }
        type = bytes[156]
        if bytes[257..<263].elementsEqual("ustar\0".utf8) {
            dialect = bytes[508..<512].elementsEqual("tar\0".utf8) ? .star : .ustar
        } else if bytes[257..<265].elementsEqual("ustar  \0".utf8) {
            dialect = .gnu
        } else {
            dialect = .version7
        }
    }

    /// True for a block of zeros, two of which end an archive.
    static func isEnd(_ bytes: [UInt8]) -> Bool { bytes.allSatisfy { $0 == 0 } }

    var path: [UInt8] {
        let name = TarHeader.text(bytes[0..<100])
        let prefix: [UInt8] =
            switch dialect {
            case .ustar: TarHeader.text(bytes[345..<500])
            case .star: TarHeader.text(bytes[345..<476])
            case .gnu, .version7: []
            }
        return prefix.isEmpty ? name : prefix + [0x2F] + name
    }

    var linkTarget: [UInt8] { TarHeader.text(bytes[157..<257]) }

    func mode() throws(Invalid) -> UInt32 {
        UInt32(truncatingIfNeeded: try TarHeader.number(bytes[100..<108], "mode") & 0o7777)
    }
    func uid() throws(Invalid) -> Int64 { try TarHeader.number(bytes[108..<116], "uid") }
    func gid() throws(Invalid) -> Int64 { try TarHeader.number(bytes[116..<124], "gid") }
    func size() throws(Invalid) -> Int64 { try TarHeader.number(bytes[124..<136], "size") }
    func modified() throws(Invalid) -> Int64 { try TarHeader.number(bytes[136..<148], "mtime") }

    /// The numbers of a device; 0 in the old format, which has none.
    func device() throws(Invalid) -> (major: UInt32, minor: UInt32) {
        if dialect == .version7 { return (0, 0) }
        let major = try TarHeader.number(bytes[329..<337], "device number")
        let minor = try TarHeader.number(bytes[337..<345], "device number")
        guard let first = UInt32(exactly: major), let second = UInt32(exactly: minor) else {
            throw Invalid(reason: "device number \(major):\(minor) is out of range")
        }
        return (first, second)
    }

    /// A string that ends at a zero byte or with its field.
    static func text(_ field: ArraySlice<UInt8>) -> [UInt8] { Array(field.prefix { $0 != 0 }) }

    /// A number in octal digits, or in binary as GNU writes what does not fit (first bit set).
    static func number(_ field: ArraySlice<UInt8>, _ what: String) throws(Invalid) -> Int64 {
        guard let first = field.first else { return 0 }
        if first & 0x80 != 0 {
            let negative = first & 0x40 != 0
            var value: Int64 = negative ? -1 : 0
            for (index, byte) in field.enumerated() {
                let digit = index == 0 ? Int64(byte & 0x3F) | (negative ? ~0x3F : 0) : Int64(byte)
                if index == 0 {
                    value = digit
                    continue
                }
                guard value <= Int64.max >> 8, value >= Int64.min >> 8 else {
                    throw Invalid(reason: "the \(what) of an entry is out of range")
                }
                value = value << 8 | digit
            }
            return value
        }
        var value: Int64 = 0
        var digits = field.drop { $0 == 0x20 || $0 == 0 }
        while let digit = digits.first, digit != 0x20, digit != 0 {
            guard (0x30...0x37).contains(digit) else {
                throw Invalid(reason: "the \(what) of an entry is not a number")
            }
            value = value << 3 | Int64(digit - 0x30)
            digits = digits.dropFirst()
        }
        return value
    }
}
