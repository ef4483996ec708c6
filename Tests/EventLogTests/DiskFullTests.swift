import Glibc
import Linux
import TestSupport
import Testing

@testable import EventLog

/// T8: a real file system that runs full, and has room again.
struct DiskFullTests {
    @Test(
        "on a full disk the store is read-only, still deletes and reads, and resumes by itself when there is room",
        .enabled(if: geteuid() == 0, "mounting a small tmpfs needs root")
    )
    func fullAndBack() async throws {
        let directory = try TemporaryDirectory(prefix: "swiftlet-eventlog-full")
        let path = directory.path
        try sys("mount", path) { unsafe mount("swiftlet-test", path, "tmpfs", 0, "size=12m") }
        defer { _ = unsafe umount2(path, Int32(MNT_DETACH)) }
        var options = smallOptions()
        options.ballastBytes = 1 << 20
        options.resumeFreeBytes = 2 << 20
        try await reopened(path + "/store", options) { store in
            for number in 0..<20 { _ = try await store.append(create("p\(number)")) }
            #expect(Files.exists(path + "/store/ballast"))
            // The rival takes all there is.
            do throws(SysError) {
                let rival = try Descriptor.open(path + "/rival", O_WRONLY | O_CREAT, mode: 0o600)
                try Files.writeAll(rival.raw, [UInt8](repeating: 1, count: 16 << 20), subject: "rival")
                Issue.record("the rival fitted in")
            } catch { #expect(error.errno == .noSpace) }
            var refusal: AppendError?
            for number in 0..<400 where refusal == nil {
                var large = change("p0", "\(number)")
                large.facts[0].data = [UInt8](repeating: 0x20, count: 64 << 10)
                do throws(AppendError) { _ = try await store.append(large) } catch { refusal = error }
            }
            #expect(refusal == .readOnly(.noSpace))
            #expect(store.isReadOnly == .noSpace)
            #expect(!Files.exists(path + "/store/ballast"))
            await #expect(throws: AppendError.readOnly(.noSpace)) { try await store.append(change("p1", "x")) }
            // Deletions and facts of the runtime use the room of the ballast.
            _ = try await store.append(remove("p1"))
            var exit = proposal(pod("p2"), .exists, [fact("ContainerExited", "done")])
            exit.priority = .runtime
            _ = try await store.append(exit)
            #expect(store.objects(resource: pods).items.count == 19)
            let head = store.head
            #expect(try store.events(after: head - 2, limit: 5).count == 2)
        }
        // Still full: it opens all the same.
        try await reopened(path + "/store", options) { store in
            #expect(store.isReadOnly == nil || store.isReadOnly == .noSpace)
            _ = try await store.append(remove("p3"))
            #expect(store.objects(resource: pods).items.count == 18)
            try sys("unlink", "rival") { unsafe unlink(path + "/rival") }
            await untilWritable(store)
            #expect(store.isReadOnly == nil)
            _ = try await store.append(change("p0", "small again"))
            #expect(try store.verify(.full).isSound)
        }
    }

    @Test(
        "how much room a store waits for depends on the size of the disk",
        arguments: [
            (24, 1, false), (24, 2, true), (256, 16, false), (256, 17, true), (1024, 127, false), (1024, 129, true),
            (200_000, 319, false), (200_000, 321, true),
        ]
    )
    func roomToResume(totalMegabytes: Int, freeMegabytes: Int, resumes: Bool) {
        let room = DiskRoom(total: totalMegabytes << 20, free: freeMegabytes << 20)
        #expect(room.suffices(StoreOptions()) == resumes)
    }

    /// Waits until the store has noticed that there is room; it looks once a second.
    private func untilWritable(_ store: EventStore) async {
        for _ in 0..<600 where store.isReadOnly != nil {
            // Nothing is announced when a disk gets free; so the store looks at it, and we at the store.
            try? await Task.sleep(for: .milliseconds(50))
        }
    }
}
