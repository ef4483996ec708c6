import JSON
import OCI

/// The JSON documents of images: read within limits, and with messages that name the document.
enum ImageDocument {
    static func decode<T: Decodable>(_ type: T.Type, _ bytes: [UInt8], what: String) throws(ImageError) -> T {
        do {
            return try JSONCoding.decode(type, from: bytes)
        } catch {
            throw .malformed(what: what, reason: "\(error)")
        }
    }

    /// The manifest of one image, checked.
    static func manifest(_ bytes: [UInt8], what: String, layerLimit: Int) throws(ImageError) -> ImageManifest {
        let manifest = try decode(ImageManifest.self, bytes, what: what)
        guard manifest.schemaVersion == 2 else {
            throw .unsupported(
                what: what,
                reason: "its schemaVersion is \(manifest.schemaVersion)",
                advice: "convert the image to schema 2 or OCI (pull and push it with a current tool)"
            )
        }
        guard manifest.layers.count <= layerLimit else {
            throw .tooLarge(
                what: "\(what) with \(manifest.layers.count) layers",
                limit: Int64(layerLimit),
                unit: "layers"
            )
        }
        for descriptor in [manifest.config] + manifest.layers where descriptor.size < 0 {
            throw .malformed(what: what, reason: "the size of \(descriptor.digest) is negative")
        }
        return manifest
    }

    static func index(_ bytes: [UInt8], what: String) throws(ImageError) -> ImageIndex {
        let index = try decode(ImageIndex.self, bytes, what: what)
        guard index.schemaVersion == 2 else {
            throw .unsupported(
                what: what,
                reason: "its schemaVersion is \(index.schemaVersion)",
                advice: "write the layout with a current tool"
            )
        }
        return index
    }

    /// The configuration of an image, checked against the number of layers that its manifest has.
    static func config(_ bytes: [UInt8], what: String, layers: Int) throws(ImageError) -> ImageConfig {
        let config = try decode(ImageConfig.self, bytes, what: what)
        guard config.rootfs.type == "layers" else {
            throw .unsupported(
                what: what,
                reason: "its rootfs is of type \"\(config.rootfs.type)\"",
                advice: "only images made of layers can be unpacked"
            )
        }
        guard config.rootfs.diffIDs.count == layers else {
            throw .malformed(
                what: what,
                reason: "it lists \(config.rootfs.diffIDs.count) layers, the manifest has \(layers)"
            )
        }
        return config
    }

    /// What a document with an unknown or missing media type is, by its fields.
    enum Kind { case index, manifest, other }

    static func kind(_ descriptor: ContentDescriptor, _ bytes: [UInt8]) -> Kind {
        if descriptor.mediaType.isIndex { return .index }
        if descriptor.mediaType.isManifest { return .manifest }
        guard let value = try? JSONValue(parsing: bytes) else { return .other }  // not JSON: neither of the two
        if value["manifests"]?.arrayValue != nil { return .index }
        return value["layers"]?.arrayValue != nil && value["config"]?.objectValue != nil ? .manifest : .other
    }
}
