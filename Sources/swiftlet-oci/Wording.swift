import OCIRuntime

/// Errors in the words that callers of runc look for.
enum Wording {
    /// The line for an error: texts of errno in lower case, as Go has them ("no such file or directory").
    ///
    /// Docker and podman tell "not found" (127) and "not allowed" (126) by them.
    static func line(_ error: any Error) -> String {
        let text = "\(error)"
        guard let errno = (error as? RuntimeError)?.errno else { return text }
        let name = "\(errno)"
        guard let first = name.first, first.isUppercase, let place = position(of: Array(name.utf8), in: Array(text.utf8))
        else { return text }
        var bytes = Array(text.utf8)
        bytes[place] |= 0x20
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func position(of part: [UInt8], in whole: [UInt8]) -> Int? {
        guard whole.count >= part.count else { return nil }
        return (0...(whole.count - part.count)).reversed().first { whole[$0..<($0 + part.count)].elementsEqual(part) }
    }
}
