import Glibc
import JSON
import Linux
import TestSupport

/// The checkout that these tests were built from.
enum PackageRoot {
    /// Absolute, with symbolic links resolved.
    static func path() throws -> String {
        let here = #filePath
        guard let tests = here.range(ofLast: "/Tests/PackageTests/") else {
            throw Missing("Tests/PackageTests in \(here)")
        }
        // Through the directory, which may be a link; the package is what the directory belongs to.
        let directory = try resolve(String(here[..<tests]) + "/Tests")
        guard let slash = directory.lastIndex(of: "/") else { throw Missing("a parent of \(directory)") }
        return String(directory[..<slash])
    }

    private static func resolve(_ path: String) throws -> String {
        guard let text = unsafe realpath(path, nil) else {
            throw SysError(call: "realpath", subject: path, errno: .current)
        }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    /// The package description, as SwiftPM understands it.
    static func description() throws -> JSONValue {
        let root = try path()
        // Places of its own: the test run itself may hold the lock of the usual ones.
        let directory = try TemporaryDirectory()
        let outcome = try Spawn.run(
            ["swift", "package", "dump-package", "--package-path", root, "--scratch-path", directory.path + "/build"],
            environment: environment() + ["TMPDIR=\(directory.path)"]
        )
        guard outcome.code == 0 else {
            throw Missing("swift package dump-package: \(String(decoding: outcome.errors, as: UTF8.self))")
        }
        return try JSONValue(parsing: outcome.output)
    }

    /// PATH and HOME of the test run, which SwiftPM wants.
    static func environment() -> [String] {
        ["PATH", "HOME"].compactMap { name in
            guard let value = unsafe getenv(name) else { return nil }
            return unsafe "\(name)=\(String(cString: value))"
        }
    }

    /// Something that a test needs is not there.
    struct Missing: Error, CustomStringConvertible {
        let description: String
        init(_ what: String) { description = "not found: \(what)" }
    }
}

extension String {
    fileprivate func range(ofLast part: String) -> String.Index? {
        var index = endIndex
        while index > startIndex {
            index = self.index(before: index)
            if self[index...].hasPrefix(part) { return index }
        }
        return nil
    }
}
