/// The text being written by an encoding, and the arrays and objects that are still open in it.
///
/// Values go straight into the bytes. That asks one thing of a type: once it writes to an outer container, it is done
/// with the containers nested in it. Synthesised Codable always is; a type that is not gets an error, never wrong text.
struct EncodingText: ~Copyable {
    struct Open {
        enum Kind {
            case array, object, sortedObject
            /// A place kept for a super encoder that has not written yet.
            case reserved
        }

        let kind: Kind
        /// Tells this container from an earlier one at the same depth.
        let id: Int
        let start: Int
        /// Where in `members` the members of a sorted object begin.
        let firstMember: Int
        var isEmpty = true
    }

    private(set) var bytes: TextBuffer
    private(set) var open: [Open] = []
    private(set) var failure: JSONError?
    /// Offsets of the members of all sorted objects that are open.
    private var members: [Int] = []
    private var lastID = 0

    init(bytes: consuming TextBuffer) { self.bytes = bytes }

    mutating func fail(_ why: String) {
        if failure == nil { failure = JSONError(.notEncodable(why)) }
    }

    /// Opens a container at a depth; when the same value has opened one already, that one is used again.
    mutating func begin(_ kind: Open.Kind, at depth: Int, from start: Int) -> Int {
        if open.count > depth, open[depth].kind != .reserved {
            guard open[depth].kind == kind else {
                fail("a type asks for an object and an array as its one value")
                return -1
            }
            return open[depth].id
        }
        guard bytes.count == start else {
            fail("a type writes more than one value where one fits")
            return -1
        }
        if open.count > depth { open.removeSubrange(depth...) }
        push(kind)
        bytes.append(kind == .array ? UInt8(ascii: "[") : UInt8(ascii: "{"))
        return lastID
    }

    /// Keeps a place for a super encoder.
    mutating func reserve() { push(.reserved) }

    private mutating func push(_ kind: Open.Kind) {
        lastID += 1
        open.append(Open(kind: kind, id: lastID, start: bytes.count, firstMember: members.count))
    }

    /// Ends a value that began at a depth; whatever it left open is closed, and nothing at all becomes an empty object.
    mutating func end(at depth: Int, from start: Int) {
        if bytes.count == start, open.count == depth { bytes.append("{}") }
        close(to: depth)
    }

    private mutating func close(to depth: Int) {
        while let last = open.last, open.count > depth {
            open.removeLast()
            switch last.kind {
            case .array: bytes.append(UInt8(ascii: "]"))
            case .object: bytes.append(UInt8(ascii: "}"))
            case .sortedObject:
                sortMembers(from: last.firstMember)
                bytes.append(UInt8(ascii: "}"))
            case .reserved: if bytes.count == last.start { bytes.append("{}") }
            }
        }
    }

    /// Makes a container the innermost one, ready for its next element.
    mutating func next(_ depth: Int, _ id: Int) throws {
        guard depth < open.count, open[depth].id == id else {
            throw failure ?? JSONError(.notEncodable("a type writes to a container that it has already left"))
        }
        if open.count > depth + 1 { close(to: depth + 1) }
        if open[depth].isEmpty {
            open[depth].isEmpty = false
        } else {
            bytes.append(UInt8(ascii: ","))
        }
    }

    mutating func key(_ key: String, _ depth: Int, _ id: Int) throws {
        try next(depth, id)
        if open[depth].kind == .sortedObject { members.append(bytes.count) }
        bytes.string(key)
        bytes.append(UInt8(ascii: ":"))
    }

    mutating func null() { bytes.null() }
    mutating func bool(_ value: Bool) { bytes.bool(value) }
    mutating func string(_ value: String) { bytes.string(value) }
    mutating func integer(_ value: some FixedWidthInteger) { bytes.integer(value) }
    mutating func json(_ value: JSONValue) { value.append(to: &bytes, pretty: false, sortedKeys: false, level: 0) }

    mutating func double(_ value: Double) throws {
        guard value.isFinite else { throw JSONError(.notEncodable("JSON has no number for \(value)")) }
        bytes.append(contentsOf: JSONNumber.literal(value).utf8)
    }

    mutating func float(_ value: Float) throws {
        guard value.isFinite else { throw JSONError(.notEncodable("JSON has no number for \(value)")) }
        bytes.append(contentsOf: JSONNumber.floatLiteral(value).utf8)
    }

    /// Gives the text so far away, to a writer or to another encoding, and takes it back.
    mutating func swapBytes(with other: inout TextBuffer) { swap(&bytes, &other) }

