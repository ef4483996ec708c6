import Linux

/// What the header of an ELF executable tells, elf(5); 64 bit, little endian.
struct ExecutableFile {
    /// PT_INTERP and PT_DYNAMIC: the file asks for a dynamic linker.
    let interpreter: Bool
    let dynamicSection: Bool

    struct NotELF: Error {}

    init(_ path: String) throws {
        let header = try Files.readPrefix(path, limit: 4096)
        guard header.count >= 64, header.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else { throw NotELF() }
        func number(_ offset: Int, _ count: Int) -> Int {
            header[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        let table = number(32, 8)
        let size = number(54, 2)
        let count = number(56, 2)
        guard table + size * count <= header.count else { throw NotELF() }
        let types = (0..<count).map { number(table + $0 * size, 4) }
        interpreter = types.contains(3)
        dynamicSection = types.contains(2)
    }
}

/// The executables that these tests look at.
enum BuiltProducts {
    /// The release build of a product if there is one, else that beside the test binary; nil if it was not built.
    ///
    /// - Parameter debug: The one beside the test binary goes first, since a release build may be old.
    static func path(_ product: String, debug: Bool = false) -> String? {
        // A test binary that cannot find itself finds no product either, and the test is skipped with that reason.
        guard let own = try? Files.linkTarget("/proc/self/exe") else { return nil }
        var directory = own
        while let slash = directory.lastIndex(of: "/"), slash != directory.startIndex {
            directory = String(directory[..<slash])
            var candidates = [directory + "/../release/" + product, directory + "/" + product]
            if debug { candidates.reverse() }
            if let found = candidates.first(where: Files.exists) { return found }
            if directory.hasSuffix("/debug") { return nil }
        }
        return nil
    }

    static func isRelease(_ path: String) -> Bool { path.contains("/release/") }
}
