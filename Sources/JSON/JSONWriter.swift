/// Writes JSON text straight into bytes, for paths where a tree would cost too much.
///
/// The caller keeps the order: in an object `key` before every value, `end…` for every `begin…`. Commas are the writer's
/// business. Escapes are those of RFC 8259 section 7 and no more: `/` and everything beyond ASCII stay as they are.
package struct JSONWriter: Sendable {
    /// The text so far.
    package private(set) var bytes: [UInt8]
    private var needsComma = false

    package init(reserving capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    package mutating func beginObject() { begin(UInt8(ascii: "{")) }
    package mutating func endObject() { end(UInt8(ascii: "}")) }
    package mutating func beginArray() { begin(UInt8(ascii: "[")) }
    package mutating func endArray() { end(UInt8(ascii: "]")) }

    package mutating func key(_ key: String) {
        separate()
        Self.append(key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func string(_ value: String) {
        separate()
        Self.append(value, to: &bytes)
    }

    package mutating func int(_ value: some FixedWidthInteger) {
        separate()
        Self.append(value, to: &bytes)
    }

    package mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    package mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    package mutating func number(_ value: JSONNumber) {
        separate()
        value.append(to: &bytes)
    }

    package mutating func value(_ value: JSONValue) {
        separate()
        value.append(to: &bytes, pretty: false, sortedKeys: false, level: 0)
    }

    /// Bytes that already are the text of one value; nothing checks them.
    package mutating func raw(_ text: some Collection<UInt8>) {
        separate()
        bytes.append(contentsOf: text)
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }
}

extension JSONWriter {
    /// A string in quotation marks.
    static func append(_ text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        let done: Void? = unsafe text.utf8.withContiguousStorageIfAvailable { utf8 in
            var copied = 0
            var position = 0
            let count = utf8.count
            while position < count {
                let byte = unsafe utf8[position]
                position += 1
                guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
                unsafe out.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[copied..<(position - 1)]))
                appendEscape(byte, to: &out)
                copied = position
            }
            unsafe out.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[copied..<count]))
        }
        if done == nil {
            for byte in text.utf8 {
                if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                    appendEscape(byte, to: &out)
                } else {
                    out.append(byte)
                }
            }
        }
        out.append(UInt8(ascii: "\""))
    }

    private static func appendEscape(_ byte: UInt8, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: out.append(UInt8(ascii: "b"))
        case 0x09: out.append(UInt8(ascii: "t"))
        case 0x0A: out.append(UInt8(ascii: "n"))
        case 0x0C: out.append(UInt8(ascii: "f"))
        case 0x0D: out.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): out.append(byte)
        default:
            out.append(contentsOf: "u00".utf8)
            for digit in [byte >> 4, byte & 0xF] {
                out.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
    }

    static func append(_ value: some FixedWidthInteger, to out: inout [UInt8]) {
        if value >= 0, value < 10 {
            out.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value))
        } else {
            out.append(contentsOf: String(value).utf8)
        }
    }
}

extension JSONValue {
    func append(to out: inout [UInt8], pretty: Bool, sortedKeys: Bool, level: Int) {
        switch self {
        case .null: out.append(contentsOf: "null".utf8)
        case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let number): number.append(to: &out)
        case .string(let value): JSONWriter.append(value, to: &out)
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
                JSONWriter.append(key, to: &out)
                out.append(contentsOf: (pretty ? ": " : ":").utf8)
                value.append(to: &out, pretty: pretty, sortedKeys: sortedKeys, level: level + 1)
            }
            if pretty, !object.isEmpty { Self.newLine(level, &out) }
            out.append(UInt8(ascii: "}"))
        }
    }

    private static func newLine(_ level: Int, _ out: inout [UInt8]) {
        out.append(UInt8(ascii: "\n"))
        for _ in 0..<level { out.append(contentsOf: "  ".utf8) }
    }
}

extension JSONObject {
    /// The members in the order of their keys' bytes.
    package func sortedByKey() -> [Element] {
        sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }
}
