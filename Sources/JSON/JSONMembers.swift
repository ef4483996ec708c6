/// The members of an object that is being read, found by their names.
///
/// Every name that is asked for counts as known to a strict reading (`JSONCoding.decodeStrictly`). Members that are null
/// count as absent, except for `contains`.
@usableFromInline
package struct JSONMembers {
    @usableFromInline let tape: Tape
    @usableFromInline let object: Int
    /// One bit for each key, by its sketch: most names that an object has not are told without a search.
    private let filter: UInt64

    init(_ tape: Tape, _ object: Int) throws {
        guard tape.nodes[object].kind == .object else { throw tape.fail(object, expected: "an object") }
        tape.nodes[object].flags.insert(.opened)
        self.tape = tape
        self.object = object
        filter = tape.filter(ofKeysIn: object)
    }

    /// A member that must be there. (A null is handed to the type, which refuses it or is an optional.)
    @inlinable
    package func required<T: Decodable>(_ name: StaticString, as type: T.Type = T.self) throws -> T {
        try require(name).value(type)
    }

    /// The same for arrays and dictionaries, whose elements need no containers where the compiler knows their type.
    @inlinable
    package func required<T: Decodable>(_ name: StaticString, as type: [T].Type = [T].self) throws -> [T] {
        try require(name).value(type)
    }

    @inlinable
    package func required<T: Decodable>(_ name: StaticString, as type: [String: T].Type = [String: T].self) throws
        -> [String: T]
    { try require(name).value(type) }

    /// A member that may be absent or null.
    @inlinable
    package func optional<T: Decodable>(_ name: StaticString, as type: T.Type = T.self) throws -> T? {
        try find(name)?.value(type)
    }

    @inlinable
    package func optional<T: Decodable>(_ name: StaticString, as type: [T].Type = [T].self) throws -> [T]? {
        try find(name)?.value(type)
    }

    @inlinable
    package func optional<T: Decodable>(_ name: StaticString, as type: [String: T].Type = [String: T].self) throws
        -> [String: T]?
    { try find(name)?.value(type) }

    /// The member's value, nil when it is absent or null.
    @usableFromInline
    package func find(_ name: StaticString) -> JSONNode? {
        guard let found = index(of: name), tape.nodes[found].kind != .null else { return nil }
        return JSONNode(tape, found)
    }

    /// The member's value, which may be null.
    @usableFromInline
    package func require(_ name: StaticString) throws -> JSONNode {
        guard let found = index(of: name) else {
            throw DecodingFailure(node: object, reason: .missingField(name.description))
        }
        return JSONNode(tape, found)
    }

    /// Whether the object has a member of this name, be it null.
    package func contains(_ name: StaticString) -> Bool { index(of: name) != nil }

    private func index(of name: StaticString) -> Int? {
        // SAFETY: a static string that is not a single scalar points to constant memory; the initialiser traps otherwise.
        let bytes = unsafe Span(_unsafeStart: name.utf8Start, count: name.utf8CodeUnitCount)
        return index(of: bytes)
    }

    /// The node of a member's value, nil when the object has no such member.
    func index(of name: borrowing Span<UInt8>) -> Int? {
        let sketch = KeySketch(name)
        guard filter & sketch.bit != 0 else { return nil }
        return tape.member(name, sketch, of: object)
    }
}
