import Glibc
import Hummingbird
import Linux
import NIOCore
import Synchronization

/// Carries a request's body into a pipe that a blocking reader empties on a thread of its own.
final class UploadPipe: Sendable {
    private let reader: Mutex<Int32>
    private let writer: Int32
    let readNumber: Int32
    /// Since when the client is waited for; nil while it is not.
    private let waitingSince = Mutex<ContinuousClock.Instant?>(nil)
    private let stalled = Atomic(false)

    /// How long a client may send nothing.
    let patience: Duration

    /// True if the client sent nothing for too long and was given up.
    var hasStalled: Bool { stalled.load(ordering: .relaxed) }

    init(patience: Duration) throws(SysError) {
        self.patience = patience
        let ends = try Pipe.open()
        readNumber = ends.reader
        reader = Mutex(ends.reader)
        writer = ends.writer
    }

    deinit { stopReading() }

    /// Writes the whole body, then closes the pipe. When the reader has stopped, what is left of the body is read and
    /// dropped, so that the client gets to its answer.
    ///
    /// A client that sends nothing for `patience` is given up; the time in which the reader is busy does not count.
    func feed(_ body: RequestBody) async {
        defer { close(writer) }
        await withTaskGroup { group in
            group.addTask { await self.copy(body) }
            group.addTask { await self.watch() }
            await group.next()
            group.cancelAll()
        }
    }

    /// Returns when the client has been waited for too long, or when it is cancelled.
    private func watch() async {
        while !Task.isCancelled {
            let since = waitingSince.withLock { $0 }
            let waited = since.map { ContinuousClock.now - $0 } ?? .zero
            if waited >= patience {
                stalled.store(true, ordering: .relaxed)
                return
            }
            try? await Task.sleep(for: patience - waited)  // a cancelled sleep ends the loop
        }
    }

    private func copy(_ body: RequestBody) async {
        let pool = Self.pool
        do {
            var open = true
            waitingSince.withLock { $0 = .now }
            for try await part in body {
                waitingSince.withLock { $0 = nil }
                defer { waitingSince.withLock { $0 = .now } }
                guard open else { continue }
                let bytes = Array(buffer: part)
                let writer = writer
                open = await withCheckedContinuation { continuation in
                    pool.submit { continuation.resume(returning: Self.write(bytes, to: writer)) }
                }
            }
        } catch is StalledBody {
            stalled.store(true, ordering: .relaxed)
        } catch {
            // The client went away: the reader sees an archive that ends early and says so.
        }
    }

    /// Lets the writer find out that nobody reads any more.
    func stopReading() {
        reader.withLock { number in
            if number >= 0 { close(number) }
            number = -1
        }
    }

    /// - Returns: False if nobody reads.
    private static func write(_ bytes: [UInt8], to writer: Int32) -> Bool {
        do {
            try Files.writeAll(writer, bytes, subject: "the pipe of an upload")
            return true
        } catch {
            return false  // EPIPE: the reader has failed and says why
        }
    }

    /// Writing blocks while the reader is busy.
    private static let pool = ThreadPool(name: "swl-upload", limit: 8)
}
