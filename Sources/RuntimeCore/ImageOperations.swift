package import Images
package import OCI

/// What can be done with images beside importing, listing and removing them.
extension RuntimeCore {
    /// Brings an image from its registry; a pull of the same that runs already is joined.
    ///
    /// - Throws: `CancellationError` when the task is cancelled; the pull ends if nobody else waits for it.
    package func pullImage(
        _ request: ImagePull,
        origin: LogOrigin,
        now: @escaping @Sendable () -> Int64
    ) async throws -> ImagePullOutcome {
        try await images.pull(request, origin: origin, now: now)
    }

    /// As `pullImage`, with what happens on the way. Whoever lets go of the stream does not wait any more.
    package func pullEvents(
        _ request: ImagePull,
        origin: LogOrigin,
        now: @escaping @Sendable () -> Int64
    ) throws(CoreError) -> AsyncStream<ImageTransferEvent<PullProgress, ImagePullOutcome>> {
        try images.pullEvents(request, origin: origin, now: now)
    }

    /// Brings an image to a registry. Whoever lets go of the stream gives it up. The outcome is what was pushed.
    package func pushEvents(
        _ source: String,
        to destination: String?,
        namespace: String,
        platform: Platform?,
        options: PushOptions
    ) throws -> AsyncStream<ImageTransferEvent<PushProgress, ContentDescriptor>> {
        try images.pushEvents(
            source,
            to: destination,
            namespace: namespace,
            platform: platform,
            options: options
        )
    }

    /// Gives an image one more name; a name that exists is moved.
    package func tagImage(
        _ source: String,
        as destination: String,
        namespace: String,
        origin: LogOrigin,
        now: Int64
    ) async throws -> ImageRecord {
        try await images.tag(source, as: destination, namespace: namespace, origin: origin, now: now)
    }

    /// Writes images as one archive into a descriptor, which stays the caller's.
    ///
    /// - Parameter platform: Only what is for it, under the images' names; nil is all that is there.
    package func exportImages(
        _ references: [String],
        namespace: String,
        platform: Platform?,
        to output: Int32
    ) async throws {
        try await images.export(references, namespace: namespace, platform: platform, to: output)
    }

    /// Everything that is known about an image.
    package func inspectImage(
        _ reference: String,
        namespace: String,
        platform: Platform?
    ) async throws -> ImageInspection {
        try await images.inspect(reference, namespace: namespace, platform: platform)
    }

    /// Removes what nothing refers to; with `inUse`, first the names that no container is made of.
    package func pruneImages(
        namespace: String,
        inUse: Set<String>?,
        origin: LogOrigin
    ) async throws -> (names: [ImageRecord], garbage: CollectedGarbage) {
        try await images.prune(namespace: namespace, inUse: inUse, origin: origin)
    }
}
