/// The image was not there (or must be asked for every time) and a pull began.
package struct ImagePullStarted: FactPayload {
    package static let typeName = "ImagePullStarted"

    package var container: ContainerRef
    /// As the pod's spec writes it.
    package var image: String

    package init(container: ContainerRef, image: String) {
        self.container = container
        self.image = image
    }
}

/// The image is there and unpacked; the container can be created from it.
package struct ImagePulled: FactPayload {
    package static let typeName = "ImagePulled"

    package var container: ContainerRef
    /// As the pod's spec writes it.
    package var image: String
    /// The digest of the image's configuration.
    package var imageID: String
    /// What the status shows as `imageID`: the repository with the digest of the manifest where it is known.
    package var imageRef: String
    package var sizeBytes: Int64
    /// True when nothing had to be fetched.
    package var alreadyPresent: Bool
    /// How long it took, unpacking included.
    package var durationMicroseconds: Int64

    package init(
        container: ContainerRef,
        image: String,
        imageID: String,
        imageRef: String,
        sizeBytes: Int64,
        alreadyPresent: Bool,
        durationMicroseconds: Int64
    ) {
        self.container = container
        self.image = image
        self.imageID = imageID
        self.imageRef = imageRef
        self.sizeBytes = sizeBytes
        self.alreadyPresent = alreadyPresent
        self.durationMicroseconds = durationMicroseconds
    }
}

/// The image could not be had.
package struct ImagePullFailed: FactPayload {
    package static let typeName = "ImagePullFailed"

    package var container: ContainerRef
    /// As the pod's spec writes it.
    package var image: String
    /// `ErrImagePull`, `ErrImageNeverPull`, `InvalidImageName`, `ImageInspectError`, `RegistryUnavailable` or
    /// `SignatureValidationFailed`.
    package var reason: String
    package var message: String
    package var failedAt: Microseconds

    package init(container: ContainerRef, image: String, reason: String, message: String, failedAt: Microseconds) {
        self.container = container
        self.image = image
        self.reason = reason
        self.message = message
        self.failedAt = failedAt
    }
}

/// The next pull waits.
package struct ImagePullBackedOff: FactPayload {
    package static let typeName = "ImagePullBackedOff"

    package var container: ContainerRef
    /// As the pod's spec writes it.
    package var image: String
    /// When the next pull may begin.
    package var until: Microseconds
    /// What the container's status shows.
    package var message: String

    package init(container: ContainerRef, image: String, until: Microseconds, message: String) {
        self.container = container
        self.image = image
        self.until = until
        self.message = message
    }
}
