import Glibc
import Linux

/// Lines on standard error in logrus' format, which containerd copies into its own log. A line that does not fit is lost.
enum ShimLog {
    static func info(_ message: String) { write("info", message) }
    static func warning(_ message: String) { write("warning", message) }
    static func error(_ message: String) { write("error", message) }

    private static func write(_ level: String, _ message: String) {
        var quoted = ""
        for character in message.unicodeScalars {
            switch character {
            case "\"", "\\": quoted += "\\" + String(character)
            case "\n": quoted += "\\n"
            default: quoted.unicodeScalars.append(character)
            }
        }
        let line = "time=\"\(TimestampText.text(Clock.now))\" level=\(level) msg=\"\(quoted)\"\n"
        // Standard error may be a full or broken pipe; diagnostics must never hold up or end the shim.
        try? Files.writeAll(2, Array(line.utf8), subject: "standard error")
    }
}

/// The wall clock.
enum Clock {
    /// Nanoseconds since 1970-01-01 00:00:00 UTC.
    static var now: Int64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// Times as text, in UTC, without the C library's locale and time zone.
enum TimestampText {
    /// RFC 3339 with nine digits: "2026-01-01T00:00:00.000000000Z".
    static func text(_ nanoseconds: Int64) -> String { String(decoding: bytes(nanoseconds), as: UTF8.self) }

    static func bytes(_ nanoseconds: Int64) -> [UInt8] {
        let (date, time) = fields(nanoseconds)
        var text: [UInt8] = []
        text.reserveCapacity(30)
        append(date.year, 4, to: &text)
        text.append(UInt8(ascii: "-"))
        append(date.month, 2, to: &text)
        text.append(UInt8(ascii: "-"))
        append(date.day, 2, to: &text)
        text.append(UInt8(ascii: "T"))
        append(time / 3600, 2, to: &text)
        text.append(UInt8(ascii: ":"))
        append(time / 60 % 60, 2, to: &text)
        text.append(UInt8(ascii: ":"))
        append(time % 60, 2, to: &text)
        text.append(UInt8(ascii: "."))
        append(Int((nanoseconds % 1_000_000_000 + 1_000_000_000) % 1_000_000_000), 9, to: &text)
        text.append(UInt8(ascii: "Z"))
        return text
    }

    /// For names of files: "20260101-000000".
    static func compact(_ nanoseconds: Int64) -> String {
        let (date, time) = fields(nanoseconds)
        var text: [UInt8] = []
        append(date.year, 4, to: &text)
        append(date.month, 2, to: &text)
        append(date.day, 2, to: &text)
        text.append(UInt8(ascii: "-"))
        append(time / 3600, 2, to: &text)
        append(time / 60 % 60, 2, to: &text)
        append(time % 60, 2, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// The date in the Gregorian calendar and the second of the day.
    private static func fields(_ nanoseconds: Int64) -> (date: (year: Int, month: Int, day: Int), second: Int) {
        var seconds = Int(nanoseconds / 1_000_000_000)
        if nanoseconds % 1_000_000_000 < 0 { seconds -= 1 }
        var days = seconds / 86400
        if seconds % 86400 < 0 { days -= 1 }
        // Counting from 1 March of year 0, so that the leap day is the last of its year and eras of 400 years repeat.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return ((year, month, day), seconds - days * 86400)
    }

    private static func append(_ number: Int, _ digits: Int, to text: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }
}
