/// Writes JSON text straight into bytes, for paths where a tree would cost too much.
///
/// The caller keeps the order: in an object `key` before every value, `end…` for every `begin…`. Commas are the writer's
/// business. Escapes are those of RFC 8259 section 7 and no more: `/` and everything beyond ASCII stay as they are.
@usableFromInline
package struct JSONWriter: ~Copyable {
    var buffer: TextBuffer
    private var needsComma = false

    package init(reserving capacity: Int = 256) { buffer = TextBuffer(capacity: capacity) }

    /// The text so far, as a copy.
    package var bytes: [UInt8] { buffer.bytes }

    @usableFromInline package mutating func beginObject() { begin(UInt8(ascii: "{")) }
    @usableFromInline package mutating func endObject() { end(UInt8(ascii: "}")) }
    @usableFromInline package mutating func beginArray() { begin(UInt8(ascii: "[")) }
    @usableFromInline package mutating func endArray() { end(UInt8(ascii: "]")) }

    package mutating func key(_ key: String) {
        separate()
        buffer.string(key)
        buffer.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A key that is known when the program is compiled, and that needs no escapes.
    @usableFromInline
    package mutating func key(_ name: StaticString) {
        buffer.key(name, afterComma: needsComma)
        needsComma = false
    }

    /// A key that is written out of its order, and where its member begins.
    @usableFromInline
    mutating func sortableKey(_ key: String) -> Int {
        if needsComma { buffer.append(UInt8(ascii: ",")) }
        let start = buffer.count
        buffer.string(key)
        buffer.append(UInt8(ascii: ":"))
        needsComma = false
        return start
    }

    /// Ends an object all of whose members, which begin at these offsets, are to stand in the order of their keys.
    @usableFromInline
    mutating func endObject(sorting members: [Int]) {
        buffer.sortMembers(at: members[...])
        endObject()
    }

    @usableFromInline
    package mutating func string(_ value: String) {
        separate()
        buffer.string(value)
    }

    /// Not generic, so that it costs no more where it is called from other modules.
    @usableFromInline
    package mutating func int(_ value: Int64) {
        separate()
        buffer.integer(value)
    }

    package mutating func int(_ value: some FixedWidthInteger) {
        separate()
        buffer.integer(value)
    }

    @usableFromInline
    package mutating func bool(_ value: Bool) {
        separate()
        buffer.bool(value)
    }

    @usableFromInline
    package mutating func null() {
        separate()
        buffer.null()
    }

    package mutating func number(_ value: JSONNumber) {
        separate()
        value.append(to: &buffer)
    }

    package mutating func value(_ value: JSONValue) {
        separate()
        value.append(to: &buffer, pretty: false, sortedKeys: false, level: 0)
    }

    /// Bytes that already are the text of one value; nothing checks them.
    package mutating func raw(_ text: some Collection<UInt8>) {
        separate()
        buffer.append(contentsOf: text)
    }

    mutating func separate() {
        if needsComma { buffer.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func begin(_ bracket: UInt8) {
        separate()
        buffer.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        buffer.append(bracket)
        needsComma = true
    }
}

extension JSONValue {
    func append(to out: inout TextBuffer, pretty: Bool, sortedKeys: Bool, level: Int) {
        switch self {
        case .null: out.null()
        case .bool(let value): out.bool(value)
        case .number(let number): number.append(to: &out)
        case .string(let value): out.string(value)
        case .array(let elements):
            out.append(UInt8(ascii: "["))
            for (position, element) in elements.enumerated() {
                if position > 0 { out.append(UInt8(ascii: ",")) }
                if pretty { Self.newLine(level + 1, &out) }
                element.append(to: &out, pretty: pretty, sortedKeys: sortedKeys, level: level + 1)
            }
            if pretty, !elements.isEmpty { Self.newLine(level, &out) }
            out.append(UInt8(ascii: "]"))
        case .object(let object):
            out.append(UInt8(ascii: "{"))
            var first = true
            for (key, value) in sortedKeys ? object.sortedByKey() : Array(object) {
                if !first { out.append(UInt8(ascii: ",")) }
                first = false
                if pretty { Self.newLine(level + 1, &out) }
                out.string(key)
                out.append(UInt8(ascii: ":"))
                if pretty { out.append(UInt8(ascii: " ")) }
                value.append(to: &out, pretty: pretty, sortedKeys: sortedKeys, level: level + 1)
            }
            if pretty, !object.isEmpty { Self.newLine(level, &out) }
            out.append(UInt8(ascii: "}"))
        }
    }

    private static func newLine(_ level: Int, _ out: inout TextBuffer) {
        out.append(UInt8(ascii: "\n"))
        for _ in 0..<level { out.append("  ") }
    }
}

extension JSONObject {
    /// The members in the order of their keys' bytes.
    package func sortedByKey() -> [Element] {
        sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }
}
