// What a node is worth as a value of a simple type.

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

    @usableFromInline
    func bool(_ node: Int) throws -> Bool {
        switch nodes[node].kind {
        case .true: true
        case .false: false
        default: throw fail(node, expected: "a boolean")
        }
    }

    @usableFromInline
    func text(_ node: Int) throws -> String {
        guard nodes[node].kind == .string else { throw fail(node, expected: "a string") }
        return string(at: node)
    }

    @usableFromInline func int32(_ node: Int) throws -> Int32 { try integer(node) }
    @usableFromInline func int64(_ node: Int) throws -> Int64 { try integer(node) }

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

    private static func words<T: FixedWidthInteger>(for type: T.Type) -> String {
        "\(T.isSigned ? "a signed" : "an unsigned") \(T.bitWidth)-bit integer"
    }
}

// MARK: Arrays and objects

extension Tape {
    @usableFromInline
    func isNull(_ node: Int) -> Bool { nodes[node].kind == .null }

    /// Where an array's elements end, and how many there are.
    @usableFromInline
    func elements(of node: Int) throws -> (end: Int, count: Int) {
        let array = nodes[node]
        guard array.kind == .array else { throw fail(node, expected: "an array") }
        return (Int(array.next), Int(array.end))
    }

    /// Where an object's members end.
    @usableFromInline
    func members(of node: Int) throws -> Int {
        let object = nodes[node]
        guard object.kind == .object else { throw fail(node, expected: "an object") }
        return Int(object.next)
    }

    /// What follows an element or a member.
    @usableFromInline
    func next(after node: Int) -> Int { Int(nodes[node].next) }

    /// Whether a later key replaces this one.
    @usableFromInline
    func isShadowed(_ key: Int) -> Bool { nodes[key].flags.contains(.shadowed) }
}
