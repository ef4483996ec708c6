import Glibc

/// Text to the standard streams, unbuffered, for programs without Foundation.
package enum StandardStreams {
    package static func output(_ text: String) { write(1, text) }

    package static func error(_ text: String) { write(2, text) }

    /// Puts /dev/null in the place of the streams that the caller has closed.
    ///
    /// The next file that the program opens would otherwise become its standard input or output, and its children's.
    package static func openMissing() throws(SysError) {
        for number in Int32(0)...2 where fcntl(number, F_GETFD) < 0 {
            // open(2) takes the lowest free number, which is this one; children shall inherit it.
            _ = try sys("open", "/dev/null") { unsafe Glibc.open("/dev/null", O_RDWR) }
        }
    }

    /// A person reads standard error.
    package static var errorIsTerminal: Bool { isatty(2) == 1 }

    private static func write(_ number: Int32, _ text: String) {
        // Nobody is left to tell if the reader is gone.
        try? Files.writeAll(number, Array(text.utf8), subject: "standard stream")
    }

    /// Reads standard input to its end.
    package static func input() throws(SysError) -> [UInt8] { try Files.readAll(0, subject: "standard input") }
}

/// The running program.
package enum Program {
    package static func exit(_ code: Int32) -> Never { Glibc.exit(code) }

    /// The pid in the caller's own namespace.
    package static var id: Int32 { getpid() }

    /// The working directory.
    package static func workingDirectory() throws(SysError) -> String {
        guard let text = unsafe getcwd(nil, 0) else { throw SysError(call: "getcwd", subject: "", errno: .current) }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }
}

extension Files {
    /// Adds to the end of a file, which is made if it is missing.
    package static func append(_ path: String, _ bytes: [UInt8]) throws(SysError) {
        let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o644)
        try writeAll(file.raw, bytes, subject: path)
    }
}

/// The variables that the program was started with.
package enum ProcessEnvironment {
    /// A variable's value; nil if it is not set.
    package static func value(_ name: String) -> String? {
        guard let text = unsafe getenv(name) else { return nil }
        return unsafe String(cString: text)
    }

    /// All of them, as "NAME=value".
    package static var all: [String] {
        var list: [String] = []
        var next = unsafe environ
        while let text = unsafe next.pointee {
            unsafe list.append(String(cString: text))
            unsafe next += 1
        }
        return list
    }
}
