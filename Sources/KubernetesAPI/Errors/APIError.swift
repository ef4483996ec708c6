/// What a client sees when a request fails: a ``Status`` with the code, the reason and a sentence.
///
/// The sentences are those of a Kubernetes server, because clients and scripts look for them.
/// A `resource` is the plural of the URL ("pods"), a `kind` the singular of the object ("Pod").
package struct APIError: Error, Hashable, Sendable, CustomStringConvertible {
    package var status: Status

    package init(status: Status) { self.status = status }

    /// An error with a reason, a sentence, and what else is known.
    ///
    /// - Parameter code: The HTTP status code, where it is not the one that goes with the reason.
    package init(_ reason: StatusReason, _ message: String, details: StatusDetails? = nil, code: Int32? = nil) {
        status = Status(
            status: "Failure",
            message: message,
            reason: reason.rawValue,
            details: details,
            code: code ?? reason.code
        )
    }

    package var description: String { status.message }

    /// The HTTP status code.
    package var code: Int { Int(status.code) }

    /// The reason, if it is one of those that this module makes.
    package var reason: StatusReason? { StatusReason(rawValue: status.reason) }
}

// The object.
extension APIError {
    /// 404: the resource exists, an object of that name does not.
    package static func notFound(resource: String, name: String, group: String = "") -> APIError {
        APIError(
            .notFound,
            "\(qualified(resource, group)) \"\(name)\" not found",
            details: StatusDetails(name: name, group: group, kind: resource)
        )
    }

    /// 404 for a path that leads nowhere. Without a name in the details, so that clients can tell it from a missing object.
    package static func unknownPath() -> APIError {
        APIError(.notFound, "the server could not find the requested resource", details: StatusDetails())
    }

    /// 409: a POST with a name that is taken.
    package static func alreadyExists(resource: String, name: String, group: String = "") -> APIError {
        APIError(
            .alreadyExists,
            "\(qualified(resource, group)) \"\(name)\" already exists",
            details: StatusDetails(name: name, group: group, kind: resource)
        )
    }

    /// The sentence of a conflict about a stale `metadata.resourceVersion`.
    package static let objectModified =
        "the object has been modified; please apply your changes to the latest version and try again"

    /// 409: the object is not in the state that the request presumes.
    package static func conflict(
        resource: String,
        name: String,
        why: String = APIError.objectModified,
        group: String = ""
    ) -> APIError {
        APIError(
            .conflict,
            "Operation cannot be fulfilled on \(qualified(resource, group)) \"\(name)\": \(why)",
            details: StatusDetails(name: name, group: group, kind: resource)
        )
    }

    /// 403: the request is understood and refused.
    package static func forbidden(resource: String, name: String, why: String, group: String = "") -> APIError {
        let subject = name.isEmpty ? qualified(resource, group) : "\(qualified(resource, group)) \"\(name)\""
        return APIError(
            .forbidden,
            "\(subject) is forbidden: \(why)",
            details: StatusDetails(name: name, group: group, kind: resource)
        )
    }

    /// 422: the object breaks rules. Every broken rule becomes a cause; equal ones are told once.
    package static func invalid(kind: String, name: String, errors: [FieldError], group: String = "") -> APIError {
        var sentences: [String] = []
        for error in errors where !sentences.contains(error.description) { sentences.append(error.description) }
        let list = sentences.count == 1 ? sentences[0] : "[\(sentences.joined(separator: ", "))]"
        return APIError(
            .invalid,
            "\(qualified(kind, group)) \"\(name)\" is invalid" + (errors.isEmpty ? "" : ": \(list)"),
            details: StatusDetails(
                name: name,
                group: group,
                kind: kind,
                causes: errors.map { StatusCause(reason: $0.type.rawValue, message: $0.body, field: $0.field) }
            )
        )
    }

    private static func qualified(_ name: String, _ group: String) -> String {
        group.isEmpty ? name : "\(name).\(group)"
    }
}

// The request.
extension APIError {
    /// 400: the request makes no sense; `message` says why and what to do.
    package static func badRequest(_ message: String) -> APIError { APIError(.badRequest, message) }

    /// 401: who asks is not known.
    package static func unauthorized(_ message: String = "Unauthorized") -> APIError {
        APIError(.unauthorized, message)
    }

