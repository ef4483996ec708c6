/// One entry of the tape: a value, or a key in front of its value.
struct TapeNode {
    enum Kind: UInt8 {
        case null, `false`, `true`, number, string, array, object, key
    }

    struct Flags: OptionSet {
        let rawValue: UInt8
        /// A string or key with characters beyond ASCII in its text.
        static let beyondASCII = Flags(rawValue: 128)
        /// A string or key with escapes in its text.
        static let escaped = Flags(rawValue: 1)
        /// A key that a later equal key replaces.
        static let shadowed = Flags(rawValue: 2)
        /// A key that an earlier one equals.
        static let again = Flags(rawValue: 64)
        /// The second key of its name in the object.
        static let repeated = Flags(rawValue: 4)
        /// A key that the decoded type asked for.
        static let asked = Flags(rawValue: 8)
        /// An object whose keys the decoded type looked at one by one.
        static let opened = Flags(rawValue: 16)
        /// A number without fraction and exponent.
        static let integer = Flags(rawValue: 32)
    }

    var kind: Kind
    var flags: Flags = []
    /// Of a key, as its text is without escapes.
    var sketch = KeySketch.none
    /// Offset of the first byte; for strings and keys the one after the quotation mark.
    var start: UInt32
    /// Offset after the last byte, without the closing quotation mark. For arrays the number of elements. For objects
    /// the index of the key where the next search begins, or 0.
    var end: UInt32
    /// Index in the tape of what follows this value with all it contains; for a key, of what follows its value.
    var next: UInt32
}

/// The nodes of a tape.
///
/// Not an array, because every container of a decoding marks nodes in place, and a class's stored array would be checked
/// for exclusive access and uniqueness each time. Every access is checked against the bounds.
@safe
struct TapeNodes: ~Copyable {
    // SAFETY: this value is the only owner; `count` entries from the base on are initialised; TapeNode is trivial.
    private var base: UnsafeMutablePointer<TapeNode>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = max(capacity, 16)
        unsafe base = .allocate(capacity: self.capacity)
    }

    deinit { unsafe base.deallocate() }

    mutating func append(_ node: TapeNode) {
        if count == capacity { grow() }
        unsafe (base + count).initialize(to: node)
        count += 1
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<TapeNode>.allocate(capacity: capacity * 2)
        unsafe larger.moveInitialize(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = larger
        capacity *= 2
    }

    subscript(index: Int) -> TapeNode {
        @inline(__always) get {
            precondition(index >= 0 && index < count)
            return unsafe base[index]
        }
        @inline(__always) nonmutating set {
            precondition(index >= 0 && index < count)
            unsafe base[index] = newValue
        }
    }
}

/// A scanned text: the bytes, and one node for each value and key in the order of the text.
///
/// A class, so that a decoder and all its containers share it as one word. It is used by one decoding on one thread.
@usableFromInline
final class Tape {
    let bytes: [UInt8]
    let nodes: TapeNodes
    /// Index of a null after the last value, for decoders of what is absent.
    let absent: Int
    /// Whether offsets mean something to the caller.
    let hasSource: Bool

    init(scanning text: some Collection<UInt8>, limits: JSONLimits, hasSource: Bool = true) throws(JSONError) {
        let limit = min(limits.maxBytes, Int(Int32.max))
        guard text.count <= limit else { throw JSONError(.tooLarge(bytes: text.count, limit: limit)) }
        let bytes = (text as? [UInt8]) ?? Array(text)
        var scanner = Scanner(limits: limits, capacity: bytes.count / 10)
        try scanner.scan(bytes.span)
        self.bytes = bytes
        absent = scanner.nodes.count
        nodes = scanner.finish()
        self.hasSource = hasSource
    }

    /// The text of a string or key, without its escapes.
    @usableFromInline
    func string(at index: Int) -> String {
        let node = nodes[index]
        guard node.flags.contains(.escaped) else { return text(of: node) }
        return Unescaping.string(bytes[Int(node.start)..<Int(node.end)])
    }

    /// A number as it is written.
    func literal(at index: Int) -> String { text(of: nodes[index]) }

    private func text(of node: TapeNode) -> String {
        let all = bytes
        let part = all.span.extracting(Int(node.start)..<Int(node.end))
        // SAFETY: the scanner has checked that all strings are UTF-8, and knows which are ASCII.
        let text = unsafe UTF8Span(unchecked: part, isKnownASCII: !node.flags.contains(.beyondASCII))
        return String(copying: text)
    }

    func number(at index: Int) -> JSONNumber {
        if let value = smallInteger(at: index) { return JSONNumber(value) }
        return JSONNumber(scanned: literal(at: index))
    }

