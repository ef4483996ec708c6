import Glibc
package import Linux
import Synchronization

/// Our end of a fifo or socket that another process has the other end of, read or written without a thread of its own.
///
/// Only one task may read or write it at a time. The descriptor is closed with the last reference.
package final class StreamEnd: Sendable {
    private let descriptor: Descriptor
    private let mailbox: EventLoop.Mailbox
    private let subject: String
    private let state = Mutex(State())

    private struct State {
        /// What waits for the descriptor now.
        var waiter: CheckedContinuation<Void, Never>?
        /// Nothing is waited for any more: what is there is read, then it is over.
        var isFinishing = false
        /// How much may still be read after that.
        var allowance = 1 << 20
        /// Nobody will read any more.
        var isOver = false
        /// Who wants to know that all was read that was there.
        var followers: [CheckedContinuation<Void, Never>] = []

        mutating func takeFollowers() -> [CheckedContinuation<Void, Never>] {
            defer { followers = [] }
            return followers
        }
    }

    /// - Parameters:
    ///   - descriptor: Open with O_NONBLOCK.
    ///   - loop: Where it is waited for.
    ///   - subject: For errors: a path.
    package init(_ descriptor: consuming Descriptor, loop: LoopThread, subject: String) {
        self.descriptor = descriptor
        mailbox = loop.mailbox
        self.subject = subject
    }

    /// The next bytes, at most `limit`; nil at the end, or when nothing more is there after `finish`.
    package func read(limit: Int = 64 << 10) async throws -> [UInt8]? {
        do {
            if let bytes = try await readOnce(limit) { return bytes }
        } catch {
            end()
            throw error
        }
        end()
        return nil
    }

    private func readOnce(_ limit: Int) async throws -> [UInt8]? {
        while !Task.isCancelled {
            // Asked before reading: what was written before the end is read, then it is over.
            let isFinishing = state.withLock { $0.isFinishing }
            var count = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
                count = unsafe Glibc.read(descriptor.raw, buffer.baseAddress, limit)
                filled = max(0, count)
            }
            if count > 0 { return take(bytes) }
            if count == 0 { return nil }
            let failure = Errno.current
            switch failure {
            case .interrupted: continue
            case .again:
                if isFinishing { return nil }
                await wait(for: .readable)
            case .io, Errno(ECONNRESET): return nil
            default: throw SysError(call: "read", subject: subject, errno: failure)
            }
        }
        throw CancellationError()
    }

    /// After `finish` what others go on writing must not keep the reader for ever.
    private func take(_ bytes: [UInt8]) -> [UInt8]? {
        state.withLock { state in
            guard state.isFinishing else { return bytes }
            state.allowance -= bytes.count
            return state.allowance < 0 ? nil : bytes
        }
    }

    /// Writes all bytes, as fast as the other side takes them.
    ///
    /// - Throws: `SysError` with EPIPE when nobody reads any more.
    package func write(_ bytes: [UInt8]) async throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            try Task.checkCancellation()
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor.raw, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            let failure = Errno.current
            switch failure {
            case .interrupted: continue
            case .again: await wait(for: .writable)
            default: throw SysError(call: "write", subject: subject, errno: failure)
            }
        }
    }

    /// The process behind this stream has ended: what it wrote is read, and nothing more is waited for.
    package func finish() {
        let followers = state.withLock { state in
            state.isFinishing = true
            return state.takeFollowers()
        }
        for follower in followers { follower.resume() }
        wake()
    }

    /// Returns when the reader has taken all that was there and waits for more, or reads no more.
    package func waitUntilEmpty() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.waiter != nil || state.isFinishing || state.isOver { return true }
                state.followers.append(continuation)
                return false
            }
            if isEmpty { continuation.resume() }
        }
    }

    private func end() {
        let followers = state.withLock { state in
            state.isOver = true
            return state.takeFollowers()
        }
        for follower in followers { follower.resume() }
    }

    /// Returns when the descriptor is ready, after `finish`, or when the task is cancelled.
    private func wait(for interest: Readiness) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (waits, followers) = state.withLock { state in
                    guard !state.isFinishing, !Task.isCancelled else { return (false, state.takeFollowers()) }
                    state.waiter = continuation
                    return (true, state.takeFollowers())
                }
                for follower in followers { follower.resume() }
                guard waits else { return continuation.resume() }
                mailbox.post { [self] loop in
                    // Woken meanwhile.
                    guard state.withLock({ $0.waiter != nil }) else { return }
                    do {
                        try loop.add(descriptor.raw, interest) { [self] _ in
                            loop.remove(descriptor.raw)
                            resume()
                        }
                    } catch {
                        // The read or write that follows says what is wrong.
                        resume()
                    }
                }
            }
        } onCancel: {
            wake()
        }
    }

    private func wake() {
        mailbox.post { [self] loop in
            loop.remove(descriptor.raw)
            resume()
        }
    }

    private func resume() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
