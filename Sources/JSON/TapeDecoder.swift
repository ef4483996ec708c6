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
    let node: JSONNode

    var codingPath: [any CodingKey] { node.tape.path(to: node.index).codingPath }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// What `(decoder as? TapeDecoder)?.node` is, without the runtime's general cast, which takes longer than reading most
    /// values.
    static func node<D: Decoder>(of decoder: D) -> JSONNode? {
        guard D.self == TapeDecoder.self else { return nil }
        // SAFETY: the two types are the same, as the line before has made sure of.
        return unsafe withUnsafeBytes(of: decoder) { unsafe $0.load(as: TapeDecoder.self) }.node
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(KeyedTapeContainer<Key>(members: try TapeMembers(node.tape, node.index)))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try UnkeyedTapeContainer(node.tape, node.index)
    }

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

extension TapeDecoder: SingleValueDecodingContainer {
    func decodeNil() -> Bool { node.tape.nodes[node.index].kind == .null }
    func decode(_ type: Bool.Type) throws -> Bool { try node.tape.bool(node.index) }
    func decode(_ type: String.Type) throws -> String { try node.tape.text(node.index) }
    func decode(_ type: Double.Type) throws -> Double { try node.tape.double(node.index) }
    func decode(_ type: Float.Type) throws -> Float { try node.tape.float(node.index) }
    func decode(_ type: Int.Type) throws -> Int { try node.tape.integer(node.index) }
    func decode(_ type: Int8.Type) throws -> Int8 { try node.tape.integer(node.index) }
    func decode(_ type: Int16.Type) throws -> Int16 { try node.tape.integer(node.index) }
    func decode(_ type: Int32.Type) throws -> Int32 { try node.tape.integer(node.index) }
    func decode(_ type: Int64.Type) throws -> Int64 { try node.tape.integer(node.index) }
    func decode(_ type: UInt.Type) throws -> UInt { try node.tape.integer(node.index) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try node.tape.integer(node.index) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try node.tape.integer(node.index) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try node.tape.integer(node.index) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try node.tape.integer(node.index) }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try node.value(type) }
}
