/// Turns bytes into a tape in one pass, checking all of RFC 8259 and the limits on the way.
///
/// Works on a `Span`, so every access is checked against the bounds of the text; it keeps its own stack, so depth costs
/// no machine stack.
struct Scanner: ~Copyable {
    struct Frame {
        /// Index of the array or object in the tape.
        let container: Int
        let isObject: Bool
        /// Index of the key whose value is being read.
        var key = 0
        var count: UInt32 = 0
    }

    private enum Expectation {
        case value, firstElement, key, firstKey, separator
    }

    var nodes: TapeNodes
    let limits: JSONLimits
    /// What the innermost container and those around it have read so far; the outermost is the text itself.
    private var frame = Frame(container: 0, isObject: false)
    private var outerFrames: [Frame] = []
    private var position = 0
    private var expected = Expectation.value

    init(limits: JSONLimits, capacity: Int) {
        self.limits = limits
        nodes = TapeNodes(capacity: capacity)
    }

    /// The nodes, and after them a null that stands for what is absent.
    consuming func finish() -> TapeNodes {
        let end = UInt32(position)
        nodes.append(TapeNode(kind: .null, start: end, end: end, next: UInt32(nodes.count + 1)))
        return nodes
    }

    mutating func scan(_ text: Span<UInt8>) throws(JSONError) {
        while true {
            skipSpace(text)
            guard position < text.count else {
                if expected == .separator, outerFrames.isEmpty { return }
                throw failure(.endOfText(expected: words(for: expected)), at: position, text)
            }
            let byte = text[position]
            switch expected {
            case .firstElement where byte == UInt8(ascii: "]"), .firstKey where byte == UInt8(ascii: "}"):
                position += 1
                try close(text)
                expected = .separator
            case .value, .firstElement:
                expected = try scanValue(byte, text)
            case .key, .firstKey:
                guard byte == UInt8(ascii: "\"") else {
                    throw failure(.unexpectedCharacter(byte: byte, expected: words(for: expected)), at: position, text)
                }
                frame.key = nodes.count
                try scanString(.key, text)
                sketchLastKey(text)
                try scanColon(text)
                expected = .value
            case .separator:
                expected = try scanSeparator(byte, text)
            }
        }
    }

    private mutating func scanValue(_ byte: UInt8, _ text: Span<UInt8>) throws(JSONError) -> Expectation {
        switch byte {
        case UInt8(ascii: "\""): try scanString(.string, text)
        case UInt8(ascii: "{"):
            try enter(.object, text)
            return .firstKey
        case UInt8(ascii: "["):
            try enter(.array, text)
            return .firstElement
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try scanNumber(text)
        case UInt8(ascii: "t"): try scanWord("true", .true, text)
        case UInt8(ascii: "f"): try scanWord("false", .false, text)
        case UInt8(ascii: "n"): try scanWord("null", .null, text)
        default: throw failure(.unexpectedCharacter(byte: byte, expected: words(for: .value)), at: position, text)
        }
        finishValue()
        return .separator
    }

    private mutating func scanSeparator(_ byte: UInt8, _ text: Span<UInt8>) throws(JSONError) -> Expectation {
        guard !outerFrames.isEmpty else { throw failure(.trailingText(byte: byte), at: position, text) }
        let inObject = frame.isObject
        switch byte {
        case UInt8(ascii: ","):
            position += 1
            return inObject ? .key : .value
        case UInt8(ascii: "}") where inObject, UInt8(ascii: "]") where !inObject:
            position += 1
            try close(text)
            return .separator
        default: throw failure(.unexpectedCharacter(byte: byte, expected: words(for: .separator)), at: position, text)
        }
    }

    @inline(__always)
    private mutating func sketchLastKey(_ text: Span<UInt8>) {
        let key = nodes.count - 1
        let node = nodes[key]
        nodes[key].sketch =
            node.flags.contains(.escaped)
            ? KeySketch(keyBytes(key, text).span) : KeySketch(text.extracting(Int(node.start)..<Int(node.end)))
    }

    private mutating func scanColon(_ text: Span<UInt8>) throws(JSONError) {
        skipSpace(text)
        guard position < text.count else { throw failure(.endOfText(expected: "':'"), at: position, text) }
        guard text[position] == UInt8(ascii: ":") else {
            throw failure(.unexpectedCharacter(byte: text[position], expected: "':'"), at: position, text)
        }
        position += 1
    }

