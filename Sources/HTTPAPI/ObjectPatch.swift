import JSON
import KubernetesAPI
import Synchronization

/// A patch of an object in one of the forms of RFC 7386 and RFC 6902.
struct ObjectPatch: Sendable {
    private enum Form: Sendable {
        case merge(JSONValue)
        case operations(JSONPatch)
        case strategic(JSONValue)
    }

    static let accepted = [
        "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
    ]

    private let form: Form

    /// - Throws: 415 for what is no patch.
    static func check(mediaType: String) throws(APIError) {
        guard !accepted.contains(mediaType) else { return }
        var error = APIError.unsupportedMediaType(accepted: accepted)
        if mediaType == "application/apply-patch+yaml" {
            error.status.message += "; this node has no server-side apply: apply without --server-side"
        }
        throw error
    }

    init(mediaType: String, body: [UInt8]) throws(APIError) {
        do {
            switch mediaType {
            case "application/merge-patch+json": form = .merge(try JSONValue(parsing: body))
            case "application/strategic-merge-patch+json": form = .strategic(try JSONValue(parsing: body))
            case "application/json-patch+json": form = .operations(try JSONPatch(JSONValue(parsing: body)))
            default: throw APIError.unsupportedMediaType(accepted: Self.accepted)
            }
        } catch let error as APIError {
            throw error
        } catch {
            throw .badRequest("the patch cannot be read: \(error)")
        }
    }

    /// - Parameter warnings: What is to be said of the result, without being refused for it.
    func apply<Object: StoredObject>(
        to object: Object,
        fieldValidation: FieldValidation,
        warnings: PatchWarnings
    ) throws(APIError) -> Object {
        do {
            let current = try JSONCoding.value(of: object)
            let patched =
                switch form {
                case .merge(let patch): current.merging(patch: patch)
                case .operations(let patch): try patch.applied(to: current)
                case .strategic(let patch): try StrategicMerge.apply(patch, to: current)
                }
            let decoded = try ObjectDecoding.decode(Object.self, from: patched, fieldValidation: fieldValidation)
            warnings.texts = decoded.warnings
            return decoded.object
        } catch let error as APIError {
            throw error
        } catch {
            throw APIError(.invalid, "the patch does not fit the object: \(error)")
        }
    }
}

/// The warnings of a patch, which may be applied more than once before it is stored: those of the last time.
final class PatchWarnings: Sendable {
    private let kept = Mutex<[String]>([])

    var texts: [String] {
        get { kept.withLock { $0 } }
        set { kept.withLock { $0 = newValue } }
    }
}
