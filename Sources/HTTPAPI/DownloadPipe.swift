import Glibc
import Linux
import Synchronization

/// Carries what a blocking writer writes on a thread of its own to a task that sends it on.
final class DownloadPipe: Sendable {
    private let reader: Mutex<Int32>
    private let writer: Int32
    private let readNumber: Int32

    init() throws(SysError) {
        let ends = try Pipe.open()
        readNumber = ends.reader
        reader = Mutex(ends.reader)
        writer = ends.writer
    }

    deinit { stopReading() }

    /// Lets `write` write into the pipe, then closes it.
    func fill(_ write: (Int32) async throws -> Void) async throws {
        defer { close(writer) }
        try await write(writer)
    }

    /// The next bytes; nil at the end.
    func next() async throws -> [UInt8]? {
        let number = readNumber
        return try await withCheckedThrowingContinuation { continuation in
            Self.pool.submit {
                continuation.resume(
                    with: Result {
                        var buffer = [UInt8](repeating: 0, count: 256 << 10)
                        let count = try sys("read", "the pipe of a download") {
                            unsafe read(number, &buffer, buffer.count)
                        }
                        return count == 0 ? nil : Array(buffer[..<count])
                    }
                )
            }
        }
    }

    /// Lets the writer find out that nobody reads any more.
    func stopReading() {
        reader.withLock { number in
            if number >= 0 { close(number) }
            number = -1
        }
    }

    /// Reading blocks while the writer is busy.
    private static let pool = ThreadPool(name: "swl-download", limit: 8)
}
