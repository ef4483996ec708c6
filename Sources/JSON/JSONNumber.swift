/// A number of JSON, exactly as it was written.
///
/// The literal survives a round trip: `1.0` stays `1.0` and a number of thirty digits keeps them all. Two numbers are
/// equal when they mean the same (`1.0 == 1 == 10e-1`), as RFC 6902 asks of its `test` operation.
package struct JSONNumber: Sendable {
    private enum Storage: Sendable {
        /// A literal that is the plain decimal form of this integer.
        case integer(Int64)
        case literal(String)
    }

    private let storage: Storage

    /// A literal that the scanner has already checked.
    init(scanned literal: String) { storage = .literal(literal) }

    package init(_ value: Int64) { storage = .integer(value) }

    package init(_ value: some FixedWidthInteger) {
        if let small = Int64(exactly: value) {
            storage = .integer(small)
        } else {
            storage = .literal(String(value))
        }
    }

    /// The shortest literal that reads back as the same double; nil for infinities and not-a-number.
    package init?(_ value: Double) {
        guard value.isFinite else { return nil }
        storage = .literal(Self.literal(value))
    }

    /// nil unless the text is one number by the grammar of RFC 8259 section 6.
    package init?(literal: String) {
        guard Decimal(literal.utf8) != nil else { return nil }
        if let value = Int64(literal), String(value) == literal {
            storage = .integer(value)
        } else {
            storage = .literal(literal)
        }
    }

    /// The text of the number.
    package var literal: String {
        switch storage {
        case .integer(let value): String(value)
        case .literal(let text): text
        }
    }

    /// The value when it is a whole number that fits, however it was written (`1e3` is 1000).
    package var int64: Int64? { integer() }
    package var uint64: UInt64? { integer() }

    /// The nearest double; nil when it would be infinite.
    package var double: Double? {
        switch storage {
        case .integer(let value): Double(value)
        case .literal(let text): Double(text).flatMap { $0.isFinite ? $0 : nil }
        }
    }

    package func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T? {
        switch storage {
        case .integer(let value): T(exactly: value)
        case .literal(let text): Decimal(text.utf8)?.integer()
        }
    }

    /// A whole double is written without a fraction, as Go and JavaScript do.
    static func literal(_ value: Double) -> String {
        if value.magnitude < 9_007_199_254_740_992, value == value.rounded(.towardZero) {
            return value == 0 && value.sign == .minus ? "-0" : String(Int64(value))
        }
        return value.description
    }

    /// As for doubles, with the fewer digits that tell floats apart.
    static func floatLiteral(_ value: Float) -> String {
        value.magnitude < 16_777_216 && value == value.rounded(.towardZero)
            ? literal(Double(value)) : value.description
    }

    func append(to out: inout TextBuffer) {
        switch storage {
        case .integer(let value): out.integer(value)
        case .literal(let text): out.append(contentsOf: text.utf8)
        }
    }
}

extension JSONNumber: Hashable {
    package static func == (left: JSONNumber, right: JSONNumber) -> Bool {
        switch (left.storage, right.storage) {
        case (.integer(let a), .integer(let b)): return a == b
        case (.literal(let a), .literal(let b)) where a == b: return true
        default: break
        }
        if let a = left.int64 { return a == right.int64 }
        return right.int64 == nil && Decimal(left.literal.utf8) == Decimal(right.literal.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        if let value = int64 {
            hasher.combine(value)
        } else {
            hasher.combine(Decimal(literal.utf8))
        }
    }
}

extension JSONNumber: CustomStringConvertible {
    package var description: String { literal }
}

/// A decimal number in lowest terms: `digits` × 10^`exponent`, where the digits neither begin nor end with a zero.
struct Decimal: Hashable {
    private(set) var negative = false
    /// ASCII; empty for zero.
    private(set) var digits: [UInt8] = []
    private(set) var exponent = 0
    /// The exponent as written when it is too large for arithmetic; then numbers are only equal when written equally.
    private var hugeExponent: [UInt8] = []

    /// nil unless the bytes are exactly one number of RFC 8259.
    init?(_ text: some Collection<UInt8>) {
        var rest = text[...]
        if rest.first == UInt8(ascii: "-") {
            negative = true
            rest = rest.dropFirst()
        }
        let whole = rest.prefix(while: Self.isDigit)
        guard let first = whole.first, first != UInt8(ascii: "0") || whole.count == 1 else { return nil }
        digits.append(contentsOf: whole)
        rest = rest[whole.endIndex...]
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix(while: Self.isDigit)
            guard !fraction.isEmpty else { return nil }
            digits.append(contentsOf: fraction)
            exponent = -fraction.count
            rest = rest[fraction.endIndex...]
        }
        if let mark = rest.first, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            guard readExponent(&rest) else { return nil }
        }
        guard rest.isEmpty else { return nil }
        reduce()
    }

    private mutating func readExponent<S: Collection<UInt8>>(_ rest: inout S) -> Bool where S.SubSequence == S {
        var down = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            down = sign == UInt8(ascii: "-")
            rest = rest.dropFirst()
        }
        let power = rest.prefix(while: Self.isDigit)
        guard !power.isEmpty else { return false }
        rest = rest[power.endIndex...]
        let significant = power.drop { $0 == UInt8(ascii: "0") }
        if significant.count > 15 {
            hugeExponent = (down ? [UInt8(ascii: "-")] : []) + Array(significant)
            return true
        }
        let value = significant.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        exponent += down ? -value : value
        return true
    }

    private mutating func reduce() {
        let zero = UInt8(ascii: "0")
        digits = Array(digits.drop { $0 == zero })
        let kept = digits.lastIndex { $0 != zero }.map { $0 + 1 } ?? 0
        exponent += digits.count - kept
        digits.removeSubrange(kept...)
        if digits.isEmpty {
            negative = false
            exponent = 0
            hugeExponent = []
        }
    }

    /// The number when it is whole and fits.
    func integer<T: FixedWidthInteger>() -> T? {
        if digits.isEmpty { return 0 }
        guard exponent >= 0, hugeExponent.isEmpty, digits.count + exponent <= 40 else { return nil }
        var result: T = 0
        for position in 0..<(digits.count + exponent) {
            let digit = position < digits.count ? digits[position] - UInt8(ascii: "0") : 0
            let (product, over) = result.multipliedReportingOverflow(by: 10)
            guard !over, let step = T(exactly: digit) else { return nil }
            let (sum, carry) =
                negative ? product.subtractingReportingOverflow(step) : product.addingReportingOverflow(step)
            guard !carry else { return nil }
            result = sum
        }
        return result
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}
