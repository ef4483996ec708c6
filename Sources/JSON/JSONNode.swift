/// Why a node does not fit, thrown inside a decoding and turned into a `JSONError` at its end.
///
/// Small on purpose: types that try several shapes (`try?`) throw many of these, and finding the place in the text is
/// linear in the text.
struct DecodingFailure: Error {
    let node: Int
    let reason: JSONError.Reason
}

/// A value of a text that is being read: what a type reads itself from.
///
/// Two words, so that it lies inside its existential. It keeps the whole text alive.
package struct JSONNode: Decoder {
    @usableFromInline let tape: Tape
    @usableFromInline let index: Int

    @inlinable
    init(_ tape: Tape, _ index: Int) {
        self.tape = tape
        self.index = index
    }

    /// The value that a decoder of this module stands for; nil for the decoders of others.
    package init?(_ decoder: any Decoder) {
        guard let node = Self.node(decoder) else { return nil }
        self = node
    }

    /// `as? JSONNode` without the runtime's general cast, which takes longer than reading most values.
    private static func node<D: Decoder>(_ decoder: D) -> JSONNode? {
        guard D.self == JSONNode.self else { return nil }
        // SAFETY: the two types are the same, as the line before has made sure of.
        return unsafe withUnsafeBytes(of: decoder) { unsafe $0.load(as: JSONNode.self) }
    }

    package var codingPath: [any CodingKey] { tape.path(to: index).codingPath }
    package var userInfo: [CodingUserInfoKey: Any] { [:] }

    package func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(KeyedTapeContainer<Key>(members: try members()))
    }

    package func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try UnkeyedTapeContainer(tape, index) }

    package func singleValueContainer() throws -> any SingleValueDecodingContainer { self }
}

// MARK: Typed reading

extension JSONNode {
    /// The value as a type.
    // SAFETY: every cast is between a type and itself, which the line has just made sure of.
    @inlinable
    package func value<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        // Frequent types that are taken whole, without a walk through containers. Property wrappers and generic code
        // reach the simple ones here, because they cannot name them.
        if T.self == String.self { return unsafe unsafeBitCast(try tape.text(index), to: T.self) }
        if T.self == Bool.self { return unsafe unsafeBitCast(try tape.bool(index), to: T.self) }
        if T.self == Int32.self { return unsafe unsafeBitCast(try tape.int32(index), to: T.self) }
        if T.self == Int64.self { return unsafe unsafeBitCast(try tape.int64(index), to: T.self) }
        if T.self == [String].self { return unsafe unsafeBitCast(try strings(), to: T.self) }
        if T.self == [String: String].self { return unsafe unsafeBitCast(try stringsByKey(), to: T.self) }
        return try T(from: self)
    }

    /// The elements of an array. Where the element type is known to the compiler, no container is made for them.
    @inlinable
    package func value<Element: Decodable>(_ type: [Element].Type = [Element].self) throws -> [Element] {
        let (end, count) = try tape.elements(of: index)
        var elements: [Element] = []
        // No more at once than a text of a few bytes may ask for; large arrays grow as they are read.
        elements.reserveCapacity(min(count, 32))
        var element = index + 1
        while element < end {
            elements.append(try JSONNode(tape, element).value(Element.self))
            element = tape.next(after: element)
        }
        return elements
    }

    /// The members of an object by their keys.
    @inlinable
    package func value<Member: Decodable>(_ type: [String: Member].Type = [String: Member].self) throws
        -> [String: Member]
    {
        let end = try tape.members(of: index)
        var members: [String: Member] = [:]
        var key = index + 1
        while key < end {
            // A value that a later one replaces need not fit.
            if !tape.isShadowed(key) {
                members[tape.string(at: key)] = try JSONNode(tape, key + 1).value(Member.self)
            }
            key = tape.next(after: key)
        }
        return members
    }

    @usableFromInline func strings() throws -> [String] { try value([String].self) }
    @usableFromInline func stringsByKey() throws -> [String: String] { try value([String: String].self) }

    /// Whether the value is null.
    @inlinable package var isNull: Bool { tape.isNull(index) }

    /// The members of an object, to be asked for one by one.
    package func members() throws -> JSONMembers { try JSONMembers(tape, index) }
}

// MARK: Codable

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

extension JSONNode: SingleValueDecodingContainer {
    package func decodeNil() -> Bool { tape.nodes[index].kind == .null }
    package func decode(_ type: Bool.Type) throws -> Bool { try tape.bool(index) }
    package func decode(_ type: String.Type) throws -> String { try tape.text(index) }
    package func decode(_ type: Double.Type) throws -> Double { try tape.double(index) }
    package func decode(_ type: Float.Type) throws -> Float { try tape.float(index) }
    package func decode(_ type: Int.Type) throws -> Int { try tape.integer(index) }
    package func decode(_ type: Int8.Type) throws -> Int8 { try tape.integer(index) }
    package func decode(_ type: Int16.Type) throws -> Int16 { try tape.integer(index) }
    package func decode(_ type: Int32.Type) throws -> Int32 { try tape.integer(index) }
    package func decode(_ type: Int64.Type) throws -> Int64 { try tape.integer(index) }
    package func decode(_ type: UInt.Type) throws -> UInt { try tape.integer(index) }
    package func decode(_ type: UInt8.Type) throws -> UInt8 { try tape.integer(index) }
    package func decode(_ type: UInt16.Type) throws -> UInt16 { try tape.integer(index) }
    package func decode(_ type: UInt32.Type) throws -> UInt32 { try tape.integer(index) }
    package func decode(_ type: UInt64.Type) throws -> UInt64 { try tape.integer(index) }
    package func decode<T: Decodable>(_ type: T.Type) throws -> T { try value(type) }
}