    /// A plain integer of up to 18 digits, other than `-0`.
    func smallInteger(at index: Int) -> Int64? {
        let node = nodes[index]
        guard node.flags.contains(.integer), node.end - node.start <= 18 else { return nil }
        var position = Int(node.start)
        let negative = bytes[position] == UInt8(ascii: "-")
        if negative { position += 1 }
        var value: Int64 = 0
        while position < Int(node.end) {
            value = value &* 10 &+ Int64(bytes[position] &- UInt8(ascii: "0"))
            position += 1
        }
        if negative { return value == 0 ? nil : -value }
        return value
    }

    /// The value of a node with all it contains. The depth was limited by the scanner.
    func value(at index: Int) -> JSONValue {
        let node = nodes[index]
        switch node.kind {
        case .null: return .null
        case .true: return .bool(true)
        case .false: return .bool(false)
        case .number: return .number(number(at: index))
        case .string, .key: return .string(string(at: index))
        case .array:
            var elements: [JSONValue] = []
            elements.reserveCapacity(Int(node.end))
            var child = index + 1
            while child < Int(node.next) {
                elements.append(value(at: child))
                child = Int(nodes[child].next)
            }
            return .array(elements)
        case .object:
            var object = JSONObject()
            var key = index + 1
            while key < Int(node.next) {
                if !nodes[key].flags.contains(.shadowed) { object.append(string(at: key), value(at: key + 1)) }
                key = Int(nodes[key].next)
            }
            return .object(object)
        }
    }

    /// The steps from the root to a node. Linear in the tape: for messages only.
    func path(to target: Int) -> JSONPath {
        var path = JSONPath()
        var index = 0
        while index != target, target < absent {
            let inObject = nodes[index].kind == .object
            var child = index + 1
            var position = 0
            while target >= Int(nodes[child].next) {
                child = Int(nodes[child].next)
                position += 1
            }
            path.steps.append(inObject ? .key(string(at: child)) : .index(position))
            if child == target { break }
            index = inObject ? child + 1 : child
        }
        return path
    }

    /// An error about a node, with its path and its place in the text.
    func failure(_ reason: JSONError.Reason, at index: Int) -> JSONError {
        let path = path(to: index).text
        guard hasSource, index < absent else { return JSONError(reason, path: path) }
        let offset = Int(nodes[index].start) - (nodes[index].kind == .string ? 1 : 0)
        let text = bytes
        let place = TextPlace(of: offset, in: text.span)
        return JSONError(reason, offset: offset, line: place.line, column: place.column, path: path)
    }
}

/// A line and a column, both from 1; columns count Unicode scalars.
struct TextPlace {
    private(set) var line = 1
    private(set) var column = 1

    init(of offset: Int, in text: Span<UInt8>) {
        for position in 0..<min(offset, text.count) {
            let byte = text[position]
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
    }
}

/// Resolves the escapes of a string that the scanner has checked.
enum Unescaping {
    static func string(_ text: ArraySlice<UInt8>) -> String { String(decoding: bytes(text), as: UTF8.self) }

    static func bytes(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var position = text.startIndex
        while position < text.endIndex {
            let byte = text[position]
            guard byte == UInt8(ascii: "\\") else {
                out.append(byte)
                position += 1
                continue
            }
            let escape = text[position + 1]
            position += 2
            guard escape == UInt8(ascii: "u") else {
                out.append(single(escape))
                continue
            }
            var scalar = unit(text, position)
            position += 4
            if scalar & 0xFC00 == 0xD800 {
                scalar = 0x10000 + ((scalar & 0x3FF) << 10) + (unit(text, position + 2) & 0x3FF)
                position += 6
            }
            append(scalar, to: &out)
        }
        return out
    }

    /// The value of four hexadecimal digits; the scanner made sure of them.
    private static func unit(_ text: ArraySlice<UInt8>, _ position: Int) -> UInt32 {
        var value: UInt32 = 0
        for offset in 0..<4 { value = value << 4 | UInt32(Scanner.hexadecimal(text[position + offset]) ?? 0) }
        return value
    }

    private static func single(_ escape: UInt8) -> UInt8 {
        switch escape {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: escape
        }
    }

    private static func append(_ scalar: UInt32, to out: inout [UInt8]) {
        switch scalar {
        case ..<0x80: out.append(UInt8(truncatingIfNeeded: scalar))
        case ..<0x800:
            out.append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
            out.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        case ..<0x10000:
            out.append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
            out.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
            out.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        default:
            out.append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
            out.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 12 & 0x3F))
            out.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
            out.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        }
    }
}
