package import JSON

/// An amount of a resource: "100m" CPUs, "64Mi" bytes, "1.5", "1e3".
///
/// Compares and hashes by value: "1" equals "1000m". The text that was read is printed again; ``canonicalText`` is the
/// form in which a Kubernetes server would print it. Finer parts than 10⁻⁹ are rounded away from zero, and amounts are
/// clamped to ±(2⁶³-1), both as in Kubernetes.
package struct Quantity: Sendable, Codable, JSONWritable, ZeroValue, CustomStringConvertible {
    /// The family of suffixes in which an amount prints.
    package enum Format: Sendable {
        /// 12e6
        case decimalExponent
        /// 12Mi
        case binarySI
        /// 12M
        case decimalSI
    }

    /// The amount in units of 10⁻⁹.
    let nanos: Int128
    package let format: Format
    private let text: String?

    package static let zero = Quantity(0)
    package static var zeroValue: Quantity { zero }

    init(nanos: Int128, format: Format, text: String? = nil) {
        self.nanos = min(max(nanos, -Quantity.largest), Quantity.largest)
        self.format = format
        self.text = text
    }

    /// A whole number, such as a count of bytes.
    package init(_ value: Int64, format: Format = .decimalSI) {
        self.init(nanos: Int128(value) * Quantity.one, format: format)
    }

    /// An amount in thousandths, such as CPUs in millicores.
    package init(milli: Int64, format: Format = .decimalSI) {
        self.init(nanos: Int128(milli) * (Quantity.one / 1_000), format: format)
    }

    /// The text that was read, or else the canonical one.
    package var description: String { text ?? canonicalText }

    /// The whole number, rounded away from zero, clamped to Int64.
    package var value: Int64 { scaled(by: Quantity.one) }

    /// Thousandths, rounded away from zero, clamped to Int64.
    package var milliValue: Int64 { scaled(by: Quantity.one / 1_000) }

    package var isZero: Bool { nanos == 0 }

    /// -1, 0 or 1.
    package var sign: Int { nanos.signum() == 0 ? 0 : nanos < 0 ? -1 : 1 }

    private func scaled(by unit: Int128) -> Int64 {
        let (quotient, remainder) = nanos.quotientAndRemainder(dividingBy: unit)
        return Int64(clamping: remainder == 0 ? quotient : quotient + (nanos < 0 ? -1 : 1))
    }

    static let one: Int128 = 1_000_000_000
    static let largest = Int128(Int64.max) * one

    package init(from decoder: any Decoder) throws {
        // `cpu: 2` and `cpu: 0.5` are numbers in JSON and YAML and mean the same as their quoted forms.
        let text =
            switch try JSONValue(from: decoder) {
            case .string(let text): text
            case .number(let number): number.literal
            case let other: throw decoder.refusal("expected a quantity, found \(other.kind)")
            }
        do {
            self = try Quantity(parsing: text)
        } catch {
            throw decoder.refusal(error.description)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    package func write(to writer: inout JSONWriter) { writer.string(description) }
}

extension Quantity: Hashable, Comparable {
    package static func == (left: Quantity, right: Quantity) -> Bool { left.nanos == right.nanos }
    package static func < (left: Quantity, right: Quantity) -> Bool { left.nanos < right.nanos }
    package func hash(into hasher: inout Hasher) { hasher.combine(nanos) }

    /// The sum in the left side's format; a zero left side takes the format of the right, as in Kubernetes.
    package static func + (left: Quantity, right: Quantity) -> Quantity {
        Quantity(nanos: left.nanos + right.nanos, format: left.isZero ? right.format : left.format)
    }

    package static func - (left: Quantity, right: Quantity) -> Quantity {
        Quantity(nanos: left.nanos - right.nanos, format: left.isZero ? right.format : left.format)
    }

    package static func += (left: inout Quantity, right: Quantity) { left = left + right }
    package static func -= (left: inout Quantity, right: Quantity) { left = left - right }
}

/// Amounts by the name of the resource: cpu, memory, ephemeral-storage, hugepages-2Mi, example.com/device.
package typealias ResourceList = [String: Quantity]
