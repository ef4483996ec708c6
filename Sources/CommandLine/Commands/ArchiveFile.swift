import Glibc

/// The file that an archive is written to, as a user named it.
enum ArchiveFile {
    /// Lets `body` write to a descriptor.
    ///
    /// What breaks off is no archive: a file gets its name when it is complete, and keeps what it held until then. Through a
    /// symbolic link its target is written. A device or a pipe is written as it is, never replaced.
    ///
    /// - Throws: `ClientFailure.failed` with the system's words, and what `body` throws.
    static func write(_ file: String, _ body: (_ output: Int32) throws -> Void) throws {
        var status = stat()
        let exists = unsafe stat(file, &status) == 0
        if exists, status.st_mode & S_IFMT != S_IFREG {
            let output = try open(file, O_WRONLY | O_CLOEXEC, named: file)
            defer { close(output) }
            return try body(output)
        }
        if !exists, unsafe lstat(file, &status) == 0 {
            throw ClientFailure.failed("\(file): it is a link to a file that does not exist; name that file")
        }
        let place = exists ? try resolved(file) : file
        let temporary = place + ".part-\(getpid())"
        let output = try open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, named: file)
        var isComplete = false
        defer {
            close(output)
            if !isComplete { _ = unsafe unlink(temporary) }
        }
        try body(output)
        guard unsafe rename(temporary, place) == 0 else { throw failure(file) }
        isComplete = true
    }

    private static func resolved(_ file: String) throws -> String {
        guard let path = unsafe realpath(file, nil) else { throw failure(file) }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    private static func open(_ path: String, _ flags: Int32, named file: String) throws -> Int32 {
        let output = unsafe Glibc.open(path, flags, 0o644)
        guard output >= 0 else { throw failure(file) }
        return output
    }

    private static func failure(_ file: String) -> ClientFailure {
        .failed("\(file): \(unsafe String(cString: strerror(errno)))")
    }
}
