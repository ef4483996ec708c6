import Glibc
package import Linux

/// A private directory that is removed with everything in it when the test lets go of it.
package struct TemporaryDirectory: ~Copyable {
    package let path: String

    package init(prefix: String = "swiftlet-test") throws(SysError) {
        var template = Array("/tmp/\(prefix).XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            throw SysError(call: "mkdtemp", subject: "/tmp/\(prefix)", errno: .current)
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        // A leftover in /tmp is a nuisance, not a failure of the test that already has its verdict.
        try? Files.removeTree(path)
    }
}
