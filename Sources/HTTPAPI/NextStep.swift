import HTTPTypes
import KubernetesAPI

/// What a client can do about a refusal. It stands behind the sentence that Kubernetes' servers use, which clients and
/// scripts look for.
enum NextStep {
    /// The sentence with what to do next.
    static func added(to status: Status, method: HTTPRequest.Method, path: String) -> Status {
        guard let step = text(for: status, method: method, path: path) else { return status }
        var status = status
        status.message += "; " + step
        return status
    }

    private static func text(for status: Status, method: HTTPRequest.Method, path: String) -> String? {
        let name = status.details?.name ?? ""
        let kind = status.details?.kind ?? ""
        switch StatusReason(rawValue: status.reason) {
        // What a registry does not have is explained already.
        case .notFound where path.hasPrefix("/v1/images/pull") || path.hasPrefix("/v1/images/push"): return nil
        case .notFound where name.isEmpty: return "GET / lists the paths that there are"
        case .notFound:
            guard let collection = collection(kind, in: path) else { return nil }
            let isPlace = kind == "namespaces" && method == .post
            return isPlace
                ? "create it first: POST \(collection)" : "GET \(collection) lists those that are there"
        case .alreadyExists:
            guard let collection = collection(kind, in: path) else { return nil }
            return "PUT or PATCH \(collection)/\(name) changes it, DELETE removes it"
        case .conflict where status.message.hasSuffix(APIError.objectModified): return "GET \(path) shows it"
        case .requestEntityTooLarge: return "archives of images go to POST /v1/images/import, where there is no limit"
        case .methodNotAllowed where path.hasSuffix("/status"):
            return
                "the agent alone writes the status of a pod, from what it observes; labels and annotations are changed "
                + "with PATCH \(path.dropLast("/status".count))"
        // Where another header would not help, it is said what does.
        case .unsupportedMediaType:
            let isAboutHeader = status.message.hasPrefix("the body of the request") && !status.message.contains(";")
            return isAboutHeader ? "say so in the header Content-Type" : nil
        case .notAcceptable: return "name one of them in the header Accept, or leave it out"
        case .invalid where method == .get || method == .head: return nil
        case .invalid: return "nothing was changed; ?dryRun=All tries without changing anything"
        default: return nil
        }
    }

    /// The part of a path up to the collection: "/api/v1/namespaces/default/pods".
    private static func collection(_ plural: String, in path: String) -> String? {
        let parts = path.split(separator: "/")
        guard let place = parts.firstIndex(where: { $0 == plural }) else { return nil }
        return "/" + parts[...place].joined(separator: "/")
    }
}
