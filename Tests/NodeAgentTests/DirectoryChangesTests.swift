import Glibc
import Linux
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Changes in directories")
struct DirectoryChangesTests {
    @Test("writing, renaming and making files is told; two listeners of one directory both hear it")
    func changes() async throws {
        let directory = try TemporaryDirectory()
        let loop = try LoopThread(name: "test-inotify")
        defer { loop.stop() }
        let changes = try DirectoryChanges(loop: loop)
        var first = try changes.stream(of: directory.path).makeAsyncIterator()
        var second = try changes.stream(of: directory.path).makeAsyncIterator()
        let path = directory.path + "/0.log"
        try Files.write(path, Array("one".utf8), mode: 0o600)
        #expect(await first.next() != nil)
        #expect(await second.next() != nil)
        #expect(unsafe rename(path, path + ".1") == 0)
        #expect(await first.next() != nil)
    }

    @Test("a directory that is not there is an error that names it")
    func missing() throws {
        let loop = try LoopThread(name: "test-inotify")
        defer { loop.stop() }
        let changes = try DirectoryChanges(loop: loop)
        let error = #expect(throws: SysError.self) { _ = try changes.stream(of: "/nonexistent/directory") }
        #expect(error?.description.contains("/nonexistent/directory") == true)
    }
}
