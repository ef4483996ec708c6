/// An image was read from an archive into the content store.
package struct ImageImported: FactPayload {
    package static let typeName = "ImageImported"

    /// The digest of the manifest or index.
    package var target: String
    /// Compressed: manifest, configuration and layers.
    package var sizeBytes: Int64
    /// Where it came from, for people.
    package var source: String

    package init(target: String, sizeBytes: Int64, source: String) {
        self.target = target
        self.sizeBytes = sizeBytes
        self.source = source
    }
}

/// The image's layers are unpacked.
package struct ImageUnpacked: FactPayload {
    package static let typeName = "ImageUnpacked"

    /// The id of the topmost layer's snapshot.
    package var chainID: String

    package init(chainID: String) {
        self.chainID = chainID
    }
}

/// The name now points at the image that another name points at.
package struct ImageTagged: FactPayload {
    package static let typeName = "ImageTagged"

    /// The digest of the manifest or index.
    package var target: String
    /// The other name.
    package var source: String

    package init(target: String, source: String) {
        self.target = target
        self.source = source
    }
}

/// The name was removed. Content that no other name needs is collected later.
package struct ImageRemoved: FactPayload {
    package static let typeName = "ImageRemoved"

    package var reason: String

    package init(reason: String) {
        self.reason = reason
    }
}
/// Everything that can happen to an image name. The stream is the internal resource ("swiftlet.dev", "v1", "images"), the
/// image namespace (`k8s.io` for pods) and the canonical reference.
package enum ImageFact: Hashable, Sendable {
    case imported(ImageImported)
    case unpacked(ImageUnpacked)
    case tagged(ImageTagged)
    case removed(ImageRemoved)

    /// The value that is written into the log.
    package var payload: any FactPayload {
        switch self {
        case .imported(let payload): payload
        case .unpacked(let payload): payload
        case .tagged(let payload): payload
        case .removed(let payload): payload
        }
    }
}
