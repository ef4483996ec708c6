import CArchive
import Glibc
import Linux
import OCI

/// The bytes of a file or a pipe, decompressed if they are gzip or zstd, hashed and counted on the way, within a limit.
///
/// libarchive decompresses. It does not read tar here: in the C locale it loses names that are not ASCII, and in a
/// UTF-8 locale it composes them (NFC), so that two files of a layer can become one.
@safe
final class ByteStream {
    /// What the bytes are, for messages.
    let label: String
    /// Bytes after decompression that were handed out so far.
    private(set) var count: Int64 = 0

    private let archive: OpaquePointer
    /// Held open while libarchive reads from it.
    private let file: Descriptor
    private let limit: Int64
    private var hash: ContentHash?
    private var ended = false

    /// Starts to read.
    ///
    /// - Parameters:
    ///   - file: Read from its current position; owned by the stream.
    ///   - limit: More bytes than this after decompression are an error.
    ///   - hashing: How to hash the decompressed bytes, if they shall be hashed.
    init(
        _ file: consuming Descriptor,
        label: String,
        limit: Int64,
        hashing: Digest.Algorithm? = nil
    ) throws(ImageError) {
        self.label = label
        self.limit = limit
        self.file = file
        hash = hashing.map { ContentHash($0) }
        guard let archive = unsafe archive_read_new() else {
            throw .system(SysError(call: "malloc", subject: "", errno: Errno(ENOMEM)), doing: "reading \(label)")
        }
        unsafe self.archive = archive
        unsafe archive_read_support_filter_gzip(archive)
        unsafe archive_read_support_filter_zstd(archive)
        unsafe archive_read_support_format_raw(archive)
        unsafe archive_read_support_format_empty(archive)
        if unsafe archive_read_open_fd(archive, self.file.raw, 256 << 10) != ARCHIVE_OK { throw failure() }
        // One compression at most: a tower of them would do much work for few bytes.
        if unsafe archive_filter_count(archive) > 2 {
            throw .unsupported(
                what: label,
                reason: "it is compressed more than once",
                advice: "compress it once, with gzip or zstd"
            )
        }
        var entry: OpaquePointer?
        switch unsafe archive_read_next_header(archive, &entry) {
        case ARCHIVE_OK: break
        case ARCHIVE_EOF: ended = true
        default: throw failure()
        }
    }

    deinit { unsafe archive_read_free(archive) }

    /// True if the bytes were compressed.
    var isCompressed: Bool { compression != .none }

    /// How the bytes were compressed.
    var compression: MediaType.Compression {
        switch unsafe archive_filter_code(archive, 0) {
        case ARCHIVE_FILTER_GZIP: .gzip
        case ARCHIVE_FILTER_ZSTD: .zstd
        default: .none
        }
    }

    /// The next bytes, never none; nil at the end. Valid until the next call.
    func next() throws(ImageError) -> UnsafeRawBufferPointer? {
        while !ended {
            var start: UnsafeRawPointer?
            var size = 0
            var offset: Int64 = 0
            let result = unsafe archive_read_data_block(archive, &start, &size, &offset)
            if result == ARCHIVE_EOF {
                ended = true
                break
            }
            if result != ARCHIVE_OK && result != ARCHIVE_WARN { throw failure() }
            if size == 0 { continue }
            let bytes = unsafe UnsafeRawBufferPointer(start: start, count: size)
            count += Int64(size)
            if count > limit { throw .tooLarge(what: label, limit: limit, unit: "bytes when decompressed") }
            unsafe hash?.update(bytes)
            return unsafe bytes
        }
        return nil
    }

    /// Reads to the end, for the sake of the hash.
    func drain() throws(ImageError) {
        while try unsafe next() != nil {}
    }

    /// The digest of what was handed out so far; nil if the stream does not hash.
    var digest: Digest? { hash?.digest() }

    private func failure() -> ImageError {
        let code = unsafe archive_errno(archive)
        let text = unsafe archive_error_string(archive).map { unsafe String(cString: $0) } ?? "unknown error"
        // libarchive gives -1 and small numbers of its own for errors of format, and errno for those of read(2).
        if code == EIO || code == EBADF || code == EISDIR || code == ENOMEM || code == ECONNRESET {
            return .system(SysError(call: "read", subject: label, errno: Errno(code)), doing: "reading \(label)")
        }
        let lower = text.lowercased()
        if lower.contains("truncated") || lower.contains("premature") {
            return .truncated(what: label, reason: "the compressed data ends too early")
        }
        return .malformed(what: label, reason: "its compressed data is damaged (\(text)); get a fresh copy of it")
    }
}
