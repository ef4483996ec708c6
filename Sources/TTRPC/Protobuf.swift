/// Why bytes are not the message that they should be.
package enum ProtobufError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bytes end inside a field.
    case truncated
    /// A varint has more than ten bytes.
    case overlongVarint
    /// Field number 0 or above 2^29-1.
    case badFieldNumber
    /// Wire type 6 or 7, or the end of a group that was not begun.
    case badWireType(Int)
    /// A field that we know has another wire type than its declaration.
    case wrongType(field: Int)
    /// A string field that is not UTF-8.
    case badText(field: Int)
    /// Messages or groups nested deeper than `ProtobufReader.maximumDepth`.
    case tooDeep

    package var description: String {
        switch self {
        case .truncated: "protobuf: the message ends inside a field"
        case .overlongVarint: "protobuf: a number has more than ten bytes"
        case .badFieldNumber: "protobuf: a field number is out of range"
        case .badWireType(let type): "protobuf: wire type \(type) does not exist here"
        case .wrongType(let field): "protobuf: field \(field) has the wrong wire type"
        case .badText(let field): "protobuf: field \(field) is not UTF-8"
        case .tooDeep: "protobuf: messages are nested too deeply"
        }
    }
}

/// One field as it stands in the bytes; the accessors convert it to the declared type.
package struct ProtobufField: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        case varint(UInt64)
        case fixed64(UInt64)
        case bytes(ArraySlice<UInt8>)
        case fixed32(UInt32)
    }

    package let number: Int
    package let content: Content
    fileprivate let depth: Int

    /// The value of a varint field: uint64, and the base of the others. Longer values are cut off, as protobuf says.
    package func uint64() throws(ProtobufError) -> UInt64 {
        guard case .varint(let value) = content else { throw .wrongType(field: number) }
        return value
    }

    package func uint32() throws(ProtobufError) -> UInt32 { UInt32(truncatingIfNeeded: try uint64()) }
    package func int64() throws(ProtobufError) -> Int64 { Int64(bitPattern: try uint64()) }
    package func int32() throws(ProtobufError) -> Int32 { Int32(truncatingIfNeeded: try uint64()) }
    package func bool() throws(ProtobufError) -> Bool { try uint64() != 0 }

    package func bytes() throws(ProtobufError) -> [UInt8] { Array(try slice()) }

    package func string() throws(ProtobufError) -> String {
        guard let text = String(validating: try slice(), as: UTF8.self) else { throw .badText(field: number) }
        return text
    }

    package func message<T: ProtobufMessage>(_ type: T.Type = T.self) throws(ProtobufError) -> T {
        guard depth < ProtobufReader.maximumDepth else { throw .tooDeep }
        return try T(reading: ProtobufReader(try slice(), depth: depth + 1))
    }

    /// One entry of a `map<string, string>`.
    package func stringPair() throws(ProtobufError) -> (key: String, value: String) {
        let pair: StringPair = try message()
        return (pair.key, pair.value)
    }

    private func slice() throws(ProtobufError) -> ArraySlice<UInt8> {
        guard case .bytes(let value) = content else { throw .wrongType(field: number) }
        return value
    }
}

