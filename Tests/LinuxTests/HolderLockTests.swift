import Glibc
import Linux
import TestSupport
import Testing

@Suite("Locks that name their holder")
struct HolderLockTests {
    /// Runs and ends a program.
    private func endedProcess() throws -> Int32 {
        let null = try Descriptor.open("/dev/null", O_RDWR)
        let pid = try Spawn.start(["/bin/true"], environment: [], standardOutput: null.raw, standardError: null.raw)
        _ = try Spawn.wait(pid)
        return pid
    }

    // Seen to fail with "store is in use by process 20346", which was dead: a program that was just being started held it.
    @Test("one that a dead process left to a program that is just starting is waited for")
    func holderIsGone() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/lock"
        let left = try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
        #expect(try left.lock(waits: false))
        let number = left.release()
        PosixThread.start(name: "starting") {
            usleep(300_000)
            _ = close(number)
        }
        let file = try Descriptor.open(path, O_RDWR)
        try HolderLock.take(file.raw, path: path, holder: try endedProcess())
    }

    @Test("one of a process that lives, or of nobody who is known, is refused at once")
    func holderLives() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/lock"
        let held = try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
        #expect(try held.lock(waits: false))
        let file = try Descriptor.open(path, O_RDWR)
        for holder in [getppid(), nil] {
            let error = #expect(throws: SysError.self) {
                try HolderLock.take(file.raw, path: path, holder: holder)
            }
            #expect(error?.errno == .again)
        }
        withExtendedLifetime(held) {}
    }

    @Test("its file names the process that has it")
    func signature() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/lock"
        let file = try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
        try Files.writeAll(file.raw, Array("1234567890".utf8), subject: path)
        try HolderLock.sign(file.raw, path: path)
        #expect(try Files.readText(path) == String(getpid()))
    }
}
