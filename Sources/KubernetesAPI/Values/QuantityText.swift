/// Why a text is not a quantity; the messages are those of Kubernetes.
package enum QuantityError: Error, Equatable, CustomStringConvertible {
    /// The text as a whole is not a number with a suffix.
    case format
    /// The number has no digits, or more than one point.
    case number
    /// The suffix is unknown.
    case suffix

    package var description: String {
        switch self {
        case .format:
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        case .number: "unable to parse numeric part of quantity"
        case .suffix: "unable to parse quantity's suffix"
        }
    }
}

/// What the suffix of a quantity multiplies by.
private enum Multiplier {
    case powerOfTen(Int)
    case powerOfTwo(Int)
}

extension Quantity {
    /// Reads a number with an optional SI, binary or exponent suffix.
    package init(parsing text: String) throws(QuantityError) {
        let bytes = Array(text.utf8)
        var position = 0
        var negative = false
        if let first = bytes.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-") {
            negative = first == UInt8(ascii: "-")
            position = 1
        }
        let numberStart = position
        while position < bytes.count, bytes[position] == UInt8(ascii: ".") || (48...57).contains(bytes[position]) {
            position += 1
        }
        guard position > numberStart else { throw .format }
        let digits = bytes[numberStart..<position]
        let point = digits.firstIndex(of: UInt8(ascii: ".")) ?? digits.endIndex
        let whole = digits[..<point]
        let fraction = digits[point...].dropFirst()
        guard !fraction.contains(UInt8(ascii: ".")), !whole.isEmpty || !fraction.isEmpty else { throw .number }

        let (multiplier, format) = try Quantity.multiplier(bytes[position...])
        let magnitude =
            switch multiplier {
            case .powerOfTen(let power): Quantity.decimal(whole, fraction, power)
            case .powerOfTwo(let power): Quantity.binary(whole, fraction, power)
            }
        self.init(nanos: negative ? -magnitude : magnitude, format: format, text: text)
    }

    private static func multiplier(_ suffix: ArraySlice<UInt8>) throws(QuantityError) -> (Multiplier, Format) {
        guard let letter = suffix.first else { return (.powerOfTen(0), .decimalSI) }
        if suffix.count == 1, let thousands = decimalPrefix(letter) {
            return (.powerOfTen(3 * thousands), .decimalSI)
        }
        if suffix.count == 2, suffix.last == UInt8(ascii: "i"), let thousands = binaryPrefix(letter) {
            return (.powerOfTwo(10 * thousands), .binarySI)
        }
        // An exponent: e3, E-3, e+03.
        guard letter == UInt8(ascii: "e") || letter == UInt8(ascii: "E") else {
            throw suffix.allSatisfy(isSuffixByte) ? .suffix : .format
        }
        var digits = suffix.dropFirst()
        var sign = 1
        if let first = digits.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-") {
            sign = first == UInt8(ascii: "-") ? -1 : 1
            digits = digits.dropFirst()
        }
        guard !digits.isEmpty, digits.allSatisfy({ (48...57).contains($0) }) else {
            throw suffix.allSatisfy(isSuffixByte) ? .suffix : .format
        }
        // Beyond a hundred the amount is zero or clamped in any case.
        let power = digits.reduce(0) { min($0 * 10 + Int($1 - 48), 100) }
        return (.powerOfTen(sign * power), .decimalExponent)
    }

    /// The power of 1000 that a letter stands for: 3 for "G".
    private static func decimalPrefix(_ letter: UInt8) -> Int? {
        switch letter {
        case UInt8(ascii: "n"): -3
        case UInt8(ascii: "u"): -2
        case UInt8(ascii: "m"): -1
        case UInt8(ascii: "k"): 1
        default: largePrefix(letter)
        }
    }

    /// The power of 1024 that a letter in front of "i" stands for.
    private static func binaryPrefix(_ letter: UInt8) -> Int? { letter == UInt8(ascii: "K") ? 1 : largePrefix(letter) }

    private static func largePrefix(_ letter: UInt8) -> Int? {
        switch letter {
        case UInt8(ascii: "M"): 2
        case UInt8(ascii: "G"): 3
        case UInt8(ascii: "T"): 4
        case UInt8(ascii: "P"): 5
        case UInt8(ascii: "E"): 6
        default: nil
        }
    }

    private static func isSuffixByte(_ byte: UInt8) -> Bool {
        "eEinumkKMGTP+-0123456789".utf8.contains(byte)
    }

    /// The digits as a number; nil if it is beyond 128 bits.
    private static func number(_ digits: some Collection<UInt8>) -> Int128? {
        var result: Int128 = 0
        for digit in digits {
            let (product, tooBig) = result.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.addingReportingOverflow(Int128(digit - 48))
            if tooBig || overflow { return nil }
            result = sum
        }
        return result
    }

    private static func decimal(_ whole: ArraySlice<UInt8>, _ fraction: ArraySlice<UInt8>, _ power: Int) -> Int128 {
        let significant = (fraction.isEmpty ? whole : whole + fraction).drop { $0 == 48 }
        // 10⁻⁹ is the unit: this many zeros are to be appended, or digits to be cut off.
        let shift = power + 9 - fraction.count
        guard !significant.isEmpty else { return 0 }
        if shift >= 0 {
            guard significant.count + shift <= 38, let result = number(significant) else { return largest }
            return (0..<shift).reduce(result) { shifted, _ in shifted * 10 }
        }
        let kept = max(0, significant.count + shift)
        guard kept <= 38, let result = number(significant.prefix(kept)) else { return largest }
        return significant.dropFirst(kept).contains { $0 != 48 } ? result + 1 : result
    }

    private static func binary(_ whole: ArraySlice<UInt8>, _ fraction: ArraySlice<UInt8>, _ power: Int) -> Int128 {
        let significant = whole.drop { $0 == 48 }
        guard significant.count <= 19, let units = number(significant) else { return largest }
        let (scaled, tooBig) = (units << Int128(power)).multipliedReportingOverflow(by: one)
        guard !tooBig, scaled <= largest else { return largest }
        // Eighteen digits of fraction are finer than 10⁻⁹ even of an exbibyte's factor; the rest only rounds.
        let kept = Array(fraction.prefix(18))
        let cutOff = fraction.dropFirst(18).contains { $0 != 48 }
        let parts = number(kept + Array(repeating: 48, count: 18 - kept.count)) ?? 0
        let (quotient, remainder) = (parts << Int128(power)).quotientAndRemainder(dividingBy: one)
        return min(largest, scaled + quotient + (remainder != 0 || cutOff ? 1 : 0))
    }

    /// The form in which Kubernetes prints the amount: the largest suffix that leaves a whole number.
    package var canonicalText: String {
        guard nanos != 0 else { return "0" }
        let (units, rest) = nanos.quotientAndRemainder(dividingBy: Quantity.one)
        if format == .binarySI, rest == 0, units.magnitude >= 1_024 {
            var mantissa = units
            var suffix = 0
            while mantissa % 1_024 == 0, suffix < 6 {
                mantissa /= 1_024
                suffix += 1
            }
            return "\(mantissa)\(["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][suffix])"
        }
        var mantissa = nanos
        var power = -9
        while mantissa % 1_000 == 0, power < 18 {
            mantissa /= 1_000
            power += 3
        }
        if format == .decimalExponent { return power == 0 ? "\(mantissa)" : "\(mantissa)e\(power)" }
        let suffixes = [-9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"]
        return "\(mantissa)\(suffixes[power] ?? "")"
    }
}
