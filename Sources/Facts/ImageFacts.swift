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

/// An image was pulled from a registry into the content store; or the name was pulled again and stands for another.
package struct ImageFetched: FactPayload {
    package static let typeName = "ImageFetched"

    /// The digest of the manifest or index.
    package var target: String
    /// Compressed: manifest, configuration and layers.
    package var sizeBytes: Int64
    /// The registry or mirror that it came from: host and port.
    package var host: String
    /// What came over the network: nothing of what was there already.
    package var downloadedBytes: Int64
    /// What the name stood for before.
    package var replaced: String?

    package init(target: String, sizeBytes: Int64, host: String, downloadedBytes: Int64, replaced: String? = nil) {
        self.target = target
        self.sizeBytes = sizeBytes
        self.host = host
        self.downloadedBytes = downloadedBytes
        self.replaced = replaced
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

/// The labels of the name were changed; these are all it has now.
package struct ImageLabelled: FactPayload {
    package static let typeName = "ImageLabelled"

    package var labels: [String: String]

    package init(labels: [String: String]) { self.labels = labels }
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
    case fetched(ImageFetched)
    case unpacked(ImageUnpacked)
    case tagged(ImageTagged)
    case labelled(ImageLabelled)
    case removed(ImageRemoved)

    /// The value that is written into the log.
    package var payload: any FactPayload {
        switch self {
        case .imported(let payload): payload
        case .fetched(let payload): payload
        case .unpacked(let payload): payload
        case .tagged(let payload): payload
        case .labelled(let payload): payload
        case .removed(let payload): payload
        }
    }
}
