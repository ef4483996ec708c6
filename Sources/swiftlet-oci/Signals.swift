/// Names of signals as kill(1) takes them.
enum Signals {
    private static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM",
        "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH",
        "IO",
        "PWR", "SYS",
    ]

    /// "9", "KILL", "SIGKILL", "sigkill", "RTMIN+3"; "0" only asks whether the process is there (kill(2)).
    static func number(_ text: String) throws(UsageError) -> Int32 {
        if let number = Int32(text), (0...64).contains(number) { return number }
        var name = text.uppercased()
        if name.hasPrefix("SIG") { name.removeFirst(3) }
        if let index = names.firstIndex(of: name) { return Int32(index + 1) }
        if name == "CLD" { return 17 }
        if name == "POLL" { return 29 }
        for (base, start) in [("RTMIN", Int32(34)), ("RTMAX", Int32(64))] where name.hasPrefix(base) {
            let offset = name.dropFirst(base.count)
            let number = offset.isEmpty ? 0 : Int32(offset)
            if let number, (34...64).contains(start + number) { return start + number }
        }
        throw UsageError(description: "unknown signal \"\(text)\"")
    }
}
