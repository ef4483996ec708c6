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

    init() throws(SysError) {
        let ends = try Pipe.open()
        readNumber = ends.reader
        reader = Mutex(ends.reader)
        writer = ends.writer
    }

    deinit { stopReading() }

    /// Writes the whole body, then closes the pipe. When the reader has stopped, what is left of the body is read and
    /// dropped, so that the client gets to its answer.
    func feed(_ body: RequestBody) async {
        defer { close(writer) }
        let pool = Self.pool
        do {
            var open = true
            for try await part in body {
                guard open else { continue }
                let bytes = Array(buffer: part)
                let writer = writer
                open = await withCheckedContinuation { continuation in
                    pool.submit { continuation.resume(returning: Self.write(bytes, to: writer)) }
                }
            }
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
