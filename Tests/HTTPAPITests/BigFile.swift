import Linux

/// A body that does not fit on a command line.
enum BigFile {
    static func write(_ path: String, bytes: Int) throws(SysError) {
        try Files.write(path, [UInt8](repeating: UInt8(ascii: " "), count: bytes), mode: 0o600)
    }
}
