/// The records of a pax extended header: "LENGTH KEY=VALUE\n" each (POSIX.1-2001, pax). Pure.
struct PaxRecords: Equatable {
    private(set) var path: [UInt8]?
    private(set) var linkTarget: [UInt8]?
    private(set) var size: Int64?
    private(set) var uid: Int64?
    private(set) var gid: Int64?
    private(set) var modified: TarEntry.Time?
    private(set) var attributes: [TarEntry.Attribute] = []
    /// GNU's sparse files, formats 0.0, 0.1 and 1.0.
    private(set) var sparse = Sparse()
    /// What is wrong with the value of a record. Kept for whoever knows the name of the entry, which may come later.
    private(set) var fault: TarHeader.Invalid?

    struct Sparse: Equatable {
        var major: Int64?
        var minor: Int64?
        var name: [UInt8]?
        var realSize: Int64?
        /// The numbers of formats 0.0 and 0.1: offset, length, offset, length, …
        var numbers: [Int64] = []
        var hasMap = false
    }

    private static let attributePrefix = Array("SCHILY.xattr.".utf8)
    private static let sparsePrefix = Array("GNU.sparse.".utf8)
    /// The most runs of a sparse file; more is refused.
    static let runLimit = 1 << 20

    init() {}

    init(_ bytes: [UInt8]) throws(TarHeader.Invalid) {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let space = rest.prefix(21).firstIndex(of: 0x20),
                let length = PaxRecords.integer(rest[rest.startIndex..<space]),
                length > 4, length <= rest.count
            else { throw PaxRecords.invalid }
            let end = rest.startIndex + Int(length)
            guard space + 1 < end - 1, rest[end - 1] == 0x0A else { throw PaxRecords.invalid }
            let record = rest[(space + 1)..<(end - 1)]
            guard let equals = record.firstIndex(of: 0x3D) else { throw PaxRecords.invalid }
            do { try take(record[..<equals], record[(equals + 1)...]) } catch { fault = fault ?? error }
            rest = rest[end...]
        }
    }

    private static let invalid = TarHeader.Invalid(reason: "an extended header is damaged")

    private mutating func take(_ key: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) throws(TarHeader.Invalid) {
        if key.starts(with: PaxRecords.attributePrefix) {
            let name = Array(key.dropFirst(PaxRecords.attributePrefix.count))
            guard !name.isEmpty, !name.contains(0) else { throw PaxRecords.invalid }
            attributes.removeAll { $0.name == name }
            attributes.append(TarEntry.Attribute(name: name, value: Array(value)))
            return
        }
        if key.starts(with: PaxRecords.sparsePrefix) {
            try takeSparse(String(decoding: key.dropFirst(PaxRecords.sparsePrefix.count), as: UTF8.self), value)
            return
        }
        switch String(decoding: key, as: UTF8.self) {
        case "path": path = try PaxRecords.name(value)
        case "linkpath": linkTarget = try PaxRecords.name(value)
        case "size": size = try PaxRecords.optionalNumber(value, "size")
        case "uid": uid = try PaxRecords.optionalNumber(value, "uid")
        case "gid": gid = try PaxRecords.optionalNumber(value, "gid")
        case "mtime": modified = try PaxRecords.time(value)
        default: break
        }
    }

    private mutating func takeSparse(_ key: String, _ value: ArraySlice<UInt8>) throws(TarHeader.Invalid) {
        switch key {
        case "major": sparse.major = try PaxRecords.number(value)
        case "minor": sparse.minor = try PaxRecords.number(value)
        case "name": sparse.name = try PaxRecords.name(value)
        case "size", "realsize": sparse.realSize = try PaxRecords.number(value)
        case "offset", "numbytes":
            sparse.hasMap = true
            sparse.numbers.append(try PaxRecords.number(value))
        case "map":
            sparse.hasMap = true
            sparse.numbers = []
            for part in value.split(separator: 0x2C) { sparse.numbers.append(try PaxRecords.number(part)) }
        default: break
        }
        if sparse.numbers.count > 2 * PaxRecords.runLimit {
            throw TarHeader.Invalid(reason: "a sparse file has too many pieces")
        }
    }

    /// An empty value takes the record back.
    private static func name(_ value: ArraySlice<UInt8>) throws(TarHeader.Invalid) -> [UInt8]? {
        guard !value.contains(0) else { throw TarHeader.Invalid(reason: "a name contains a zero byte") }
        return value.isEmpty ? nil : Array(value)
    }

    private static func optionalNumber(
        _ value: ArraySlice<UInt8>,
        _ what: String
    ) throws(TarHeader.Invalid) -> Int64? {
        if value.isEmpty { return nil }
        guard let number = integer(value) else { throw outOfRange(what, value) }
        return number
    }

    private static func outOfRange(_ what: String, _ value: ArraySlice<UInt8>) -> TarHeader.Invalid {
        TarHeader.Invalid(reason: "\(what) \(ByteText.text(value.prefix(40))) is no number, or out of range")
    }

    private static func number(_ value: ArraySlice<UInt8>) throws(TarHeader.Invalid) -> Int64 {
        guard let number = integer(value) else { throw PaxRecords.invalid }
        return number
    }

    /// Seconds with an optional fraction, of which nine digits count; may be negative.
    private static func time(_ value: ArraySlice<UInt8>) throws(TarHeader.Invalid) -> TarEntry.Time? {
        if value.isEmpty { return nil }
        let parts = value.split(separator: 0x2E, maxSplits: 1, omittingEmptySubsequences: false)
        let negative = value.first == 0x2D
        guard let whole = parts.first, let seconds = integer(whole) ?? (whole == [0x2D] ? 0 : nil) else {
            throw outOfRange("mtime", value)
        }
        var nanoseconds: Int64 = 0
        if parts.count == 2 {
            guard parts[1].allSatisfy({ (0x30...0x39).contains($0) }) else { throw PaxRecords.invalid }
            for digit in (Array(parts[1].prefix(9)) + [UInt8](repeating: 0x30, count: 9)).prefix(9) {
                nanoseconds = nanoseconds * 10 + Int64(digit - 0x30)
            }
        }
        if negative, nanoseconds > 0 {
            guard seconds > Int64.min else { throw outOfRange("mtime", value) }
            return TarEntry.Time(seconds: seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds)
        }
        return TarEntry.Time(seconds: seconds, nanoseconds: nanoseconds)
    }

    /// Decimal digits with an optional minus sign.
    static func integer(_ digits: some Collection<UInt8>) -> Int64? {
        guard !digits.isEmpty, digits.count <= 20 else { return nil }
        return Int64(String(decoding: digits, as: UTF8.self))
    }
}
