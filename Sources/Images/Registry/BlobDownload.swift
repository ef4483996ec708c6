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
    /// How often a connection that ended early was continued.
    private var continuations = 0
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
            // Without 206 the answer begins at the beginning, whatever was asked for.
            if count > 0, transfer.status != 206 || !BlobDownload.starts(at: count, transfer.header("content-range")) {
                try writer?.restart()
            }
        }
        try unsafe writer?.write(bytes)
        if count - reported >= 1 << 20 || count < reported {
            reported = count
            progress(.downloading(descriptor.digest, bytes: count, of: descriptor.size))
        }
    }

    /// True for "bytes N-M/SIZE".
    static func starts(at offset: Int64, _ range: String?) -> Bool {
        guard let range, range.lowercased().hasPrefix("bytes ") else { return false }
        return Int64(range.dropFirst(6).prefix { $0 != "-" }) == offset
    }

    private func finished(_ result: Result<HTTPTransfer, ImageError>) {
        switch result {
        case .failure(.sizeMismatch(let what, let expected, let actual)) where !beganAgain:
            beginAgain(.sizeMismatch(what: what, expected: expected, actual: actual))
        case .failure(let error):
            switch error {
            case .registry(_, _, 416, _) where !beganAgain: beginAgain(error)
            case .registry, .network, .unauthorized: nextEndpoint(error)
            default: end(error)
            }
        case .success:
            // An answer without a length ends when the connection does.
            if count < descriptor.size, continuations < 5 {
                continuations += 1
                start()
                return
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
