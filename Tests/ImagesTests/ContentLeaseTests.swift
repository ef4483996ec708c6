import Glibc
import Linux
import OCI
import Synchronization
import TestSupport
import Testing

@testable import Images

@Suite("Leases on content")
struct ContentLeaseTests {
    private func digest(_ text: String) -> Digest { ContentHash.digest(of: Array(text.utf8)) }

    @Test("what is leased stays, and goes once the last lease has ended")
    func stays() throws {
        let fixture = try ImageFixture()
        var writer = try fixture.store.write(label: "x")
        try writer.write(Array("x".utf8))
        let sealed = try writer.seal()
        var first: ContentLease? = fixture.store.leases.lease()
        var second: ContentLease? = fixture.store.leases.lease()
        try fixture.store.publish([sealed], lease: first)
        second?.add([digest("x")])
        first = nil
        #expect(first == nil)
        #expect(try !fixture.store.collect(digest("x")))
        #expect(fixture.store.exists(digest("x")))
        second = nil
        #expect(second == nil)
        #expect(try fixture.store.collect(digest("x")))
        #expect(!fixture.store.exists(digest("x")))
    }

    @Test("a lease that ends while a collection runs still counts for it")
    func endsMeanwhile() throws {
        let leases = ContentLeases()
        var lease: ContentLease? = leases.lease()
        lease?.add([digest("a")])
        try leases.collecting { () throws(ImageError) in
            lease = nil
            #expect(lease == nil)
            #expect(try !leases.unlessLeased(digest("a")) {})
        }
        #expect(try leases.unlessLeased(digest("a")) {})
    }

    @Test("writers and a collector that run at the same time lose nothing that has a name")
    func race() throws {
        let fixture = try ImageFixture()
        let store = fixture.store
        let named = Mutex<Set<Digest>>([])
        let done = Semaphore()
        let stop = Atomic(false)
        for worker in 0..<3 {
            PosixThread.start(name: "lease-\(worker)") {
                for round in 0..<150 {
                    do {
                        let lease = store.leases.lease()
                        let bytes = Array("content \(worker % 2) \(round)".utf8)
                        let digest = ContentHash.digest(of: bytes)
                        lease.add([digest])
                        if !store.exists(digest) {
                            var writer = try store.write(expected: digest, label: "x")
                            try writer.write(bytes)
                            try store.publish([try writer.seal()], lease: lease)
                        }
                        // The name comes last, as with a pull.
                        named.withLock { _ = $0.insert(digest) }
                        withExtendedLifetime(lease) {}
                    } catch {
                        Issue.record(error)
                    }
                }
                done.signal()
            }
        }
        PosixThread.start(name: "collector") {
            while !stop.load(ordering: .relaxed) {
                do {
                    try store.leases.collecting { () throws(ImageError) in
                        let stored = try store.list()
                        let kept = named.withLock { $0 }
                        for info in stored where !kept.contains(info.digest) { _ = try store.collect(info.digest) }
                    }
                } catch {
                    Issue.record(error)
                }
            }
            done.signal()
        }
        for _ in 0..<3 { done.wait() }
        stop.store(true, ordering: .relaxed)
        done.wait()
        for digest in named.withLock({ $0 }) { #expect(store.exists(digest), "\(digest)") }
    }
}
