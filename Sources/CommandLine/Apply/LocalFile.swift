import Glibc

/// Files that the command line names.
enum LocalFile {
    /// Reads a file, or standard input for "-".
    static func read(_ path: String, limit: Int = 64 << 20) throws(ClientFailure) -> [UInt8] {
        let descriptor = try open(path)
        defer { if descriptor != 0 { close(descriptor) } }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw failure(path)
            }
            if count == 0 { return content }
            content += buffer[..<count]
            guard content.count <= limit else {
                throw .usage("\(path): larger than \(limit >> 20) MiB; is it a manifest?")
            }
        }
    }

    /// Opens a file for reading; 0 for "-". The caller closes it.
    static func open(_ path: String) throws(ClientFailure) -> Int32 {
        if path == "-" { return 0 }
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { throw failure(path) }
        return descriptor
    }

    /// Bytes of an open regular file; nil for anything else.
    static func size(_ descriptor: Int32) -> Int64? {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int64(status.st_size)
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The names in a directory, sorted.
    static func list(_ path: String) throws(ClientFailure) -> [String] {
        guard let directory = unsafe opendir(path) else { throw failure(path) }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            names.append(
                unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
                }
            )
        }
        return names.sorted()
    }

    private static func failure(_ path: String) -> ClientFailure {
        let reason = errno
        let text = unsafe String(cString: strerror(reason))
        return .usage(reason == ENOENT ? "the path \"\(path)\" does not exist" : "\(path): \(text)")
    }
}
