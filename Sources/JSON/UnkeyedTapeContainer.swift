/// Reads the elements of an array in their order.
struct UnkeyedTapeContainer: UnkeyedDecodingContainer {
    private let tape: Tape
    private let node: Int
    private var cursor: Int
    private(set) var currentIndex = 0

    init(_ tape: Tape, _ node: Int) throws {
        guard tape.nodes[node].kind == .array else { throw tape.fail(node, expected: "an array") }
        self.tape = tape
        self.node = node
        cursor = node + 1
    }

    var codingPath: [any CodingKey] { tape.path(to: node).codingPath }
    var count: Int? { Int(tape.nodes[node].end) }
    var isAtEnd: Bool { cursor >= Int(tape.nodes[node].next) }

    private func current() throws -> Int {
        guard !isAtEnd else { throw DecodingFailure(node: node, reason: .missingElement) }
        return cursor
    }

    /// Reads the current element and moves on only when that succeeded, as the protocol asks.
    private mutating func advance<T>(_ read: (Int) throws -> T) throws -> T {
        let element = try current()
        let value = try read(element)
        cursor = Int(tape.nodes[element].next)
        currentIndex += 1
        return value
    }

    mutating func decodeNil() throws -> Bool {
        guard tape.nodes[try current()].kind == .null else { return false }
        return try advance { _ in true }
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool { try advance(tape.bool) }
    mutating func decode(_ type: String.Type) throws -> String { try advance(tape.text) }
    mutating func decode(_ type: Double.Type) throws -> Double { try advance(tape.double) }
    mutating func decode(_ type: Float.Type) throws -> Float { try advance(tape.float) }
    mutating func decode(_ type: Int.Type) throws -> Int { try advance(tape.integer) }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try advance(tape.integer) }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try advance(tape.integer) }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try advance(tape.integer) }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try advance(tape.integer) }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try advance(tape.integer) }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try advance(tape.integer) }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try advance(tape.integer) }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try advance(tape.integer) }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try advance(tape.integer) }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        let tape = tape
        return try advance { try JSONNode(tape, $0).value(type) }
    }

    mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        let tape = tape
        return try advance { KeyedDecodingContainer(KeyedTapeContainer<Key>(members: try TapeMembers(tape, $0))) }
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        let tape = tape
        return try advance { try UnkeyedTapeContainer(tape, $0) }
    }

    mutating func superDecoder() throws -> any Decoder {
        let tape = tape
        return try advance { TapeDecoder(node: JSONNode(tape, $0)) }
    }
}
