import JSON
import KubernetesAPI
import TTRPC

/// Bodies in Kubernetes' protobuf form, which kubectl sends from version 1.32 on for objects that it makes by itself:
/// `create namespace`, `create secret`, `auth can-i`. Answers are always JSON, which clients take.
///
/// Source of the numbers: generated.proto in k8s.io/apimachinery and k8s.io/api.
enum ProtobufBody {
    static let mediaType = "application/vnd.kubernetes.protobuf"

    /// The object as JSON.
    ///
    /// - Throws: 400 for what is damaged, 415 for a kind that is not read in this form.
    static func json(_ body: [UInt8]) throws(APIError) -> [UInt8] {
        guard body.starts(with: Array("k8s\0".utf8)) else {
            throw .badRequest("the body is not Kubernetes' protobuf: it does not begin with \"k8s\\0\"")
        }
        let (kind, apiVersion, raw): (String, String, JSONValue)
        do {
            let envelope = try decode(body.dropFirst(4), .message(Self.envelope))
            kind = envelope["typeMeta"]?["kind"]?.stringValue ?? ""
            apiVersion = envelope["typeMeta"]?["apiVersion"]?.stringValue ?? ""
            guard let fields = Self.kinds[kind] else { throw Unknown() }
            let bytes = Base64Bytes(text: envelope["raw"]?.stringValue ?? "")?.bytes ?? []
            raw = try decode(bytes[...], .message(fields))
        } catch is Unknown {
            throw APIError(
                .unsupportedMediaType,
                "objects of this kind are not read from \(mediaType); that is read for: "
                    + kinds.keys.sorted().joined(separator: ", ")
            )
        } catch {
            throw .badRequest("the body cannot be read: \(error)")
        }
        var object = raw
        object["kind"] = .string(kind)
        object["apiVersion"] = .string(apiVersion)
        return object.bytes()
    }

    private struct Unknown: Error {}

    // MARK: Shapes

    /// How a field stands in JSON.
    private indirect enum Shape: Sendable {
        case text
        /// Base64 in JSON.
        case bytes
        case number
        case flag
        /// Seconds since 1970, RFC 3339 in JSON.
        case time
        case list(Shape)
        case map(Shape)
        case message([Int: Field])
    }

    private struct Field: Sendable {
        let name: String
        let shape: Shape

        init(_ name: String, _ shape: Shape) { (self.name, self.shape) = (name, shape) }
    }

    private static let envelope: [Int: Field] = [
        1: Field("typeMeta", .message([1: Field("apiVersion", .text), 2: Field("kind", .text)])),
        2: Field("raw", .bytes),
    ]

    private static let owner: [Int: Field] = [
        1: Field("kind", .text), 3: Field("name", .text), 4: Field("uid", .text), 5: Field("apiVersion", .text),
        6: Field("controller", .flag), 7: Field("blockOwnerDeletion", .flag),
    ]

    private static let metadata = Field(
        "metadata",
        .message([
            1: Field("name", .text), 2: Field("generateName", .text), 3: Field("namespace", .text),
            5: Field("uid", .text), 6: Field("resourceVersion", .text), 7: Field("generation", .number),
            8: Field("creationTimestamp", .time), 9: Field("deletionTimestamp", .time),
            10: Field("deletionGracePeriodSeconds", .number), 11: Field("labels", .map(.text)),
            12: Field("annotations", .map(.text)), 13: Field("ownerReferences", .list(.message(owner))),
            14: Field("finalizers", .list(.text)),
        ])
    )

    private static let deleteOptions: [Int: Field] = [
        1: Field("gracePeriodSeconds", .number),
        2: Field("preconditions", .message([1: Field("uid", .text), 2: Field("resourceVersion", .text)])),
        3: Field("orphanDependents", .flag), 4: Field("propagationPolicy", .text), 5: Field("dryRun", .list(.text)),
    ]

    private static let accessReviewSpec: [Int: Field] = [
        1: Field(
            "resourceAttributes",
            .message([
                1: Field("namespace", .text), 2: Field("verb", .text), 3: Field("group", .text),
                4: Field("version", .text), 5: Field("resource", .text), 6: Field("subresource", .text),
                7: Field("name", .text),
            ])
        ),
        2: Field("nonResourceAttributes", .message([1: Field("path", .text), 2: Field("verb", .text)])),
    ]

    private static let kinds: [String: [Int: Field]] = [
        "Namespace": [
            1: metadata, 2: Field("spec", .message([1: Field("finalizers", .list(.text))])),
        ],
        "ConfigMap": [
            1: metadata, 2: Field("data", .map(.text)), 3: Field("binaryData", .map(.bytes)),
            4: Field("immutable", .flag),
        ],
        "Secret": [
            1: metadata, 2: Field("data", .map(.bytes)), 3: Field("type", .text), 4: Field("stringData", .map(.text)),
            5: Field("immutable", .flag),
        ],
        "DeleteOptions": deleteOptions,
        "Eviction": [1: metadata, 2: Field("deleteOptions", .message(deleteOptions))],
        "SelfSubjectAccessReview": [1: metadata, 2: Field("spec", .message(accessReviewSpec))],
        "SelfSubjectRulesReview": [1: metadata, 2: Field("spec", .message([1: Field("namespace", .text)]))],
        "SelfSubjectReview": [1: metadata],
    ]

    // MARK: Reading

    private static func decode(_ bytes: ArraySlice<UInt8>, _ shape: Shape) throws -> JSONValue {
        guard case .message(let fields) = shape else { return .null }
        var reader = ProtobufReader(bytes)
        var object = JSONObject()
        while let found = try reader.next() {
            guard let field = fields[found.number] else { continue }
            switch field.shape {
            case .list(let element):
                object[field.name] = .array((object[field.name]?.arrayValue ?? []) + [try value(found, element)])
            case .map(let element):
                var map = object[field.name]?.objectValue ?? [:]
                let entry = try decode(
                    found.bytes()[...],
                    .message([1: Field("key", .text), 2: Field("value", element)])
                )
                map[entry["key"]?.stringValue ?? ""] = entry["value"] ?? ""
                object[field.name] = .object(map)
            default:
                let value = try value(found, field.shape)
                if !value.isNull { object[field.name] = value }
            }
        }
        return .object(object)
    }

    private static func value(_ field: ProtobufField, _ shape: Shape) throws -> JSONValue {
        switch shape {
        case .text: return .string(try field.string())
        case .bytes: return .string(Base64Bytes(try field.bytes()).text)
        case .number: return .number(JSONNumber(try field.int64()))
        case .flag: return .bool(try field.bool())
        case .time:
            let time = try decode(field.bytes()[...], .message([1: Field("seconds", .number)]))
            guard let seconds = time["seconds"]?.int64Value, abs(seconds) < 1 << 40 else { return .null }
            return .string(Time(microsecondsSince1970: seconds * 1_000_000).description)
        case .message: return try decode(field.bytes()[...], shape)
        case .list, .map: return .null
        }
    }
}
