import Synchronization

/// Tells long work with images that nobody wants it any more. Any thread may cancel; the work looks now and then.
package final class Cancellation: Sendable {
    private let flag = Atomic(false)

    package init() {}

    package func cancel() { flag.store(true, ordering: .relaxed) }

    package var isCancelled: Bool { flag.load(ordering: .relaxed) }

    /// - Throws: `cancelled`
    package func check(_ what: @autoclosure () -> String) throws(ImageError) {
        if isCancelled { throw .cancelled(what: what()) }
    }
}
