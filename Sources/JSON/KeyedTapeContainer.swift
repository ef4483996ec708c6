/// Reads the members of an object by key, and remembers on the tape which keys were asked for.
struct KeyedTapeContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let tape: Tape
    private let node: Int

    init(_ tape: Tape, _ node: Int) throws {
        guard tape.nodes[node].kind == .object else { throw tape.fail(node, expected: "an object") }
        tape.nodes[node].flags.insert(.opened)
        self.tape = tape
        self.node = node
    }

    var codingPath: [any CodingKey] { tape.path(to: node).codingPath }

    var allKeys: [Key] {
        tape.unshadowedKeys(of: node).compactMap { index in
            guard let key = Key(stringValue: tape.string(at: index)) else { return nil }
            tape.nodes[index].flags.insert(.asked)
            return key
        }
    }

    /// The node of a member's value, nil when the object has no such member.
    private func find(_ key: Key) -> Int? { tape.member(key.stringValue, of: node) }

    private func require(_ key: Key) throws -> Int {
        guard let found = find(key) else {
            throw DecodingFailure(node: node, reason: .missingField(key.stringValue))
        }
        return found
    }

    /// The node of a member that is present and not null.
    private func findValue(_ key: Key) -> Int? {
        guard let found = find(key), tape.nodes[found].kind != .null else { return nil }
        return found
    }

    func contains(_ key: Key) -> Bool { find(key) != nil }
    func decodeNil(forKey key: Key) throws -> Bool { tape.nodes[try require(key)].kind == .null }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try tape.bool(require(key)) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try tape.text(require(key)) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try tape.double(require(key)) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try tape.float(require(key)) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try tape.integer(require(key)) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try tape.integer(require(key)) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try tape.integer(require(key)) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try tape.integer(require(key)) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try tape.integer(require(key)) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try tape.integer(require(key)) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try tape.integer(require(key)) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try tape.integer(require(key)) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try tape.integer(require(key)) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try tape.integer(require(key)) }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try tape.decode(type, require(key)) }

    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try findValue(key).map(tape.bool) }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try findValue(key).map(tape.text) }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try findValue(key).map(tape.double) }
    func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? { try findValue(key).map(tape.float) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try findValue(key).map(tape.integer) }
    func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? { try findValue(key).map(tape.integer) }
    func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? { try findValue(key).map(tape.integer) }
    func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? { try findValue(key).map(tape.integer) }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try findValue(key).map(tape.integer) }
    func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? { try findValue(key).map(tape.integer) }
    func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? { try findValue(key).map(tape.integer) }
    func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? {
        try findValue(key).map(tape.integer)
    }
    func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? {
        try findValue(key).map(tape.integer)
    }
    func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? {
        try findValue(key).map(tape.integer)
    }
    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        guard let found = findValue(key) else { return nil }
        return try tape.decode(type, found)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        KeyedDecodingContainer(try KeyedTapeContainer<Nested>(tape, require(key)))
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try UnkeyedTapeContainer(tape, require(key))
    }

    func superDecoder() throws -> any Decoder {
        TapeDecoder(tape: tape, node: tape.member("super", of: node) ?? tape.absent)
    }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        TapeDecoder(tape: tape, node: find(key) ?? tape.absent)
    }
}

extension Tape {
    /// The keys of an object that no later key replaces.
    func unshadowedKeys(of object: Int) -> [Int] {
        var keys: [Int] = []
        var key = object + 1
        while key < Int(nodes[object].next) {
            if !nodes[key].flags.contains(.shadowed) { keys.append(key) }
            key = Int(nodes[key].next)
        }
        return keys
    }

    /// Finds a member's value and notes that its key was asked for.
    ///
    /// The search begins where the last one in this object ended, so that reading in the order of the text, as
    /// dictionaries do, takes one step a key however large the object is.
    func member(_ name: String, of object: Int) -> Int? {
        let end = Int(nodes[object].next)
        let first = object + 1
        let hint = Int(nodes[object].end)
        let begin = hint > object && hint < end ? hint : first
        let found = search(name, from: begin, to: end) ?? search(name, from: first, to: begin)
        guard let found else { return nil }
        nodes[found].flags.insert(.asked)
        nodes[object].end = nodes[found].next
        return found + 1
    }

    private func search(_ name: String, from begin: Int, to end: Int) -> Int? {
        let length = name.utf8.count
        var key = begin
        while key < end {
            let node = nodes[key]
            if !node.flags.contains(.shadowed) {
                if node.flags.contains(.escaped) {
                    if string(at: key).hasSameBytes(as: name) { return key }
                } else if Int(node.end - node.start) == length,
                    bytes[Int(node.start)..<Int(node.end)].elementsEqual(name.utf8)
                {
                    return key
                }
            }
            key = Int(node.next)
        }
        return nil
    }
}
