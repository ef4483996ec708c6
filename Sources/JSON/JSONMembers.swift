/// The members of an object that is being read, found by their names.
///
/// Every name that is asked for counts as known to a strict reading (`JSONCoding.decodeStrictly`).
@usableFromInline
package struct JSONMembers {
    /// nil when a decoder of others is read.
    private let ofText: TapeMembers?
    private let ofOthers: ForeignMembers?

    @usableFromInline
    init(_ decoder: any Decoder) throws {
        let node = TapeDecoder.node(of: decoder)
        ofText = try node.map { try TapeMembers($0.tape, $0.index) }
        ofOthers = node == nil ? try ForeignMembers(decoder) : nil
    }

    init(_ node: JSONNode) throws {
        ofText = try TapeMembers(node.tape, node.index)
        ofOthers = nil
    }

    // MARK: Members that must be there

    /// A member that must be there. A null is handed to the type, which refuses it or is an optional.
    @inlinable
    package func required<T: Decodable>(_ name: StaticString, as type: T.Type = T.self) throws -> T {
        try required(name, type) { try $0.value(type) }
    }

    /// The same for arrays, whose elements need no containers where the compiler knows their type.
    @inlinable
    package func required<T: Decodable>(_ name: StaticString, as type: [T].Type = [T].self) throws -> [T] {
        try required(name, type) { try $0.value(type) }
    }

    @inlinable
    package func required<T: Decodable>(_ name: StaticString, as type: [String: T].Type = [String: T].self) throws
        -> [String: T]
    { try required(name, type) { try $0.value(type) } }

    @inlinable
    func required<T: Decodable>(_ name: StaticString, _ type: T.Type, _ read: (JSONNode) throws -> T) throws -> T {
        guard isOfText else { return try requireOfOthers(name, type) }
        return try read(require(name))
    }

    // MARK: Members that may be absent

    /// A member that may be absent or null.
    @inlinable
    package func optional<T: Decodable>(_ name: StaticString, as type: T.Type = T.self) throws -> T? {
        try optional(name, type) { try $0.value(type) }
    }

    @inlinable
    package func optional<T: Decodable>(_ name: StaticString, as type: [T].Type = [T].self) throws -> [T]? {
        try optional(name, type) { try $0.value(type) }
    }

    @inlinable
    package func optional<T: Decodable>(_ name: StaticString, as type: [String: T].Type = [String: T].self) throws
        -> [String: T]?
    { try optional(name, type) { try $0.value(type) } }

    @inlinable
    func optional<T: Decodable>(_ name: StaticString, _ type: T.Type, _ read: (JSONNode) throws -> T) throws -> T? {
        guard isOfText else { return try findOfOthers(name, type) }
        guard let node = find(name) else { return nil }
        return try read(node)
    }
}

// MARK: The two sources

/// Behind a reference: the container's type is made when the program runs, and programs that read only text need none.
private final class ForeignMembers {
    let container: KeyedDecodingContainer<PathKey>

    @inline(never)
    init(_ decoder: any Decoder) throws { container = try decoder.container(keyedBy: PathKey.self) }
}

extension JSONMembers {
    @usableFromInline var isOfText: Bool { ofText != nil }

    /// The member's value, nil when it is absent or null.
    @usableFromInline
    func find(_ name: StaticString) -> JSONNode? {
        guard let ofText, let found = ofText.index(of: name), ofText.tape.nodes[found].kind != .null else { return nil }
        return JSONNode(ofText.tape, found)
    }

    /// The member's value, which may be null.
    @usableFromInline
    func require(_ name: StaticString) throws -> JSONNode {
        guard let ofText, let found = ofText.index(of: name) else {
            throw DecodingFailure(node: ofText?.object ?? 0, reason: .missingField(name.description))
        }
        return JSONNode(ofText.tape, found)
    }

    @usableFromInline
    func findOfOthers<T: Decodable>(_ name: StaticString, _ type: T.Type) throws -> T? {
        try ofOthers?.container.decodeIfPresent(type, forKey: PathKey(stringValue: name.description))
    }

    @usableFromInline
    func requireOfOthers<T: Decodable>(_ name: StaticString, _ type: T.Type) throws -> T {
        let key = PathKey(stringValue: name.description)
        guard let ofOthers else {
            throw DecodingError.keyNotFound(key, DecodingError.Context(codingPath: [], debugDescription: "no object"))
        }
        return try ofOthers.container.decode(type, forKey: key)
    }
}

extension TapeMembers {
    fileprivate func index(of name: StaticString) -> Int? {
        // SAFETY: a static string of more than one scalar points to constant memory; `utf8Start` traps otherwise.
        index(of: unsafe Span(_unsafeStart: name.utf8Start, count: name.utf8CodeUnitCount))
    }
}