    @inline(__always)
    private mutating func skipSpace(_ text: Span<UInt8>) {
        while position < text.count {
            let byte = text[position]
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position += 1
        }
    }

    // MARK: Containers

    private mutating func enter(_ kind: TapeNode.Kind, _ text: Span<UInt8>) throws(JSONError) {
        guard outerFrames.count < limits.maxDepth else {
            throw failure(.tooDeep(limit: limits.maxDepth), at: position, text)
        }
        outerFrames.append(frame)
        frame = Frame(container: nodes.count, isObject: kind == .object)
        nodes.append(TapeNode(kind: kind, start: UInt32(position), end: 0, next: 0))
        position += 1
    }

    private mutating func close(_ text: Span<UInt8>) throws(JSONError) {
        let closed = frame
        frame = outerFrames.removeLast()
        expected = .value
        if !closed.isObject { nodes[closed.container].end = closed.count }
        nodes[closed.container].next = UInt32(nodes.count)
        if closed.isObject, closed.count > 1 { try findDuplicates(in: closed, text) }
        finishValue()
    }

    /// Called when a value is complete: counts it, and tells its key where the next one is.
    @inline(__always)
    private mutating func finishValue() {
        frame.count += 1
        if frame.isObject { nodes[frame.key].next = UInt32(nodes.count) }
    }

    // MARK: Scalars

    private mutating func scanWord(_ word: StaticString, _ kind: TapeNode.Kind, _ text: Span<UInt8>) throws(JSONError) {
        let start = position
        // SAFETY: the words are not single scalars, so they point to constant memory.
        let letters = unsafe Span(_unsafeStart: word.utf8Start, count: word.utf8CodeUnitCount)
        for index in 0..<letters.count {
            guard position < text.count else { throw failure(.endOfText(expected: "'\(word)'"), at: position, text) }
            guard text[position] == letters[index] else {
                throw failure(.unexpectedCharacter(byte: text[position], expected: "'\(word)'"), at: position, text)
            }
            position += 1
        }
        appendScalar(kind, from: start, to: position, flags: [])
    }

    @inline(__always)
    private mutating func appendScalar(_ kind: TapeNode.Kind, from start: Int, to end: Int, flags: TapeNode.Flags) {
        let next = UInt32(nodes.count + 1)
        nodes.append(TapeNode(kind: kind, flags: flags, start: UInt32(start), end: UInt32(end), next: next))
    }

