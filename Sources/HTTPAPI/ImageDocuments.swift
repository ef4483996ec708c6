import Images
import JSON
import OCI
import RuntimeCore

/// Images as JSON for clients.
enum ImageDocuments {
    /// Everything about an image: where its name leads, its manifest and its configuration as they are.
    static func inspection(_ image: ImageInspection) throws -> JSONValue {
        let name = try? ImageReference(image.record.name)  // the store holds normalised names
        let layers = zip(zip(image.manifest.layers, image.config.rootfs.diffIDs), image.chainIDs)
        return .object([
            "name": .string(image.record.name),
            "namespace": .string(image.record.namespace),
            "id": .string(image.manifest.config.digest.description),
            "names": .array(image.names.map { .string($0) }),
            "repoDigests": .array(name.map { [.string("\($0.name)@\(image.record.target.digest)")] } ?? []),
            "target": try JSONCoding.value(of: image.record.target),
            "platform": .string(image.config.platform.description),
            "sizeBytes": JSONValue(integerLiteral: image.record.sizeBytes),
            "createdAt": JSONValue(integerLiteral: image.record.createdAt),
            "updatedAt": JSONValue(integerLiteral: image.record.updatedAt),
            "labels": try JSONCoding.value(of: image.record.labels),
            "unpacked": .bool(image.isUnpacked),
            "layers": .array(
                layers.map { layer in
                    .object([
                        "digest": .string(layer.0.0.digest.description),
                        "mediaType": .string(layer.0.0.mediaType.rawValue),
                        "sizeBytes": JSONValue(integerLiteral: layer.0.0.size),
                        "diffID": .string(layer.0.1.description),
                        "chainID": .string(layer.1.description),
                    ])
                }
            ),
            "manifestDescriptor": try JSONCoding.value(of: image.manifestDescriptor),
            "manifest": try JSONCoding.value(of: image.manifest),
            "config": try JSONCoding.value(of: image.config),
        ])
    }

    /// The steps that made an image, the newest first, each with the compressed size of its layer.
    static func history(_ image: ImageInspection) -> [JSONValue] {
        var layers = image.manifest.layers[...]
        var steps: [JSONValue] = []
        for step in image.config.history ?? [] {
            let layer = step.emptyLayer ?? false ? nil : layers.popFirst()
            steps.append(
                .object([
                    "created": .string(step.created ?? ""),
                    "createdBy": .string(step.createdBy ?? ""),
                    "comment": .string(step.comment ?? ""),
                    "emptyLayer": .bool(layer == nil),
                    "digest": layer.map { .string($0.digest.description) } ?? .null,
                    "sizeBytes": JSONValue(integerLiteral: layer?.size ?? 0),
                ])
            )
        }
        // Layers that the history does not tell of are shown all the same.
        for layer in layers {
            steps.append(
                .object([
                    "created": "", "createdBy": "", "comment": "", "emptyLayer": false,
                    "digest": .string(layer.digest.description), "sizeBytes": JSONValue(integerLiteral: layer.size),
                ])
            )
        }
        return steps.reversed()
    }

    /// A line of a pull's progress.
    static func line(_ step: PullProgress) -> JSONValue {
        switch step {
        case .resolved(let target):
            return status("resolved", target.digest, ["mediaType": .string(target.mediaType.rawValue)])
        case .manifest(let descriptor, let manifest):
            let layers = manifest.layers.map { layer in
                JSONValue.object([
                    "id": .string(layer.digest.description), "total": JSONValue(integerLiteral: layer.size),
                ])
            }
            return status("manifest", descriptor.digest, ["layers": .array(layers)])
        case .present(let digest): return status("exists", digest)
        case .downloading(let digest, let bytes, let total):
            return status(
                "downloading",
                digest,
                ["current": JSONValue(integerLiteral: bytes), "total": JSONValue(integerLiteral: total)]
            )
        case .downloaded(let digest): return status("downloaded", digest)
        case .retrying(let what, let reason): return retrying(what, reason)
        case .unpack(.present(let digest)): return status("unpacked", digest)
        case .unpack(.unpacking(let digest, let bytes)):
            return status("unpacking", digest, ["current": JSONValue(integerLiteral: bytes)])
        case .unpack(.unpacked(let digest, let entries, let bytes)):
            return status(
                "unpacked",
                digest,
                ["entries": JSONValue(integerLiteral: Int64(entries)), "bytes": JSONValue(integerLiteral: bytes)]
            )
        }
    }

    /// A line of an import's progress.
    static func line(_ step: ImportProgress) -> JSONValue {
        switch step {
        case .read(let bytes): .object(["status": "reading", "current": JSONValue(integerLiteral: bytes)])
        case .content(let name, let digest, let size):
            status("stored", digest, ["name": .string(name), "total": JSONValue(integerLiteral: size)])
        case .image(let image):
            status(
                "imported",
                image.target.digest,
                ["names": .array(image.names.map { .string($0.canonical) })]
            )
        }
    }

    /// A line of a push's progress.
    static func line(_ step: PushProgress) -> JSONValue {
        switch step {
        case .present(let digest): return status("exists", digest)
        case .mounted(let digest, let from): return status("mounted", digest, ["from": .string(from)])
        case .uploading(let digest, let bytes, let total):
            return status(
                "uploading",
                digest,
                ["current": JSONValue(integerLiteral: bytes), "total": JSONValue(integerLiteral: total)]
            )
        case .pushed(let digest, let size): return status("pushed", digest, ["total": JSONValue(integerLiteral: size)])
        case .retrying(let what, let reason): return retrying(what, reason)
        }
    }

    private static func status(_ status: String, _ digest: Digest, _ more: JSONObject = [:]) -> JSONValue {
        var line: JSONObject = ["status": .string(status), "id": .string(digest.description)]
        for (key, value) in more { line[key] = value }
        return .object(line)
    }

    private static func retrying(_ what: String, _ reason: String) -> JSONValue {
        .object(["status": "retrying", "what": .string(what), "reason": .string(reason)])
    }
}
