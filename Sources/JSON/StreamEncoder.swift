/// The text being written by an encoding, and the arrays and objects that are still open in it.
///
/// Values go straight into the bytes. That asks one thing of a type: once it writes to an outer container, it is done
/// with the containers nested in it. Synthesised Codable always is; a type that is not gets an error, never wrong text.
final class EncodingStream {
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
        var count = 0
        /// Offsets of the members of a sorted object.
        var members: [Int] = []
    }

    private(set) var bytes: [UInt8] = []
    private(set) var open: [Open] = []
    private(set) var failure: JSONError?
    private var lastID = 0

    init() { bytes.reserveCapacity(1024) }

    func fail(_ why: String) {
        if failure == nil { failure = JSONError(.notEncodable(why)) }
    }

    /// Opens a container at a depth; when the same value has opened one already, that one is used again.
    func begin(_ kind: Open.Kind, at depth: Int, from start: Int) -> Int {
        if open.count > depth, open[depth].kind != .reserved {
            guard open[depth].kind == kind else {
                fail("a type asks for an object and an array as its one value")
                return -1
            }
            return open[depth].id
        }
        if open.count > depth {
            open.removeSubrange(depth...)
        } else if bytes.count != start {
            fail("a type writes more than one value where one fits")
            return -1
        }
        lastID += 1
        open.append(Open(kind: kind, id: lastID, start: bytes.count))
        bytes.append(kind == .array ? UInt8(ascii: "[") : UInt8(ascii: "{"))
        return lastID
    }

    /// Keeps a place for a super encoder.
    func reserve() {
        lastID += 1
        open.append(Open(kind: .reserved, id: lastID, start: bytes.count))
    }

    func close(to depth: Int) {
        while open.count > depth {
            let last = open.removeLast()
            switch last.kind {
            case .array: bytes.append(UInt8(ascii: "]"))
            case .object: bytes.append(UInt8(ascii: "}"))
            case .sortedObject:
                sortMembers(of: last)
                bytes.append(UInt8(ascii: "}"))
            case .reserved: if bytes.count == last.start { bytes.append(contentsOf: "{}".utf8) }
            }
        }
    }

    /// Makes a container the innermost one, ready for its next element.
    private func resume(_ depth: Int, _ id: Int) throws {
        guard depth < open.count, open[depth].id == id else {
            throw failure ?? JSONError(.notEncodable("a type writes to a container that it has already left"))
        }
        if open.count > depth + 1 { close(to: depth + 1) }
        if open[depth].count > 0 { bytes.append(UInt8(ascii: ",")) }
        open[depth].count += 1
    }

    func nextElement(_ depth: Int, _ id: Int) throws { try resume(depth, id) }

    func key(_ key: String, _ depth: Int, _ id: Int) throws {
        try resume(depth, id)
        if open[depth].kind == .sortedObject { open[depth].members.append(bytes.count) }
        JSONWriter.append(key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }

    /// Writes a nested value; what it leaves open is closed.
    func value<T: Encodable>(_ value: T) throws {
        if T.self == JSONValue.self, let json = value as? JSONValue {
            json.append(to: &bytes, pretty: false, sortedKeys: false, level: 0)
            return
        }
        let depth = open.count
        let start = bytes.count
        try value.encode(to: StreamEncoder(stream: self, depth: depth, start: start))
        if bytes.count == start { bytes.append(contentsOf: "{}".utf8) }
        close(to: depth)
    }

    func null() { bytes.append(contentsOf: "null".utf8) }
    func bool(_ value: Bool) { bytes.append(contentsOf: (value ? "true" : "false").utf8) }
    func string(_ value: String) { JSONWriter.append(value, to: &bytes) }
    func integer(_ value: some FixedWidthInteger) { JSONWriter.append(value, to: &bytes) }
    func json(_ value: JSONValue) { value.append(to: &bytes, pretty: false, sortedKeys: false, level: 0) }

    func double(_ value: Double) throws {
        guard value.isFinite else { throw JSONError(.notEncodable("JSON has no number for \(value)")) }
        bytes.append(contentsOf: JSONNumber.literal(value).utf8)
    }

    func float(_ value: Float) throws {
        guard value.isFinite else { throw JSONError(.notEncodable("JSON has no number for \(value)")) }
        bytes.append(contentsOf: (JSONNumber.floatLiteral(value)).utf8)
    }

    private func sortMembers(of object: Open) {
        guard object.members.count > 1 else { return }
        let ends = object.members.dropFirst().map { $0 - 1 } + [bytes.count]
        let ranges = zip(object.members, ends).map { bytes[$0..<$1] }
        let sorted = ranges.sorted { $0.lexicographicallyPrecedes($1) }
        bytes.replaceSubrange(object.members[0]..., with: Array(sorted.joined(separator: [UInt8(ascii: ",")])))
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
        let kind: EncodingStream.Open.Kind = DictionaryKeys.isKey(of: Key.self) ? .sortedObject : .object
        let id = stream.begin(kind, at: depth, from: start)
        return KeyedEncodingContainer(KeyedStreamContainer<Key>(stream: stream, depth: depth, id: id))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        UnkeyedStreamContainer(stream: stream, depth: depth, id: stream.begin(.array, at: depth, from: start))
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
        // The probe cannot throw; without an answer dictionaries would only lose their order.
        try? ["": ""].encode(to: probe)
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
            let id = stream.begin(.object, at: 0, from: 0)
            return KeyedEncodingContainer(KeyedStreamContainer<Key>(stream: stream, depth: 0, id: id))
        }
        func unkeyedContainer() -> any UnkeyedEncodingContainer {
            UnkeyedStreamContainer(stream: stream, depth: 0, id: stream.begin(.array, at: 0, from: 0))
        }
        func singleValueContainer() -> any SingleValueEncodingContainer {
            StreamEncoder(stream: stream, depth: 0, start: 0)
        }
    }
}
