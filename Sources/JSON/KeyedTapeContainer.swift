/// Reads the members of an object by key, and remembers on the tape which keys were asked for.
struct KeyedTapeContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: TapeMembers

    private var tape: Tape { members.tape }
    private var node: Int { members.object }

    var codingPath: [any CodingKey] { tape.path(to: node).codingPath }

    var allKeys: [Key] {
        tape.unshadowedKeys(of: node).compactMap { index in
            guard let key = Key(stringValue: tape.string(at: index)) else { return nil }
            tape.nodes[index].flags.insert(.asked)
            return key
        }
    }

    /// The node of a member's value, nil when the object has no such member.
    private func find(_ key: Key) -> Int? { members.index(of: key.stringValue.utf8.span) }

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
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try JSONNode(tape, require(key)).value(type)
    }

    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
        try findValue(key).map { try tape.bool($0) }
    }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        try findValue(key).map { try tape.text($0) }
    }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
        try findValue(key).map { try tape.double($0) }
    }
    func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? {
        try findValue(key).map { try tape.float($0) }
    }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? {
        try findValue(key).map { try tape.integer($0) }
    }
    func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? {
        try findValue(key).map { try tape.integer($0) }
    }
    func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? {
        try findValue(key).map { try tape.integer($0) }
    }
    func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? {
        try findValue(key).map { try tape.integer($0) }
    }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? {
        try findValue(key).map { try tape.integer($0) }
    }
    func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? {
        try findValue(key).map { try tape.integer($0) }
    }
    func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? {
        try findValue(key).map { try tape.integer($0) }
    }
    func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? {
        try findValue(key).map { try tape.integer($0) }
    }
    func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? {
        try findValue(key).map { try tape.integer($0) }
    }
    func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? {
        try findValue(key).map { try tape.integer($0) }
    }
    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        guard let found = findValue(key) else { return nil }
        return try JSONNode(tape, found).value(type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        KeyedDecodingContainer(KeyedTapeContainer<Nested>(members: try TapeMembers(tape, require(key))))
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try UnkeyedTapeContainer(tape, require(key))
    }

    func superDecoder() throws -> any Decoder {
        TapeDecoder(node: JSONNode(tape, members.index(of: "super".utf8.span) ?? tape.absent))
    }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        TapeDecoder(node: JSONNode(tape, find(key) ?? tape.absent))
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

    /// The bits of all keys that no later key replaces.
    func filter(ofKeysIn object: Int) -> UInt64 {
        var filter: UInt64 = 0
        let end = Int(nodes[object].next)
        var key = object + 1
        while key < end {
            filter |= nodes[key].sketch.bit
            key = Int(nodes[key].next)
        }
        return filter
    }

    /// Finds a member's value and notes that its key was asked for.
    ///
    /// The search begins where the last one in this object ended, so that reading in the order of the text, as
    /// dictionaries do, takes two steps a key however large the object is; and so does a value after asking for its key.
    func member(_ name: borrowing Span<UInt8>, _ sketch: KeySketch, of object: Int) -> Int? {
        let node = nodes[object]
        let (first, end, hint) = (object + 1, Int(node.next), Int(node.end))
        let begin = hint > object && hint < end ? hint : first
        guard
            let found = search(name, sketch, from: begin, to: end) ?? search(name, sketch, from: first, to: begin)
        else { return nil }
        nodes[found].flags.insert(.asked)
        nodes[object].end = UInt32(found)
        return found + 1
    }

    /// The first key with these bytes among those of one object.
    private func search(_ name: borrowing Span<UInt8>, _ sketch: KeySketch, from begin: Int, to end: Int) -> Int? {
        var key = begin
        while key < end {
            let node = nodes[key]
            if node.sketch == sketch, !node.flags.contains(.shadowed), isNamed(node, name) { return key }
            key = Int(node.next)
        }
        return nil
    }

    private func isNamed(_ key: TapeNode, _ name: borrowing Span<UInt8>) -> Bool {
        let (start, end) = (Int(key.start), Int(key.end))
        let text = bytes
        guard !key.flags.contains(.escaped) else {
            return Unescaping.bytes(text[start..<end]).span.elementsEqual(name)
        }
        return text.span.extracting(start..<end).elementsEqual(name)
    }
}

extension Span<UInt8> {
    /// Compares eight bytes at a time; the last eight may overlap those before.
    @inline(__always)
    func elementsEqual(_ other: borrowing Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        guard count >= 8 else {
            for position in 0..<count where self[position] != other[position] { return false }
            return true
        }
        var position = 0
        while position < count {
            position = Swift.min(position, count - 8)
            guard word(at: position) == other.word(at: position) else { return false }
            position += 8
        }
        return true
    }

    /// Eight bytes from an offset, as an integer.
    // SAFETY: any bytes make an integer; the load is checked against the bounds.
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }
}
