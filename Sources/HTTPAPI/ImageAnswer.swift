import EventLog
import Images
import KubernetesAPI
import RuntimeCore

/// What a client is told when something with images fails.
enum ImageAnswer {
    /// - Parameter name: What the client called the image.
    static func error(_ error: any Error, name: String) -> APIError {
        switch error {
        case let error as APIError: error
        case AppendError.overloaded, AppendError.readOnly:
            .serviceUnavailable("the event log takes no changes now: \(error)", retryAfter: 5)
        case AppendError.notFound: .notFound(resource: "images", name: name)
        case CoreError.imageNotFound(let reference, _): .notFound(resource: "images", name: reference)
        case CoreError.invalidReference(let text): .badRequest(text)
        case CoreError.leaseNotFound(let id, _): .notFound(resource: "leases", name: id)
        case CoreError.leaseExists(let id, _): .alreadyExists(resource: "leases", name: id)
        case CoreError.namespaceNotFound(let name): .notFound(resource: "namespaces", name: name)
        case CoreError.namespaceExists(let name): .alreadyExists(resource: "namespaces", name: name)
        case CoreError.namespaceInUse: APIError(.conflict, "\(error)")
        case CoreError.nothingToLabel: APIError(.notFound, "\(error)")
        case CoreError.image(let error): APIError(reason(error), "\(error)")
        case is CancellationError: .serviceUnavailable("it was given up: the agent is stopping", retryAfter: 5)
        default: .internalError("\(error)")
        }
    }

    private static func reason(_ error: ImageError) -> StatusReason {
        switch error {
        case .unauthorized: .forbidden
        case .registry(_, _, 404, _), .notFound, .noMatchingPlatform: .notFound
        case .registry(_, _, 429, _): .tooManyRequests
        case .registry(_, _, let status, _) where status >= 500: .serviceUnavailable
        case .network, .cancelled: .serviceUnavailable
        case .alreadyExists, .inUse: .conflict
        case _ where error.isCallersFault: .badRequest
        default: .internalError
        }
    }
}