    private mutating func scanNumber(_ text: Span<UInt8>) throws(JSONError) {
        let start = position
        var flags: TapeNode.Flags = [.integer]
        if text[position] == UInt8(ascii: "-") { position += 1 }
        if position < text.count, text[position] == UInt8(ascii: "0") {
            position += 1
            if position < text.count, Self.isDigit(text[position]) {
                throw failure(.invalidNumber(expected: "no digit after a leading zero"), at: position, text)
            }
        } else {
            try scanDigits(text)
        }
        if position < text.count, text[position] == UInt8(ascii: ".") {
            flags = []
            position += 1
            try scanDigits(text)
        }
        if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
            flags = []
            position += 1
            if position < text.count, text[position] == UInt8(ascii: "+") || text[position] == UInt8(ascii: "-") {
                position += 1
            }
            try scanDigits(text)
        }
        guard position - start <= limits.maxNumberBytes else {
            throw failure(.numberTooLong(limit: limits.maxNumberBytes), at: start, text)
        }
        appendScalar(.number, from: start, to: position, flags: flags)
    }

    private mutating func scanDigits(_ text: Span<UInt8>) throws(JSONError) {
        let start = position
        while position < text.count, Self.isDigit(text[position]) { position += 1 }
        guard position == start else { return }
        guard position < text.count else { throw failure(.endOfText(expected: "a digit"), at: position, text) }
        throw failure(.invalidNumber(expected: "a digit"), at: position, text)
    }

    private mutating func scanString(_ kind: TapeNode.Kind, _ text: Span<UInt8>) throws(JSONError) {
        let start = position + 1
        var flags: TapeNode.Flags = []
        var cursor = start
        while cursor < text.count {
            cursor = Self.endOfPlainText(cursor, text)
            guard cursor < text.count else { break }
            let byte = text[cursor]
            if byte == UInt8(ascii: "\"") {
                appendScalar(kind, from: start, to: cursor, flags: flags)
                position = cursor + 1
                return
            }
            if byte == UInt8(ascii: "\\") {
                flags.insert(.escaped)
                cursor = try scanEscape(cursor, text)
            } else if byte >= 0x80 {
                guard let length = Self.lengthOfScalar(at: cursor, text) else {
                    throw failure(.invalidUTF8, at: cursor, text)
                }
                flags.insert(.beyondASCII)
                cursor += length
            } else if byte < 0x20 {
                throw failure(.controlCharacter(byte: byte), at: cursor, text)
            } else {
                cursor += 1
            }
        }
        throw failure(.endOfText(expected: "the end of a string"), at: text.count, text)
    }

    /// Skips eight bytes at a time while all of them are ASCII without quotation marks, backslashes and control characters.
    private static func endOfPlainText(_ start: Int, _ text: Span<UInt8>) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops = ones << 7
        var cursor = start
        while cursor + 8 <= text.count {
            let word = text.word(at: cursor)
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            // The top bit of a byte is set in `x - 1 & ~x` when x is zero, and in `word - 0x20 & ~word` below a space.
            let found = ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
            let special = found | ((word &- ones &* 0x20) & ~word) | word
            guard special & tops == 0 else { return cursor + (special & tops).trailingZeroBitCount / 8 }
            cursor += 8
        }
        return cursor
    }

    /// Checks the escape at a backslash and returns the offset after it.
    private func scanEscape(_ backslash: Int, _ text: Span<UInt8>) throws(JSONError) -> Int {
        guard backslash + 1 < text.count else {
            throw failure(.endOfText(expected: "the end of a string"), at: text.count, text)
        }
        switch text[backslash + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return backslash + 2
        case UInt8(ascii: "u"): break
        default: throw failure(.invalidEscape, at: backslash, text)
        }
        let unit = try scanUnit(backslash, text)
        guard unit & 0xF800 == 0xD800 else { return backslash + 6 }
        let low = backslash + 6
        guard unit & 0xFC00 == 0xD800, low + 1 < text.count, text[low] == UInt8(ascii: "\\"),
            text[low + 1] == UInt8(ascii: "u"), try scanUnit(low, text) & 0xFC00 == 0xDC00
        else { throw failure(.loneSurrogate, at: backslash, text) }
        return low + 6
    }

    private func scanUnit(_ backslash: Int, _ text: Span<UInt8>) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for offset in 2..<6 {
            guard backslash + offset < text.count else {
                throw failure(.endOfText(expected: "four hexadecimal digits"), at: text.count, text)
            }
            guard let digit = Self.hexadecimal(text[backslash + offset]) else {
                throw failure(.invalidEscape, at: backslash, text)
            }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    /// The length of the well-formed UTF-8 sequence at an offset (Unicode table 3-7), nil when it is malformed.
    static func lengthOfScalar(at cursor: Int, _ text: Span<UInt8>) -> Int? {
        let lead = text[cursor]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return nil
        }
        guard cursor + length <= text.count, second.contains(text[cursor + 1]) else { return nil }
        for offset in 2..<max(length, 2) where text[cursor + offset] & 0xC0 != 0x80 { return nil }
        return length
    }

    static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    // MARK: Errors

    private func words(for expected: Expectation) -> String {
        switch expected {
        case .value: return "a value"
        case .firstElement: return "a value or ']'"
        case .key: return "a key in quotation marks"
        case .firstKey: return "a key in quotation marks or '}'"
        case .separator:
            if outerFrames.isEmpty { return "the end of the text" }
            return frame.isObject ? "',' or '}'" : "',' or ']'"
        }
    }

    @inline(never)
    func failure(_ reason: JSONError.Reason, at offset: Int, _ text: Span<UInt8>) -> JSONError {
        var path = JSONPath()
        let open = (outerFrames + [frame]).dropFirst()
        for (depth, frame) in open.enumerated() {
            // Between its elements, the innermost container itself is the place.
            if depth == open.count - 1, expected != .value, expected != .firstElement { break }
            if !frame.isObject {
                path.steps.append(.index(Int(frame.count)))
            } else {
                path.steps.append(.key(String(decoding: keyBytes(frame.key, text), as: UTF8.self)))
            }
        }
        let place = TextPlace(of: offset, in: text)
        return JSONError(reason, offset: offset, line: place.line, column: place.column, path: path.text)
    }
}
