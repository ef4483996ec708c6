import Images
import Linux
package import OCI

/// What is in images, for people and for other tools.
extension ImageService {
    /// Writes images as one archive into a descriptor, which stays the caller's.
    ///
    /// - Parameters:
    ///   - references: Names in the store; several names of one image go into the archive together.
    ///   - platform: Only what is for it, under the images' names; nil is all that is there.
    func export(_ references: [String], namespace: String, platform: Platform?, to output: Int32) async throws {
        let lease = content.leases.lease()
        var images: [ImageExport.Image] = []
        for reference in references {
            let record = try find(reference, namespace: namespace)
            let name = try Self.reference(record.name)
            // A name with a digest has no tag that the archive could keep.
            let names = name.digest == nil ? [name] : []
            if let index = images.firstIndex(where: { $0.target.digest == record.target.digest }) {
                for name in names where !images[index].names.contains(name) { images[index].names.append(name) }
            } else {
                images.append(ImageExport.Image(names: names, target: record.target))
            }
        }
        let chosen = images
        try await transfers.run { [content] in
            do {
                for image in chosen { lease.add(try ImageInventory.references(of: image.target, in: content).content) }
                let exported = try chosen.map { image in
                    guard let platform else { return image }
                    let graph = ImageGraph(store: content)
                    return ImageExport.Image(
                        names: image.names,
                        target: try graph.resolve(image.target.digest, platform: platform).descriptor
                    )
                }
                try ImageExport.export(exported, from: content, to: output)
                withExtendedLifetime(lease) {}
            } catch let error as ImageError {
                throw CoreError.image(error)
            }
        }
    }

    /// Everything that is known about an image.
    func inspect(_ reference: String, namespace: String, platform: Platform?) async throws -> ImageInspection {
        let record = try find(reference, namespace: namespace)
        let others = try list(namespace: namespace).filter { $0.target.digest == record.target.digest }.map(\.name)
        return try await transfers.run { [content, snapshots] in
            do {
                let graph = ImageGraph(store: content)
                let resolved = try graph.resolve(record.target.digest, platform: platform ?? .host)
                let chain = ChainID.chain(of: resolved.config.rootfs.diffIDs) { ContentHash.digest(of: $0) }
                return ImageInspection(
                    record: record,
                    names: others,
                    manifestDescriptor: resolved.descriptor,
                    manifest: resolved.manifest,
                    config: resolved.config,
                    chainIDs: chain,
                    isUnpacked: chain.last.map { snapshots.committed($0) } ?? true
                )
            } catch let error as ImageError {
                throw CoreError.image(error)
            }
        }
    }
}

/// An image as `inspect` shows it.
package struct ImageInspection: Sendable {
    package let record: ImageRecord
    /// All names in the namespace that stand for it.
    package let names: [String]
    package let manifestDescriptor: ContentDescriptor
    package let manifest: ImageManifest
    package let config: ImageConfig
    /// Of the layers, the lowest first.
    package let chainIDs: [Digest]
    package let isUnpacked: Bool
}
