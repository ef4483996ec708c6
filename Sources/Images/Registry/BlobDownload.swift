import OCI

/// The download of one blob into the store: hashed while it streams, resumed where it broke, verified before it counts.
final class BlobDownload {
    private let descriptor: ContentDescriptor
    private let repository: String
    /// Where it may be had; the first is asked first.
    private var endpoints: ArraySlice<RegistryEndpoint>
    private let session: RegistrySession
    private let store: ContentStore
    private let progress: (PullProgress) -> Void
    private let fail: (ImageError) -> Void
    private var writer: ContentWriter?
    /// The transfer whose answer was checked to continue at the right byte.
    private var checked: ObjectIdentifier?
    private var reported: Int64 = 0
    private var beganAgain = false
    /// How many bytes were there when it was last found to get further. What is sent once more is no progress.
    private var furthest: Int64 = 0
    /// New bytes that count as getting further: a registry that sends next to nothing each time is given up.
    private var step: Int64 { max(1, min(64 << 10, descriptor.size / 100)) }
    /// How far it was when an answer without a length ended early, and how often in a row it got no further then.
    private var lastEnd: Int64 = 0
    private var vainContinuations = 0
    /// Ends in a row without progress after which an answer that is too short is given up.
    private static let continuationLimit = 5
    /// Bytes that came over the network, those that were thrown away included.
    private(set) var received: Int64 = 0

    init(
        _ descriptor: ContentDescriptor,
        repository: String,
        endpoints: [RegistryEndpoint],
        session: RegistrySession,
        store: ContentStore,
        progress: @escaping (PullProgress) -> Void,
        fail: @escaping (ImageError) -> Void
    ) throws(ImageError) {
        self.descriptor = descriptor
        self.repository = repository
        self.endpoints = endpoints[...]
        self.session = session
        self.store = store
        self.progress = progress
        self.fail = fail
        writer = try store.write(expected: descriptor.digest, size: descriptor.size, label: "\(descriptor.digest)")
    }

    private var count: Int64 { writer?.count ?? 0 }

    func start() {
        guard let endpoint = endpoints.first else {
            fail(.network(host: "no endpoint", what: "\(descriptor.digest)", reason: "none is configured"))
            return
        }
        checked = nil
        var call: RegistrySession.Call?
        let made = unsafe RegistrySession.Call(
            "\(descriptor.digest)",
            endpoint,
            path: "/\(repository)/blobs/\(descriptor.digest)",
            headers: { [self] in count > 0 ? ["Range: bytes=\(count)-"] : [] },
            sink: { [self] transfer, bytes in
                do throws(ImageError) {
                    try unsafe take(bytes, transfer)
                    if count - furthest >= step {
                        furthest = count
                        call?.advanced = true
                    }
                    return true
                } catch {
                    call?.stopped = error
                    return false
                }
            },
            completion: { [self] result in
                call = nil
                finished(result)
            }
        )
        made.scope = "repository:\(repository):pull"
        call = made
        session.send(made)
    }

    private func take(_ bytes: UnsafeRawBufferPointer, _ transfer: HTTPTransfer) throws(ImageError) {
        received += Int64(bytes.count)
        if checked != ObjectIdentifier(transfer) {
            checked = ObjectIdentifier(transfer)
            let start = transfer.status == 206 ? BlobDownload.start(transfer.header("content-range")) : 0
            // Without 206 the answer begins at the beginning, whatever was asked for.
            if start == 0, count > 0 { try writer?.restart() }
            guard start == count else {
                throw .malformed(
                    what: "the answer for \(descriptor.digest)",
                    reason: "it does not begin at byte \(count) as it was asked to, but says "
                        + "\"\(ByteText.text((transfer.header("content-range") ?? "").utf8))\""
                )
            }
        }
        try unsafe writer?.write(bytes)
        if count - reported >= 1 << 20 || count < reported {
            reported = count
            progress(.downloading(descriptor.digest, bytes: count, of: descriptor.size))
        }
    }

    /// N of "bytes N-M/SIZE"; nil for anything else.
    static func start(_ range: String?) -> Int64? {
        guard let range, range.lowercased().hasPrefix("bytes ") else { return nil }
        return Int64(range.dropFirst(6).drop { $0 == " " }.prefix { $0 != "-" })
    }

    private func finished(_ result: Result<HTTPTransfer, ImageError>) {
        switch result {
        case .failure(.sizeMismatch(let what, let expected, let actual)) where !beganAgain:
            beginAgain(.sizeMismatch(what: what, expected: expected, actual: actual))
        case .failure(let error):
            switch error {
            // All of it came before the connection broke.
            case .registry(_, _, 416, _) where count == descriptor.size: complete()
            case .registry(_, _, 416, _) where !beganAgain: beginAgain(error)
            case .malformed where !beganAgain: beginAgain(error)
            case .registry, .network, .unauthorized: nextEndpoint(error)
            default: end(error)
            }
        case .success:
            // An answer without a length ends when the connection does.
            if count < descriptor.size {
                vainContinuations = furthest > lastEnd ? 0 : vainContinuations + 1
                lastEnd = furthest
                if vainContinuations < BlobDownload.continuationLimit { return start() }
            }
            complete()
        }
    }

    private func complete() {
        guard let full = writer.take() else { return }
        do throws(ImageError) {
            let content = try full.seal()
            try store.publish([content])
            progress(.downloaded(descriptor.digest))
        } catch {
            switch error {
            case .digestMismatch, .sizeMismatch:
                // A byte may have changed on the way: once more, from the beginning.
                guard !beganAgain else { return end(error) }
                do throws(ImageError) {
                    writer = try store.write(
                        expected: descriptor.digest,
                        size: descriptor.size,
                        label: "\(descriptor.digest)"
                    )
                } catch {
                    return end(error)
                }
                beginAgain(error)
            default: end(error)
            }
        }
    }

    private func beginAgain(_ reason: ImageError) {
        beganAgain = true
        progress(.retrying(what: "\(descriptor.digest)", reason: "\(reason)"))
        do throws(ImageError) {
            try writer?.restart()
        } catch {
            return end(error)
        }
        start()
    }

    private func nextEndpoint(_ error: ImageError) {
        endpoints = endpoints.dropFirst()
        if endpoints.isEmpty { return end(error) }
        progress(.retrying(what: "\(descriptor.digest)", reason: "\(error)"))
        start()
    }

    private func end(_ error: ImageError) {
        // What was written goes with the writer.
        writer = nil
        fail(error)
    }
}
