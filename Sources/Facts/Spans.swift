/// How spans of time are written.
package enum Spans {
    /// As Go prints a `time.Duration` of whole seconds: `40s`, `1m20s`, `5m0s`, `1h0m0s`. Kubernetes' messages have it so.
    package static func wholeSeconds(_ seconds: Int64) -> String {
        let (hours, minutes) = (seconds / 3600, seconds % 3600 / 60)
        if hours > 0 { return "\(hours)h\(minutes)m\(seconds % 60)s" }
        if minutes > 0 { return "\(minutes)m\(seconds % 60)s" }
        return "\(seconds)s"
    }

    /// With at most three decimals and without trailing zeros: `3ms`, `1.203s`, `2m5.5s`.
    package static func short(_ span: Microseconds) -> String {
        guard span >= 0 else { return "-" + short(-span) }
        if span < 1000 { return "\(span)us" }
        let milliseconds = span / 1000
        if milliseconds < 1000 { return "\(milliseconds)ms" }
        let (whole, fraction) = (milliseconds / 1000, milliseconds % 1000)
        guard fraction > 0 else { return wholeSeconds(whole) }
        var digits = String(fraction + 1000).dropFirst()
        while digits.last == "0" { digits = digits.dropLast() }
        return wholeSeconds(whole).dropLast() + ".\(digits)s"
    }
}
