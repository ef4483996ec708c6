package import Linux

/// Why the runtime could not do what it was asked: one line for people, with what failed, on what, why, and what to do.
package struct RuntimeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What callers tell apart.
    package enum Kind: Hashable, Sendable {
        /// config.json or an argument is wrong; nothing was changed.
        case invalid
        /// There is no container of this name.
        case notFound
        /// There is one already.
        case exists
        /// The container is not in the state that the command needs.
        case wrongState
        /// The kernel, or the rights of the caller, do not allow it.
        case refused
        /// A system call failed.
        case system
        /// It is not implemented.
        case unsupported
    }

    package let kind: Kind
    /// What was being done: "mount proc", "read config.json".
    package let step: String
    /// On what: a path, a name. Empty if the step says it.
    package let subject: String
    /// Why: the text of an errno, or a sentence.
    package let cause: String
    /// The errno behind it, if one is.
    package let errno: Errno?
    /// What the reader can do about it, or nil.
    package let hint: String?

    package init(
        _ kind: Kind,
        step: String,
        subject: String = "",
        cause: String,
        errno: Errno? = nil,
        hint: String? = nil
    ) {
        self.kind = kind
        self.step = step
        self.subject = subject
        self.cause = cause
        self.errno = errno
        self.hint = hint
    }

    /// A failed system call, seen while `step` was done.
    package init(_ failure: SysError, step: String, hint: String? = nil) {
        self.init(
            failure.errno == .notPermitted ? .refused : .system,
            step: step,
            subject: failure.subject,
            cause: "\(failure.call): \(failure.errno)",
            errno: failure.errno,
            hint: hint
        )
    }

    package var description: String {
        var line = step
        if !subject.isEmpty { line += " " + subject }
        line += ": " + cause
        if let hint { line += " (\(hint))" }
        return OneLine.text(line)
    }
}

/// Texts of bundles and command lines as one line for people, logs and terminals.
package enum OneLine {
    /// The text with control characters written as "\n", "\u{1b}" and the like: a path must neither forge a second line
    /// of a log nor speak to the terminal.
    package static func text(_ text: String) -> String {
        if !text.unicodeScalars.contains(where: isControl) { return text }
        var line = ""
        for scalar in text.unicodeScalars {
            if isControl(scalar) { line += scalar.escaped(asASCII: true) } else { line.unicodeScalars.append(scalar) }
        }
        return line
    }

    /// C0, DEL, C1, the line and paragraph separators, and what turns the direction of the text around.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}

/// Runs a piece of work whose system calls fail with `SysError`, and says what was being done.
func doing<T: ~Copyable>(
    _ step: @autoclosure () -> String,
    hint: String? = nil,
    _ body: () throws(SysError) -> T
) throws(RuntimeError) -> T {
    do {
        return try body()
    } catch {
        throw RuntimeError(error, step: step(), hint: hint)
    }
}
