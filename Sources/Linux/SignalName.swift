import Glibc

/// What signals are called.
package enum SignalName {
    /// "killed", "bad system call": in lower case, as other runtimes write them; nil for a realtime signal and for a number
    /// that is no signal.
    package static func text(_ number: Int32) -> String? {
        // SAFETY: for a number that has a name, strsignal(3) returns a constant.
        guard (1...31).contains(number), let words = unsafe strsignal(number) else { return nil }
        return unsafe String(cString: words).lowercased()
    }
}
