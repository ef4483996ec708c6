/// A text that is being written: bytes that grow at the end.
///
/// Not an array, because an array checks at every byte whether somebody else holds it.
@safe
@usableFromInline
struct TextBuffer: ~Copyable {
    // SAFETY: this value is the only owner of `capacity` bytes from the base on, of which `count` are initialised. Every
    // write makes room first, and every read is checked against the count.
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = max(capacity, 16)
        unsafe base = .allocate(capacity: self.capacity)
    }

    deinit { unsafe base.deallocate() }

    /// What was written, as a copy.
    var bytes: [UInt8] { unsafe Array(UnsafeBufferPointer(start: base, count: count)) }

    subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < count)
        return unsafe base[index]
    }

    @inline(__always)
    mutating func makeRoom(for more: Int) {
        if capacity - count < more { grow(by: more) }
    }

    @inline(never)
    private mutating func grow(by more: Int) {
        let needed = max(capacity * 2, count + more)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: needed)
        unsafe larger.moveInitialize(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = larger
        capacity = needed
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        makeRoom(for: 1)
        unsafe base[count] = byte
        count += 1
    }

    mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let start = bytes.baseAddress else { return }
        makeRoom(for: bytes.count)
        unsafe (base + count).initialize(from: start, count: bytes.count)
        count += bytes.count
    }

    /// Text as it is.
    // SAFETY: the address is asked for, which traps where a static string has none.
    @inline(__always)
    mutating func append(_ text: StaticString) {
        unsafe append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(contentsOf bytes: some Sequence<UInt8>) {
        let copied: Void? = bytes.withContiguousStorageIfAvailable { unsafe append($0) }
        if copied == nil {
            for byte in bytes { append(byte) }
        }
    }
}

// MARK: Words of JSON

extension TextBuffer {
    /// A key of an object and its colon, after a comma if there are members before it.
    ///
    /// Names of fields need no escapes, which is why they are static: this is the place that makes sure of it.
    mutating func key(_ name: StaticString, afterComma comma: Bool) {
        assert(name.isASCII && Self.needsNoEscape(name), "\(name) as a key needs escapes")
        let length = name.utf8CodeUnitCount
        makeRoom(for: length + 4)
        var end = unsafe base + count
        if comma {
            unsafe end[0] = UInt8(ascii: ",")
            unsafe end += 1
        }
        unsafe end[0] = UInt8(ascii: "\"")
        unsafe (end + 1).initialize(from: name.utf8Start, count: length)
        unsafe end[length + 1] = UInt8(ascii: "\"")
        unsafe end[length + 2] = UInt8(ascii: ":")
        count += length + (comma ? 4 : 3)
    }

    private static func needsNoEscape(_ name: StaticString) -> Bool {
        name.withUTF8Buffer { unsafe $0.allSatisfy { !$0.isEscapedInJSON } }
    }

    /// A string in quotation marks, with the escapes of RFC 8259 section 7 and no more: `/` and everything beyond ASCII
    /// stay as they are.
    mutating func string(_ text: String) {
        let done: Void? = unsafe text.utf8.withContiguousStorageIfAvailable { unsafe quote($0) }
        if done == nil { unsafe Array(text.utf8).withUnsafeBufferPointer { unsafe quote($0) } }
    }

    /// Copies eight bytes at a time as long as none of them needs an escape.
    private mutating func quote(_ text: UnsafeBufferPointer<UInt8>) {
        let length = text.count
        makeRoom(for: length + 2)
        var position = 0
        let start = unsafe base + count + 1
        unsafe start[-1] = UInt8(ascii: "\"")
        let from = UnsafeRawBufferPointer(text)
        let to = UnsafeMutableRawPointer(start)
        while position + 8 <= length {
            let word = unsafe from.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            if word.hasByteEscapedInJSON { break }
            unsafe to.storeBytes(of: word, toByteOffset: position, as: UInt64.self)
            position += 8
        }
        while position < length, case let byte = unsafe text[position], !byte.isEscapedInJSON {
            unsafe start[position] = byte
            position += 1
        }
        count += position + 1
        if position < length {
            unsafe escape(UnsafeBufferPointer(rebasing: text[position...]))
        }
        append(UInt8(ascii: "\""))
    }