/// Reads the fields of one message in the order of the bytes (protobuf.dev, "Encoding").
///
/// Every length is checked against what is there; groups are skipped; nothing is allocated from a length alone.
package struct ProtobufReader {
    package static let maximumDepth = 32

    private var rest: ArraySlice<UInt8>
    private let depth: Int

    package init(_ bytes: ArraySlice<UInt8>) { self.init(bytes, depth: 0) }

    fileprivate init(_ bytes: ArraySlice<UInt8>, depth: Int) {
        rest = bytes
        self.depth = depth
    }

    /// The next field, or nil at the end of the message.
    package mutating func next() throws(ProtobufError) -> ProtobufField? {
        while !rest.isEmpty {
            let (number, type) = try tag()
            switch type {
            case 0: return ProtobufField(number: number, content: .varint(try varint()), depth: depth)
            case 1: return ProtobufField(number: number, content: .fixed64(try fixed(8)), depth: depth)
            case 2: return ProtobufField(number: number, content: .bytes(try lengthPrefixed()), depth: depth)
            case 3: try skipGroup(number)
            case 5:
                let value = UInt32(truncatingIfNeeded: try fixed(4))
                return ProtobufField(number: number, content: .fixed32(value), depth: depth)
            default: throw .badWireType(type)
            }
        }
        return nil
    }

    private mutating func tag() throws(ProtobufError) -> (Int, Int) {
        let value = try varint()
        let number = value >> 3
        guard number > 0, number < 1 << 29 else { throw .badFieldNumber }
        return (Int(number), Int(value & 7))
    }

    private mutating func varint() throws(ProtobufError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { throw .truncated }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw .overlongVarint
    }

    private mutating func fixed(_ count: Int) throws(ProtobufError) -> UInt64 {
        guard rest.count >= count else { throw .truncated }
        let value = rest.prefix(count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        rest.removeFirst(count)
        return value
    }

    private mutating func lengthPrefixed() throws(ProtobufError) -> ArraySlice<UInt8> {
        let length = try varint()
        guard length <= UInt64(rest.count) else { throw .truncated }
        let value = rest.prefix(Int(length))
        rest.removeFirst(Int(length))
        return value
    }

    /// Skips to the end of the group `number`; groups inside are counted, not recursed into.
    private mutating func skipGroup(_ number: Int) throws(ProtobufError) {
        var open = [number]
        while let innermost = open.last {
            guard !rest.isEmpty else { throw .truncated }
            guard depth + open.count <= Self.maximumDepth else { throw .tooDeep }
            let (number, type) = try tag()
            switch type {
            case 0: _ = try varint()
            case 1: _ = try fixed(8)
            case 2: _ = try lengthPrefixed()
            case 3: open.append(number)
            case 4:
                guard number == innermost else { throw .badWireType(4) }
                open.removeLast()
            case 5: _ = try fixed(4)
            default: throw .badWireType(type)
            }
        }
    }
}

/// Writes fields; those with proto3's default value (0, false, empty) are left out.
package struct ProtobufWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func uint64(_ number: Int, _ value: UInt64) {
        guard value != 0 else { return }
        varint(UInt64(number) << 3)
        varint(value)
    }

    package mutating func uint32(_ number: Int, _ value: UInt32) { uint64(number, UInt64(value)) }
    package mutating func int64(_ number: Int, _ value: Int64) { uint64(number, UInt64(bitPattern: value)) }
    /// Negative values take ten bytes, as protobuf wants it for int32 and enums.
    package mutating func int32(_ number: Int, _ value: Int32) { int64(number, Int64(value)) }
    package mutating func bool(_ number: Int, _ value: Bool) { uint64(number, value ? 1 : 0) }

    package mutating func string(_ number: Int, _ value: String) {
        guard !value.isEmpty else { return }
        var value = value
        value.withUTF8 { unsafe lengthPrefixed(number, UnsafeRawBufferPointer($0)) }
    }

    package mutating func strings(_ number: Int, _ values: [String]) {
        for var value in values { value.withUTF8 { unsafe lengthPrefixed(number, UnsafeRawBufferPointer($0)) } }
    }

    package mutating func bytes(_ number: Int, _ value: [UInt8]) {
        guard !value.isEmpty else { return }
        unsafe value.withUnsafeBytes { unsafe lengthPrefixed(number, $0) }
    }

    /// A `repeated uint64`, zeros included.
    package mutating func packed(_ number: Int, _ values: [UInt64]) {
        var inner = ProtobufWriter()
        for value in values { inner.varint(value) }
        bytes(number, inner.bytes)
    }

    /// A message field that is present, even if it is empty.
    package mutating func message(_ number: Int, _ value: some ProtobufMessage) {
        var inner = ProtobufWriter()
        value.write(to: &inner)
        unsafe inner.bytes.withUnsafeBytes { unsafe lengthPrefixed(number, $0) }
    }

    package mutating func message(_ number: Int, _ value: (some ProtobufMessage)?) {
        if let value { message(number, value) }
    }

    package mutating func messages(_ number: Int, _ values: [some ProtobufMessage]) {
        for value in values { message(number, value) }
    }

    /// A `map<string, string>`, in the order of its keys so that equal maps give equal bytes.
    package mutating func map(_ number: Int, _ values: [String: String]) {
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            message(number, StringPair(key: key, value: value))
        }
    }

    private mutating func varint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    private mutating func lengthPrefixed(_ number: Int, _ content: UnsafeRawBufferPointer) {
        varint(UInt64(number) << 3 | 2)
        varint(UInt64(content.count))
        unsafe bytes.append(contentsOf: content)
    }
}

/// A message whose fields are written by hand. Unknown fields are skipped and not kept.
package protocol ProtobufMessage: Hashable, Sendable {
    init()
    /// Takes over one field; numbers that the message does not know are ignored. The last of several wins.
    mutating func read(_ field: ProtobufField) throws(ProtobufError)
    func write(to writer: inout ProtobufWriter)
}

extension ProtobufMessage {
    fileprivate init(reading reader: consuming ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.next() { try read(field) }
    }

    package init(protobuf bytes: some Sequence<UInt8>) throws(ProtobufError) {
        try self.init(reading: ProtobufReader(ArraySlice(bytes)))
    }

    package var protobuf: [UInt8] {
        var writer = ProtobufWriter()
        write(to: &writer)
        return writer.bytes
    }
}

/// An entry of `map<string, string>`, which is how KeyValue of ttrpc's metadata looks too.
package struct StringPair: ProtobufMessage {
    package var key = ""
    package var value = ""

    package init() {}

    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }

    package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: key = try field.string()
        case 2: value = try field.string()
        default: break
        }
    }

    package func write(to writer: inout ProtobufWriter) {
        writer.string(1, key)
        writer.string(2, value)
    }
}