    /// 405: the resource does not have that verb ("create", "deletecollection").
    package static func methodNotSupported(verb: String, resource: String) -> APIError {
        APIError(
            .methodNotAllowed,
            "\(verb) is not supported on resources of kind \"\(resource)\"",
            details: StatusDetails(kind: resource)
        )
    }

    /// 405: the path is known, with other methods.
    package static func methodNotAllowed(path: String, possible: String) -> APIError {
        APIError(
            .methodNotAllowed,
            "the server does not allow this method on the requested resource; possible on \(path): \(possible)"
        )
    }

    /// 406: none of the types in Accept can be made.
    package static func notAcceptable(offered: [String]) -> APIError {
        APIError(
            .notAcceptable,
            "only the following media types are accepted: \(offered.joined(separator: ", "))"
        )
    }

    /// 415: the body is of a type that the request cannot have.
    package static func unsupportedMediaType(accepted: [String]) -> APIError {
        APIError(
            .unsupportedMediaType,
            "the body of the request was in an unknown format - accepted media types include: "
                + accepted.joined(separator: ", ")
        )
    }

    /// 413: the body is longer than `limit` bytes.
    package static func requestEntityTooLarge(limit: Int) -> APIError {
        APIError(.requestEntityTooLarge, "Request entity too large: limit is \(limit)")
    }

    /// 415: the body is compressed in a way that is not undone here, or at all.
    package static func unsupportedContentEncoding(_ coding: String, accepted: [String]) -> APIError {
        APIError(
            .unsupportedMediaType,
            "Content-Encoding: \(FieldError.quoted(coding)) is not accepted here, only \(accepted.joined(separator: ", ")); "
                + "send the body as it is"
        )
    }

    /// 410: the log no longer holds the changes since the version that a watch or a list asks for.
    package static func expired(requested: String, oldest: String) -> APIError {
        APIError(.expired, "too old resource version: \(requested) (\(oldest))")
    }

    /// 410 with a sentence of its own.
    package static func expired(_ message: String) -> APIError { APIError(.expired, message) }

    /// 410: the state that a list in parts is of is gone; the status holds a token that goes on with another state.
    package static func continuationExpired(inconsistent rest: ListContinuation) -> APIError {
        var error = APIError.expired(
            "The provided continue parameter is too old to display a consistent list result. Start a new list without "
                + "it, or use the continue token of this answer for the rest as it is now, which may not fit the parts "
                + "that came before."
        )
        error.status.metadata.continue = rest.token
        return error
    }

    /// 410: what was here will not come back.
    package static func gone(_ message: String) -> APIError { APIError(.gone, message) }

    /// 504: the request took too long; it may have had an effect.
    package static func timeout(_ message: String, retryAfter seconds: Int32 = 0) -> APIError {
        APIError(.timeout, "Timeout: \(message)", details: StatusDetails(retryAfterSeconds: seconds))
    }

    /// 504 as Kubernetes answers a read at a version that has not happened yet.
    package static func tooLargeResourceVersion(requested: String, current: String) -> APIError {
        APIError(
            .timeout,
            "Too large resource version: \(requested), current: \(current)",
            details: StatusDetails(
                causes: [StatusCause(reason: "ResourceVersionTooLarge", message: "Too large resource version")],
                retryAfterSeconds: 1
            )
        )
    }

    /// 429: come back in some seconds. The answer should carry Retry-After too.
    package static func tooManyRequests(_ message: String, retryAfter seconds: Int32) -> APIError {
        APIError(.tooManyRequests, message, details: StatusDetails(retryAfterSeconds: seconds))
    }
}

// The server.
extension APIError {
    /// 500: the fault is on this side. The sentence should still say what failed and why.
    package static func internalError(_ message: String) -> APIError {
        APIError(
            .internalError,
            "Internal error occurred: \(message)",
            details: StatusDetails(causes: [StatusCause(message: message)])
        )
    }

    /// 503: not now (starting, stopping, no room on the disk); nothing was changed.
    package static func serviceUnavailable(_ message: String, retryAfter seconds: Int32 = 0) -> APIError {
        APIError(
            .serviceUnavailable,
            message,
            details: seconds == 0 ? nil : StatusDetails(retryAfterSeconds: seconds)
        )
    }
}