    /// The same byte by byte.
    @inline(never)
    private mutating func escape(_ text: UnsafeBufferPointer<UInt8>) {
        for position in text.indices {
            let byte = unsafe text[position]
            guard byte.isEscapedInJSON else {
                append(byte)
                continue
            }
            append(UInt8(ascii: "\\"))
            switch byte {
            case 0x08: append(UInt8(ascii: "b"))
            case 0x09: append(UInt8(ascii: "t"))
            case 0x0A: append(UInt8(ascii: "n"))
            case 0x0C: append(UInt8(ascii: "f"))
            case 0x0D: append(UInt8(ascii: "r"))
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(byte)
            default:
                append("u00")
                append(UInt8.hexDigit(byte >> 4))
                append(UInt8.hexDigit(byte & 0xF))
            }
        }
    }

    mutating func integer(_ value: some FixedWidthInteger) {
        if value >= 0, value < 10 {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value))
        } else if let small = Int64(exactly: value) {
            digits(small)
        } else {
            append(contentsOf: String(value).utf8)
        }
    }

    private mutating func digits(_ value: Int64) {
        var rest = value.magnitude
        var width = value < 0 ? 2 : 1
        var power: UInt64 = 10
        while rest >= power {
            width += 1
            power &*= 10  // at most 10^19, which still fits
        }
        makeRoom(for: width)
        var position = count + width - 1
        repeat {
            unsafe base[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
            position -= 1
        } while rest > 0
        if value < 0 { unsafe base[count] = UInt8(ascii: "-") }
        count += width
    }

    mutating func bool(_ value: Bool) { append(value ? "true" : "false") }
    mutating func null() { append("null") }

    /// Puts members of an object, which reach to the end of the text, in the order of their bytes. Where they begin is
    /// known; their order is that in which they were written, with commas between them.
    ///
    /// Swift's dictionaries have another order in every process; text that is hashed and compared must not.
    mutating func sortMembers(at offsets: ArraySlice<Int>) {
        guard let first = offsets.first, offsets.count > 1 else { return }
        var members: [Range<Int>] = []
        members.reserveCapacity(offsets.count)
        for position in offsets.indices {
            let next = position + 1 < offsets.endIndex ? offsets[position + 1] - 1 : count
            members.append(offsets[position]..<next)
        }
        let text = unsafe UnsafeBufferPointer(start: base, count: count)
        // SAFETY: the members lie in the text, which does not change while they are compared and copied.
        members.sort { unsafe text[$0].lexicographicallyPrecedes(text[$1]) }
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count - first) { copy in
            _ = unsafe copy.initialize(from: text[first...])
            var end = first
            for member in members {
                if end > first {
                    unsafe base[end] = UInt8(ascii: ",")
                    end += 1
                }
                for position in member {
                    unsafe base[end] = copy[position - first]
                    end += 1
                }
            }
        }
    }
}

extension UInt8 {
    /// Whether a string of JSON has the byte only with an escape.
    @inline(__always)
    fileprivate var isEscapedInJSON: Bool { self < 0x20 || self == UInt8(ascii: "\"") || self == UInt8(ascii: "\\") }

    fileprivate static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}

extension UInt64 {
    /// Whether any of the eight bytes needs an escape.
    ///
    /// A byte below n loses its top bit's borrow when n is taken from all bytes, unless that bit was set before
    /// (https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord); zero after an exclusive or is equality.
    @inline(__always)
    fileprivate var hasByteEscapedInJSON: Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = self ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let backslashes = self ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let found =
            (self &- ones &* 0x20) & ~self | (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes
        return found & (ones &* 0x80) != 0
    }
}
