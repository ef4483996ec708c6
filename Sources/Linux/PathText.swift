/// Paths as texts, taken apart where the kernel does: at each byte "/".
///
/// Swift compares whole characters. A "/" that is followed by a combining mark is another character than "/", so
/// `split(separator: "/")` would take "../\u{301}x" for one harmless name, while the kernel sees ".." and a name.
package enum PathText {
    /// The parts between slashes.
    package static func parts(_ path: String, keepingEmpty: Bool = false) -> [Substring] {
        Substring(path).utf8.split(separator: 0x2F, omittingEmptySubsequences: !keepingEmpty).map { Substring($0) }
    }

    /// The parts with slashes between them.
    ///
    /// Not `joined(separator:)`, whose generic code is among the slowest of a short run.
    package static func joined(_ parts: [Substring]) -> String {
        var path = ""
        for part in parts {
            if !path.isEmpty { path += "/" }
            path.append(contentsOf: part)
        }
        return path
    }

    /// True if a part is "..".
    package static func leadsUp(_ path: String) -> Bool { parts(path).contains("..") }

    package static func isAbsolute(_ path: String) -> Bool { path.utf8.first == 0x2F }

    package static func hasSlash(_ text: String) -> Bool { text.utf8.contains(0x2F) }

    /// True if the path lies below the directory, by text alone.
    package static func isBelow(_ path: String, _ directory: String) -> Bool {
        path.utf8.starts(with: directory.utf8) && path.utf8.dropFirst(directory.utf8.count).first == 0x2F
    }
}
