import Glibc
import Linux
import TestSupport
import Testing

@testable import CommandLine

/// Where `image export` writes.
@Suite("The file of an archive")
struct ArchiveFileTests {
    private func write(_ text: String, to file: String) throws {
        try ArchiveFile.write(file) { output in try Files.writeAll(output, text.utf8, subject: file) }
    }

    @Test("a file is there when it is complete, and keeps what it held when it is not")
    func file() throws {
        let directory = try TemporaryDirectory()
        let file = directory.path + "/a.tar"
        try write("one", to: file)
        #expect(throws: ClientFailure.failed("broken")) {
            try ArchiveFile.write(file) { _ in throw ClientFailure.failed("broken") }
        }
        #expect(try Files.readText(file) == "one")
        try write("two", to: file)
        #expect(try Files.readText(file) == "two")
        #expect(try Files.list(directory.path) == ["a.tar"])
    }

    // Seen to fail when the new file took the place of whatever was there: /dev/full was a file afterwards.
    @Test("devices and pipes are written, not replaced")
    func devices() throws {
        let directory = try TemporaryDirectory()
        let pipe = directory.path + "/pipe"
        try #require(unsafe mkfifo(pipe, 0o600) == 0)
        let reader = unsafe Glibc.open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(reader) }
        try write("through", to: pipe)
        #expect(try Files.readAll(reader, subject: pipe) == Array("through".utf8))
        try write("nothing", to: "/dev/null")
        var status = stat()
        #expect(unsafe stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
        #expect(throws: ClientFailure.failed("\(directory.path): Is a directory")) {
            try write("x", to: directory.path)
        }
    }

    @Test("a link stays, and its target is written; a link to nothing is refused")
    func links() throws {
        let directory = try TemporaryDirectory()
        let target = directory.path + "/target"
        let link = directory.path + "/link"
        try #require(unsafe symlink("target", link) == 0)
        #expect(throws: ClientFailure.self) { try write("x", to: link) }
        #expect(try Files.list(directory.path) == ["link"])
        try write("old", to: target)
        try write("new", to: link)
        #expect(try Files.readText(target) == "new")
        #expect(try Files.linkTarget(link) == "target")
    }

    @Test("an answer that does not fit is a failure, a reader that has gone is none")
    func output() {
        let full = Console.failure(of: "standard output", ENOSPC)
        #expect(full as? ClientFailure == .failed("standard output: No space left on device"))
        #expect(Console.failure(of: "standard output", EPIPE) is Console.Closed)
    }
}
