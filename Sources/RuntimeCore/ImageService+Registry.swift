import EventLog
import Facts
import Images
import Linux
import OCI

/// Between the image store and registries.
extension ImageService {
    func stop() {
        pulls.stop()
        transfers.stop()
    }

    /// Brings an image from its registry, unpacks it and records its name.
    ///
    /// The name appears when all is there; what a pull that failed has downloaded is used by the next one.
    func pull(
        _ request: ImagePull,
        origin: LogOrigin,
        now: @escaping @Sendable () -> Int64
    ) async throws -> ImagePullOutcome {
        let (key, work) = try work(request, origin, now)
        return try await pulls.run(key, work: work)
    }

    /// As `pull`, with what happens on the way.
    func pullEvents(
        _ request: ImagePull,
        origin: LogOrigin,
        now: @escaping @Sendable () -> Int64
    ) throws(CoreError) -> AsyncStream<ImageTransferEvent<PullProgress, ImagePullOutcome>> {
        let (key, work) = try work(request, origin, now)
        return pulls.events(key, work: work)
    }

    private func work(
        _ request: ImagePull,
        _ origin: LogOrigin,
        _ now: @escaping @Sendable () -> Int64
    ) throws(CoreError) -> (ImagePull, ImagePulls.Work) {
        let reference = try Self.reference(request.reference)
        var key = request
        key.reference = reference.canonical
        return (
            key,
            { [self] cancellation, progress in
                do {
                    return try pull(reference, request, origin, now, cancellation, progress)
                } catch let error as ImageError {
                    if error.isCancelled, cancellation.isCancelled { throw CancellationError() }
                    throw CoreError.image(error)
                }
            }
        )
    }

    private func pull(
        _ reference: ImageReference,
        _ request: ImagePull,
        _ origin: LogOrigin,
        _ now: @Sendable () -> Int64,
        _ cancellation: Cancellation,
        _ progress: @escaping ImagePulls.Progress
    ) throws -> ImagePullOutcome {
        let lease = content.leases.lease()
        var options = PullOptions()
        options.platform = request.platform ?? .host
        options.allPlatforms = request.allPlatforms
        options.credentials = request.credentials
        options.plainText = request.plainText
        options.cancellation = cancellation
        options.lease = lease
        let pulled: PulledImage
        var configDigest: Digest?
        if request.unpacks, !request.allPlatforms, Platform.host.runs(options.platform) {
            let (image, unpacked) = try registry.pull(
                reference,
                unpackingWith: unpacker,
                options: options,
                progress: progress
            )
            pulled = image
            configDigest = unpacked.configDigest
        } else {
            pulled = try registry.pull(reference, options: options, progress: progress)
        }
        try cancellation.check("pulling \(reference)")
        let time = now()
        let known = stored(reference.canonical, namespace: request.namespace)
        var record = ImageRecord(
            name: reference.canonical,
            namespace: request.namespace,
            target: pulled.target,
            sizeBytes: try ImageInventory.references(of: pulled.target, in: content).size,
            labels: known?.labels ?? [:],
            createdAt: time,
            updatedAt: time
        )
        record.labels[Self.sourceLabel + reference.domain] = reference.path
        if let known, known.target == record.target, known.sizeBytes == record.sizeBytes {
            record = known
        } else {
            let fact = ImageFetched(
                target: pulled.target.digest.description,
                sizeBytes: record.sizeBytes,
                host: pulled.host,
                downloadedBytes: pulled.downloadedBytes,
                replaced: known.flatMap { $0.target == pulled.target ? nil : $0.target.digest.description }
            )
            record = try saveBlocking(record, fact, origin: origin)
        }
        withExtendedLifetime(lease) {}
        return ImagePullOutcome(
            record: record,
            manifest: pulled.manifest,
            configDigest: configDigest,
            downloadedBytes: pulled.downloadedBytes,
            host: pulled.host,
            wasUpToDate: known?.target == record.target
        )
    }

    /// Brings an image of the store to a registry. Whoever lets go of the stream gives it up.
    ///
    /// - Parameters:
    ///   - source: The name in the store.
    ///   - destination: Where to, if that is another name.
    ///   - platform: Only what is for it; nil pushes what the name stands for, which must be complete.
    func pushEvents(
        _ source: String,
        to destination: String?,
        namespace: String,
        platform: Platform?,
        options: PushOptions
    ) throws -> AsyncStream<ImageTransferEvent<PushProgress, ContentDescriptor>> {
        let record = try find(source, namespace: namespace)
        let reference = try Self.reference(destination ?? source)
        let others = try list(namespace: nil)
        let lease = content.leases.lease()
        let cancellation = Cancellation()
        let (stream, sender) = AsyncStream.makeStream(
            of: ImageTransferEvent<PushProgress, ContentDescriptor>.self,
            bufferingPolicy: .unbounded
        )
        sender.onTermination = { _ in cancellation.cancel() }
        transfers.submit { [self] in
            let result = Result<ContentDescriptor, any Error> {
                do {
                    var target = record.target
                    if let platform {
                        target = try ImageGraph(store: content).resolve(target.digest, platform: platform).descriptor
                    }
                    let parts = try ImageInventory.references(of: target, in: content).content
                    lease.add(parts)
                    var options = options
                    options.cancellation = cancellation
                    options.sources = sources(of: parts, for: reference, among: others)
                    try registry.push(target, to: reference, options: options) { sender.yield(.step($0)) }
                    withExtendedLifetime(lease) {}
                    return target
                } catch ImageError.missingContent(let digest, let what) where record.target.mediaType.isIndex {
                    throw CoreError.image(
                        .unsupported(
                            what: "pushing all of \(source)",
                            reason: "the store has not got \(digest) of \(what)",
                            advice: "push one platform (--platform \(Platform.host)) or pull all of them first"
                        )
                    )
                } catch let error as ImageError {
                    throw CoreError.image(error)
                }
            }
            sender.yield(.finished(result))
            sender.finish()
        }
        return stream
    }

    /// Repositories of the same registry that content was pulled from or belongs to.
    private func sources(
        of parts: Set<Digest>,
        for reference: ImageReference,
        among records: [ImageRecord]
    ) -> [Digest: String] {
        var sources: [Digest: String] = [:]
        for record in records {
            guard let path = record.labels[Self.sourceLabel + reference.domain], path != reference.path,
                // A damaged image of somebody else must not keep this one from being pushed.
                let theirs = try? ImageInventory.references(of: record.target, in: content)
            else { continue }
            for digest in theirs.content.intersection(parts) { sources[digest] = path }
        }
        return sources
    }

    /// containerd's label for where the content of an image was pulled from; the domain follows.
    static let sourceLabel = "containerd.io/distribution.source."

    static func reference(_ text: String) throws(CoreError) -> ImageReference {
        do {
            return try ImageReference(text).withDefaultTag
        } catch {
            throw .invalidReference("\(error)")
        }
    }
}
