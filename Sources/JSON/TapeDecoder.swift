/// Why a node does not fit, thrown inside a decoding and turned into a `JSONError` at its end.
///
/// Small on purpose: types that try several shapes (`try?`) throw many of these, and finding the place in the text is
/// linear in the text.
struct DecodingFailure: Error {
    let node: Int
    let reason: JSONError.Reason
}

/// Lets any Decodable type read a node of the tape. Two words, so that it lies inside its existential.
struct TapeDecoder: Decoder {
    let tape: Tape
    let node: Int

    var codingPath: [any CodingKey] { tape.path(to: node).codingPath }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(try KeyedTapeContainer<Key>(tape, node))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try UnkeyedTapeContainer(tape, node) }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }
}

extension JSONPath {
    var codingPath: [any CodingKey] {
        steps.map { step in
            switch step {
            case .key(let key): PathKey(stringValue: key)
            case .index(let index): PathKey(intValue: index)
            }
        }
    }
}

/// A coding key made from a path, for the paths in other people's errors and for super decoders.
struct PathKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }
    init(intValue: Int) {
        stringValue = String(intValue)
        self.intValue = intValue
    }
}

// MARK: Values

extension Tape {
    func fail(_ node: Int, expected: String) -> DecodingFailure {
        DecodingFailure(node: node, reason: .typeMismatch(expected: expected, found: words(for: node)))
    }

    func words(for node: Int) -> String {
        switch nodes[node].kind {
        case .null: "null"
        case .true, .false: "a boolean"
        case .number: "a number"
        case .string, .key: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    func bool(_ node: Int) throws -> Bool {
        switch nodes[node].kind {
        case .true: true
        case .false: false
        default: throw fail(node, expected: "a boolean")
        }
    }

    func text(_ node: Int) throws -> String {
        guard nodes[node].kind == .string else { throw fail(node, expected: "a string") }
        return string(at: node)
    }

    func integer<T: FixedWidthInteger>(_ node: Int) throws -> T {
        guard nodes[node].kind == .number else { throw fail(node, expected: "an integer") }
        if let small = smallInteger(at: node) {
            if let value = T(exactly: small) { return value }
        } else if let value = JSONNumber(scanned: literal(at: node)).integer(T.self) {
            return value
        }
        throw DecodingFailure(
            node: node,
            reason: .numberOutOfRange(literal: literal(at: node), type: Self.words(for: T.self))
        )
    }

    func double(_ node: Int) throws -> Double {
        guard nodes[node].kind == .number else { throw fail(node, expected: "a number") }
        if let small = smallInteger(at: node) { return Double(small) }
        if let value = Double(literal(at: node)), value.isFinite { return value }
        throw DecodingFailure(
            node: node,
            reason: .numberOutOfRange(literal: literal(at: node), type: "a 64-bit floating-point number")
        )
    }

    func float(_ node: Int) throws -> Float {
        guard nodes[node].kind == .number else { throw fail(node, expected: "a number") }
        if let value = Float(literal(at: node)), value.isFinite { return value }
        throw DecodingFailure(
            node: node,
            reason: .numberOutOfRange(literal: literal(at: node), type: "a 32-bit floating-point number")
        )
    }

    private func strings(_ node: Int) throws -> [String] {
        guard nodes[node].kind == .array else { throw fail(node, expected: "an array") }
        var strings: [String] = []
        strings.reserveCapacity(Int(nodes[node].end))
        for element in (node + 1)..<Int(nodes[node].next) {
            // Every element is one node, or the first longer one throws.
            strings.append(try text(element))
        }
        return strings
    }

    private func stringsByKey(_ node: Int) throws -> [String: String] {
        guard nodes[node].kind == .object else { throw fail(node, expected: "an object") }
        var strings: [String: String] = [:]
        var key = node + 1
        while key < Int(nodes[node].next) {
            // A value that a later one replaces need not fit.
            if !nodes[key].flags.contains(.shadowed) { strings[string(at: key)] = try text(key + 1) }
            key = Int(nodes[key].next)
        }
        return strings
    }

    private static func words<T: FixedWidthInteger>(for type: T.Type) -> String {
        "\(T.isSigned ? "a signed" : "an unsigned") \(T.bitWidth)-bit integer"
    }

    // SAFETY: every cast is between a type and itself, which the line has just made sure of.
    func decode<T: Decodable>(_ type: T.Type, _ node: Int) throws -> T {
        // Frequent types that are taken whole, without a walk through containers. Property wrappers and generic code
        // reach the simple ones here, because they cannot name them.
        if T.self == String.self { return unsafe unsafeBitCast(try text(node), to: T.self) }
        if T.self == Bool.self { return unsafe unsafeBitCast(try bool(node), to: T.self) }
        if T.self == Int32.self { return unsafe unsafeBitCast(try integer(node) as Int32, to: T.self) }
        if T.self == Int64.self { return unsafe unsafeBitCast(try integer(node) as Int64, to: T.self) }
        if T.self == [String].self { return unsafe unsafeBitCast(try strings(node), to: T.self) }
        if T.self == [String: String].self { return unsafe unsafeBitCast(try stringsByKey(node), to: T.self) }
        if T.self == JSONValue.self { return unsafe unsafeBitCast(value(at: node), to: T.self) }
        return try T(from: TapeDecoder(tape: self, node: node))
    }
}

extension TapeDecoder: SingleValueDecodingContainer {
    func decodeNil() -> Bool { tape.nodes[node].kind == .null }
    func decode(_ type: Bool.Type) throws -> Bool { try tape.bool(node) }
    func decode(_ type: String.Type) throws -> String { try tape.text(node) }
    func decode(_ type: Double.Type) throws -> Double { try tape.double(node) }
    func decode(_ type: Float.Type) throws -> Float { try tape.float(node) }
    func decode(_ type: Int.Type) throws -> Int { try tape.integer(node) }
    func decode(_ type: Int8.Type) throws -> Int8 { try tape.integer(node) }
    func decode(_ type: Int16.Type) throws -> Int16 { try tape.integer(node) }
    func decode(_ type: Int32.Type) throws -> Int32 { try tape.integer(node) }
    func decode(_ type: Int64.Type) throws -> Int64 { try tape.integer(node) }
    func decode(_ type: UInt.Type) throws -> UInt { try tape.integer(node) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try tape.integer(node) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try tape.integer(node) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try tape.integer(node) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try tape.integer(node) }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try tape.decode(type, node) }
}
