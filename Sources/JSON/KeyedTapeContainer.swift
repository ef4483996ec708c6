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
    /// dictionaries do, takes two steps a key however large the object is; and so does a value after asking for its key.
    func member(_ name: String, of object: Int) -> Int? {
        let node = nodes[object]
        let (first, end, hint) = (object + 1, Int(node.next), Int(node.end))
        guard first < end else { return nil }
        let begin = hint > object && hint < end ? hint : first
        let direct = unsafe name.utf8.withContiguousStorageIfAvailable { utf8 -> Int? in
            unsafe search(utf8, from: begin, to: end) ?? search(utf8, from: first, to: begin)
        }
        // Only a string that the standard library bridged from elsewhere has no contiguous storage.
        guard let found = direct ?? memberOfCopy(Array(name.utf8), of: object) else { return nil }
        nodes[found].flags.insert(.asked)
        nodes[object].end = UInt32(found)
        return found + 1
    }

    private func memberOfCopy(_ name: [UInt8], of object: Int) -> Int? {
        unsafe name.withUnsafeBufferPointer { unsafe search($0, from: object + 1, to: Int(nodes[object].next)) }
    }

    /// The first key with these bytes among those of one object.
    private func search(_ name: UnsafeBufferPointer<UInt8>, from begin: Int, to end: Int) -> Int? {
        let length = name.count
        var key = begin
        while key < end {
            let node = nodes[key]
            if node.flags.isDisjoint(with: [.shadowed, .escaped]) {
                if Int(node.end - node.start) == length, unsafe equals(name, at: Int(node.start)) { return key }
            } else if node.flags.contains(.escaped), !node.flags.contains(.shadowed),
                unsafe string(at: key).utf8.elementsEqual(name)
            {
                return key
            }
            key = Int(node.next)
        }
        return nil
    }

    private func equals(_ name: UnsafeBufferPointer<UInt8>, at offset: Int) -> Bool {
        // From the end: keys of one object often begin alike.
        var position = name.count - 1
        while position >= 0 {
            guard unsafe name[position] == bytes[offset + position] else { return false }
            position -= 1
        }
        return true
    }
}
