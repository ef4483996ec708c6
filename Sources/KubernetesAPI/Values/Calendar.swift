/// A moment of UTC in the parts that people write: the proleptic Gregorian calendar, days of 86,400 seconds.
struct CivilTime: Equatable {
    var year: Int64
    var month: Int64
    var day: Int64
    var hour: Int64
    var minute: Int64
    var second: Int64

    /// The moment `seconds` after 1970-01-01T00:00:00Z.
    init(secondsSince1970 seconds: Int64) {
        let (days, inDay) = seconds.flooredDivision(by: 86_400)
        // Eras of 400 years that begin on 1 March make the leap day the last day of a year.
        let shifted = days + 719_468
        let (era, dayOfEra) = shifted.flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        hour = inDay / 3_600
        minute = inDay / 60 % 60
        second = inDay % 60
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    var secondsSince1970: Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = marchYear.flooredDivision(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return (era * 146_097 + dayOfEra - 719_468) * 86_400 + hour * 3_600 + minute * 60 + second
    }

    /// The parts with what follows them: 2026-01-31T12:00:00Z.
    func text(_ zone: String = "Z") -> String {
        guard (0...9_999).contains(year) else {
            return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T"
                + "\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2))" + zone
        }
        // Times are a fifth of what a pod takes to write, if each part becomes a string first.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        func append(_ number: Int64, _ after: Unicode.Scalar?) {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / 10))
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10))
            if let after { bytes.append(UInt8(ascii: after)) }
        }
        append(year / 100, nil)
        append(year % 100, "-")
        append(month, "-")
        append(day, "T")
        append(hour, ":")
        append(minute, ":")
        append(second, nil)
        bytes.append(contentsOf: zone.utf8)
        return String(decoding: bytes, as: UTF8.self)
    }

    static func daysInMonth(_ month: Int64, year: Int64) -> Int64 {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }
}

extension CivilTime {
    /// Reads RFC 3339 and gives microseconds since 1970; finer digits are cut off.
    ///
    /// Accepts what Go's `time.Parse(time.RFC3339, …)` does: capital T and Z, any number of fractional digits, an offset.
    /// Gives nil for anything else, and for years outside of 0000 to 9999.
    static func microseconds(parsing text: String) -> Int64? {
        var digits = DigitReader(bytes: Array(text.utf8))
        guard let year = digits.number(4), digits.skip("-"), let month = digits.number(2), digits.skip("-"),
            let day = digits.number(2), digits.skip("T"), let hour = digits.number(2), digits.skip(":"),
            let minute = digits.number(2), digits.skip(":"), let second = digits.number(2)
        else { return nil }
        guard (1...12).contains(month), day >= 1, day <= daysInMonth(month, year: year), hour < 24, minute < 60,
            second < 60
        else { return nil }
        var civil = CivilTime(secondsSince1970: 0)
        (civil.year, civil.month, civil.day) = (year, month, day)
        (civil.hour, civil.minute, civil.second) = (hour, minute, second)

        var micros: Int64 = 0
        if digits.skip(".") {
            guard let fraction = digits.fraction(keeping: 6) else { return nil }
            micros = fraction
        }
        var offset: Int64 = 0
        if !digits.skip("Z") {
            let sign: Int64 = digits.skip("-") ? -1 : 1
            if sign == 1, !digits.skip("+") { return nil }
            guard let hours = digits.number(2), digits.skip(":"), let minutes = digits.number(2), hours < 24,
                minutes < 60
            else { return nil }
            offset = sign * (hours * 3_600 + minutes * 60)
        }
        guard digits.atEnd else { return nil }
        return (civil.secondsSince1970 - offset) * 1_000_000 + micros
    }
}

/// Reads fixed-width decimal numbers from bytes.
private struct DigitReader {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var atEnd: Bool { position == bytes.count }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
        position += 1
        return true
    }

    private mutating func digit() -> Int64? {
        guard position < bytes.count, (48...57).contains(bytes[position]) else { return nil }
        defer { position += 1 }
        return Int64(bytes[position] - 48)
    }

    mutating func number(_ count: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<count {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// The first `count` digits of a fraction, as if there were that many; at least one must be there.
    mutating func fraction(keeping count: Int) -> Int64? {
        var value: Int64 = 0
        var read = 0
        while let digit = digit() {
            if read < count { value = value * 10 + digit }
            read += 1
        }
        guard read > 0 else { return nil }
        for _ in 0..<max(0, count - read) { value *= 10 }
        return value
    }
}

extension Int64 {
    /// Quotient rounded down and a remainder that is never negative.
    func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

/// A number with leading zeros up to `width` digits.
func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
