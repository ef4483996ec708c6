import Glibc
import Linux
import TestSupport
import Testing

@Suite("Processes, memory files and the sealed program")
struct ProcessDescriptorTests {
    @Test("a process is signalled and awaited by descriptor, and is gone afterwards")
    func signalAndWait() throws {
        let null = try Descriptor.open("/dev/null", O_RDWR)
        let pid = try Spawn.start(
            ["/bin/sleep", "1000"],
            environment: [],
            standardOutput: null.raw,
            standardError: null.raw
        )
        let process = try ProcessDescriptor(pid: pid)
        #expect(try !process.waitForEnd(milliseconds: 0))
        try process.signal(SIGTERM)
        #expect(try process.waitForEnd(milliseconds: 10_000))
        #expect(try ProcessFacts.of(pid)?.isZombie == true)
        #expect(try Child.wait(pid) == 128 + SIGTERM)
        let failure = #expect(throws: SysError.self) { try process.signal(SIGTERM) }
        #expect(failure?.errno == .noProcess)
    }

    @Test("a memory file gives back what was written, and starts at its beginning when it is made with content")
    func memoryFile() throws {
        let file = try MemoryFile.holding([1, 2, 3], name: "test")
        #expect(try Files.readAll(file.descriptor.raw, subject: "") == [1, 2, 3])
        #expect(try file.content() == [1, 2, 3])
    }

    @Test("the file that a sealed run executes cannot be opened for writing")
    func sealed() throws {
        let file = try SealedExecutable.open()
        // A clone of the mount is a path that refuses with EROFS, a copy in memory is sealed.
        let writable = try? Descriptor.open("/proc/self/fd/\(file.raw)", O_WRONLY)
        if let writable {
            var byte: UInt8 = 0
            #expect(unsafe write(writable.raw, &byte, 1) == -1)
        }
    }

    @Test("limits and capabilities of the caller are those of /proc")
    func privileges() throws {
        let status = try Files.readText("/proc/thread-self/status")
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("CapEff:") })
        let bits = try #require(UInt64(line.split(separator: "\t")[1], radix: 16))
        #expect(try Privileges.capabilities().effective == bits)
        let limit = try Privileges.limit(7)
        #expect(limit.soft <= limit.hard)
    }
}
