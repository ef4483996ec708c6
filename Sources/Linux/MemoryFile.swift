import CLinux
import Glibc

/// A file that exists only in memory (memfd_create(2)).
package struct MemoryFile: ~Copyable {
    package let descriptor: Descriptor

    package init(name: String) throws(SysError) {
        descriptor = Descriptor(owning: try swl("memfd_create", name) { unsafe swl_memfd_create(name) })
    }

    /// A file that holds `content` and is read from its start.
    package static func holding(_ content: [UInt8], name: String) throws(SysError) -> MemoryFile {
        let file = try MemoryFile(name: name)
        let raw = file.descriptor.raw
        try Files.writeAll(raw, content, subject: "a memory file")
        try sys("lseek", "a memory file") { lseek(raw, 0, SEEK_SET) }
        return file
    }

    /// Everything that was written so far.
    package borrowing func content() throws(SysError) -> [UInt8] {
        let raw = descriptor.raw
        try sys("lseek", "a memory file") { lseek(raw, 0, SEEK_SET) }
        return try Files.readAll(raw, subject: "a memory file")
    }
}
