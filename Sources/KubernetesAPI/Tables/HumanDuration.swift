/// Durations as kubectl prints them: 5s, 2m3s, 4h, 3d2h.
package enum HumanDuration {
    /// Two units at most, the coarser the longer it is. Source: k8s.io/apimachinery, util/duration.
    package static func text(seconds: Int64) -> String {
        if seconds < -1 { return "<invalid>" }
        if seconds < 0 { return "0s" }
        if seconds < 120 { return "\(seconds)s" }
        let minutes = seconds / 60
        if minutes < 10 { return pair(minutes, "m", seconds % 60, "s") }
        if minutes < 180 { return "\(minutes)m" }
        let hours = minutes / 60
        if hours < 8 { return pair(hours, "h", minutes % 60, "m") }
        if hours < 48 { return "\(hours)h" }
        let days = hours / 24
        if days < 8 { return pair(days, "d", hours % 24, "h") }
        if days < 730 { return "\(days)d" }
        let years = days / 365
        return years < 8 ? pair(years, "y", days % 365, "d") : "\(years)y"
    }

    /// How long ago a time was; "<unknown>" for none.
    package static func since(_ time: Time?, now: Time) -> String {
        guard let time else { return "<unknown>" }
        return text(seconds: now.secondsSince1970 - time.secondsSince1970)
    }

    private static func pair(_ major: Int64, _ unit: String, _ minor: Int64, _ minorUnit: String) -> String {
        minor == 0 ? "\(major)\(unit)" : "\(major)\(unit)\(minor)\(minorUnit)"
    }
}