    /// Puts the members of the innermost sorted object in the order of their keys, and forgets their offsets.
    private mutating func sortMembers(from first: Int) {
        bytes.sortMembers(at: members[first...])
        members.removeSubrange(first...)
    }
}

/// The one text of an encoding, shared by all its encoders and containers.
///
/// It lies behind a pointer because a class's stored property would be checked for exclusive access at every byte.
@safe
final class EncodingStream {
    // SAFETY: allocated here, freed in deinit. An encoding runs on one thread, and no method of EncodingText calls
    // foreign code, so no two accesses overlap.
    private let state: UnsafeMutablePointer<EncodingText>

    init(capacity: Int = 4096) {
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: EncodingText(bytes: TextBuffer(capacity: capacity)))
    }

    deinit {
        unsafe state.deinitialize(count: 1)
        unsafe state.deallocate()
    }

    var text: EncodingText {
        @inline(__always) unsafeAddress { unsafe UnsafePointer(state) }
        @inline(__always) unsafeMutableAddress { unsafe state }
    }

    /// Writes a nested value with all it contains.
    // SAFETY: every cast is between a type and itself, which the line has just made sure of.
    func value<T: Encodable>(_ value: T) throws {
        // Frequent types that need no containers of their own, as in `Tape.decode`.
        if T.self == String.self { return text.string(unsafe unsafeBitCast(value, to: String.self)) }
        if T.self == Bool.self { return text.bool(unsafe unsafeBitCast(value, to: Bool.self)) }
        if T.self == Int32.self { return text.integer(unsafe unsafeBitCast(value, to: Int32.self)) }
        if T.self == Int64.self { return text.integer(unsafe unsafeBitCast(value, to: Int64.self)) }
        if T.self == [String].self { return try write(unsafe unsafeBitCast(value, to: [String].self)) }
        if T.self == [String: String].self {
            return try write(unsafe unsafeBitCast(value, to: [String: String].self))
        }
        if T.self == JSONValue.self { return text.json(unsafe unsafeBitCast(value, to: JSONValue.self)) }
        let depth = text.open.count
        let start = text.bytes.count
        try value.encode(to: StreamEncoder(stream: self, depth: depth, start: start))
        text.end(at: depth, from: start)
    }

    /// Lends the text to a value that writes itself.
    private func write(_ value: some JSONWritable) throws {
        var writer = JSONWriter(reserving: 0)
        text.swapBytes(with: &writer.buffer)
        defer { text.swapBytes(with: &writer.buffer) }
        try value.write(to: &writer)
    }
}

/// Lets any Encodable type write itself.
struct StreamEncoder: Encoder {
    let stream: EncodingStream
    /// How many containers are open around this value.
    let depth: Int
    /// Where in the text this value begins.
    let start: Int

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        let kind: EncodingText.Open.Kind = DictionaryKeys.isKey(of: Key.self) ? .sortedObject : .object
        let id = stream.text.begin(kind, at: depth, from: start)
        return KeyedEncodingContainer(KeyedStreamContainer<Key>(stream: stream, depth: depth, id: id))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        UnkeyedStreamContainer(stream: stream, depth: depth, id: stream.text.begin(.array, at: depth, from: start))
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }
}

/// Recognises the keys with which the standard library encodes dictionaries.
///
/// Swift's dictionaries have another order in every process; text that is hashed and compared must not. So they are written
/// in the order of their keys. The key type has no public name: it is learned once by encoding a dictionary.
enum DictionaryKeys {
    private static let learned: ObjectIdentifier? = {
        let probe = KeyProbe()
        try? ["": ""].encode(to: probe)  // the probe cannot throw; without an answer dictionaries lose their order
        return probe.seen
    }()

    static func isKey<Key>(of type: Key.Type) -> Bool { ObjectIdentifier(type) == learned }

    private final class KeyProbe: Encoder {
        var seen: ObjectIdentifier?
        let stream = EncodingStream()
        var codingPath: [any CodingKey] { [] }
        var userInfo: [CodingUserInfoKey: Any] { [:] }

        func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
            seen = ObjectIdentifier(type)
            let id = stream.text.begin(.object, at: 0, from: 0)
            return KeyedEncodingContainer(KeyedStreamContainer<Key>(stream: stream, depth: 0, id: id))
        }
        func unkeyedContainer() -> any UnkeyedEncodingContainer {
            UnkeyedStreamContainer(stream: stream, depth: 0, id: stream.text.begin(.array, at: 0, from: 0))
        }
        func singleValueContainer() -> any SingleValueEncodingContainer {
            StreamEncoder(stream: stream, depth: 0, start: 0)
        }
    }
}
