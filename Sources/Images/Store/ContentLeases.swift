package import OCI
import Synchronization

/// What is being worked with and must not be collected: content by its digest, layers by their chain id.
///
/// Who takes something into use leases it first and then looks whether it is there. The collector removes a thing and
/// looks at the leases under one lock. So a thing is either gone before anybody relies on it, or it stays.
///
/// A lease ends when the name that refers to its content is in the log. A collection that runs meanwhile may have read
/// the names before: so what is leased at any time during a collection is safe until that is over.
package final class ContentLeases: Sendable {
    private struct State {
        var holders: [Digest: Int] = [:]
        var collections = 0
        /// Let go of while a collection runs.
        var released: Set<Digest> = []
    }

    private let state = Mutex(State())

    package init() {}

    /// A new lease on nothing yet. It ends with its last reference.
    package func lease() -> ContentLease { ContentLease(self) }

    fileprivate func take(_ digests: [Digest]) {
        state.withLock { state in
            for digest in digests { state.holders[digest, default: 0] += 1 }
        }
    }

    fileprivate func release(_ digests: Set<Digest>) {
        state.withLock { state in
            if state.collections > 0 { state.released.formUnion(digests) }
            for digest in digests {
                let left = (state.holders[digest] ?? 1) - 1
                state.holders[digest] = left > 0 ? left : nil
            }
        }
    }

    /// Runs a collection. It reads inside of `body` what names refer to, and removes with `unlessLeased`.
    package func collecting<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        state.withLock { $0.collections += 1 }
        defer {
            state.withLock { state in
                state.collections -= 1
                if state.collections == 0 { state.released = [] }
            }
        }
        return try body()
    }

    /// Runs `body`, which removes something and must be short, unless somebody works with it.
    ///
    /// - Returns: False if it is leased.
    package func unlessLeased(_ digest: Digest, _ body: () throws(ImageError) -> Void) throws(ImageError) -> Bool {
        try state.withLock { state throws(ImageError) in
            if state.holders[digest] != nil || state.released.contains(digest) { return false }
            try body()
            return true
        }
    }

    /// True if somebody works with it at this moment.
    package func isLeased(_ digest: Digest) -> Bool { state.withLock { $0.holders[digest] != nil } }
}

/// One worker's claim on content and layers; see `ContentLeases`.
package final class ContentLease: Sendable {
    private let leases: ContentLeases
    private let held = Mutex<Set<Digest>>([])

    fileprivate init(_ leases: ContentLeases) { self.leases = leases }

    deinit { leases.release(held.withLock { $0 }) }

    /// Claims digests or chain ids, whether they are there or not.
    package func add(_ digests: some Sequence<Digest>) {
        let fresh = held.withLock { held in digests.filter { held.insert($0).inserted } }
        leases.take(fresh)
    }
}
