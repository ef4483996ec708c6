/// Bytes to values, little-endian. Whatever the bytes say, it stays inside them and ends.
struct BusReader {
    private let bytes: [UInt8]
    private(set) var position: Int
    /// The specification allows 32 arrays within 32 structures; variants count as well here.
    private static let deepest = 64

    init(_ bytes: [UInt8], from position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    static let cut = BusError(.malformed, "a D-Bus message is cut short")

    mutating func align(_ boundary: Int) throws(BusError) {
        let next = (position + boundary - 1) / boundary * boundary
        guard next <= bytes.count else { throw Self.cut }
        position = next
    }

    private mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(BusError) -> T {
        try align(T.bitWidth / 8)
        guard bytes.count - position >= T.bitWidth / 8 else { throw Self.cut }
        var value: T = 0
        for shift in stride(from: 0, to: T.bitWidth, by: 8) {
            value |= T(truncatingIfNeeded: bytes[position]) << shift
            position += 1
        }
        return value
    }

    mutating func unsigned() throws(BusError) -> UInt32 { try integer(UInt32.self) }

    private mutating func text(_ length: Int) throws(BusError) -> String {
        guard length < bytes.count - position, bytes[position + length] == 0 else { throw Self.cut }
        defer { position += length + 1 }
        return String(decoding: bytes[position..<(position + length)], as: UTF8.self)
    }

    private mutating func byte() throws(BusError) -> UInt8 {
        guard position < bytes.count else { throw Self.cut }
        defer { position += 1 }
        return bytes[position]
    }

    /// Reads all values of a signature.
    mutating func values(_ signature: String) throws(BusError) -> [BusValue] {
        var codes = Array(signature.utf8)[...]
        var values: [BusValue] = []
        while !codes.isEmpty { values.append(try value(&codes, depth: 0)) }
        return values
    }

    private mutating func value(_ codes: inout ArraySlice<UInt8>, depth: Int) throws(BusError) -> BusValue {
        guard depth < Self.deepest else { throw BusError(.malformed, "a D-Bus value is nested too deeply") }
        guard let code = codes.popFirst() else { throw Self.badSignature }
        switch code {
        case UInt8(ascii: "y"): return .byte(try byte())
        case UInt8(ascii: "b"): return .boolean(try unsigned() != 0)
        case UInt8(ascii: "n"): return .int16(try integer(Int16.self))
        case UInt8(ascii: "q"): return .uint16(try integer(UInt16.self))
        case UInt8(ascii: "i"): return .int32(try integer(Int32.self))
        case UInt8(ascii: "u"), UInt8(ascii: "h"): return .uint32(try unsigned())
        case UInt8(ascii: "x"): return .int64(try integer(Int64.self))
        case UInt8(ascii: "t"): return .uint64(try integer(UInt64.self))
        case UInt8(ascii: "d"): return .double(Double(bitPattern: try integer(UInt64.self)))
        case UInt8(ascii: "s"): return .string(try text(Int(try unsigned())))
        case UInt8(ascii: "o"): return .objectPath(try text(Int(try unsigned())))
        case UInt8(ascii: "g"): return .signature(try text(Int(try byte())))
        case UInt8(ascii: "a"): return try array(&codes, depth: depth)
        case UInt8(ascii: "("):
            try align(8)
            var fields: [BusValue] = []
            while let next = codes.first, next != UInt8(ascii: ")") { fields.append(try value(&codes, depth: depth + 1)) }
            guard codes.popFirst() != nil, !fields.isEmpty else { throw Self.badSignature }
            return .structure(fields)
        case UInt8(ascii: "{"):
            try align(8)
            let key = try value(&codes, depth: depth + 1)
            let content = try value(&codes, depth: depth + 1)
            guard codes.popFirst() == UInt8(ascii: "}") else { throw Self.badSignature }
            return .entry(key, content)
        case UInt8(ascii: "v"):
            let signature = try text(Int(try byte()))
            var inner = Array(signature.utf8)[...]
            let content = try value(&inner, depth: depth + 1)
            guard inner.isEmpty else { throw Self.badSignature }
            return .variant(content)
        default: throw Self.badSignature
        }
    }

    private mutating func array(_ codes: inout ArraySlice<UInt8>, depth: Int) throws(BusError) -> BusValue {
        let element = try Self.first(of: codes)
        codes = codes.dropFirst(element.count)
        let length = Int(try unsigned())
        try align(BusValue.alignment(element.first ?? 0))
        guard length <= 64 << 20, length <= bytes.count - position else { throw Self.cut }
        let end = position + length
        var values: [BusValue] = []
        while position < end {
            var codes = element
            values.append(try value(&codes, depth: depth + 1))
        }
        guard position == end else { throw Self.cut }
        return .array(String(decoding: element, as: UTF8.self), values)
    }

    /// The first complete type of a signature.
    private static func first(of codes: ArraySlice<UInt8>) throws(BusError) -> ArraySlice<UInt8> {
        var open = 0
        for index in codes.indices {
            switch codes[index] {
            case UInt8(ascii: "a"): continue
            case UInt8(ascii: "("), UInt8(ascii: "{"): open += 1
            case UInt8(ascii: ")"), UInt8(ascii: "}"): open -= 1
            default: break
            }
            if open == 0 { return codes[codes.startIndex...index] }
            if open < 0 { break }
        }
        throw badSignature
    }

    private static let badSignature = BusError(.malformed, "a D-Bus signature is wrong")
}
