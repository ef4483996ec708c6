/// A value of a text that is being read, and the ways to turn it into a Swift value.
///
/// Two words. It keeps the whole text alive.
@usableFromInline
package struct JSONNode {
    @usableFromInline let tape: Tape
    @usableFromInline let index: Int

    @inlinable
    init(_ tape: Tape, _ index: Int) {
        self.tape = tape
        self.index = index
    }

    /// The value that a decoder of this module stands for; nil for the decoders of others.
    @usableFromInline
    package init?(_ decoder: any Decoder) {
        guard let node = TapeDecoder.node(of: decoder) else { return nil }
        self = node
    }

    /// For types that read themselves by `Decodable`.
    @usableFromInline var decoder: any Decoder { TapeDecoder(node: self) }
}

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
        return try T(from: decoder)
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
}
