import EventLog
import Facts
import HTTPTypes
import Hummingbird
import JSON
import KubernetesAPI
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NodeAgent

/// Routes requests and turns every error into a Status object. The one place where failures become answers.
struct APIResponder: HTTPResponder {
    let table: RouteTable
    let logger: Logger
    let counts: RequestCounts
    /// Takes what is recorded of a request, with who sent it.
    let audit: @Sendable (APIRequestAnswered, RequestOrigin) -> Void

    func respond(to request: Request, context: APIContext) async throws -> Response {
        let id = RequestID.of(request)
        let began = ContinuousClock.now
        let peer = await PeerIdentity(of: context.channel)
        let origin = RequestOrigin(actor: peer.actor, request: id)
        // Now, not when it is answered: a client may be gone by then.
        let process = RequestAudit.covers(request.method, path: request.uri.path) ? peer.process : nil
        var response: Response
        var expectation: Expectation?
        do {
            if !peer.isLocalSocket {
                try BrowserGuard.check(host: request.head.authority, origin: request.headers[.origin])
            }
            expectation = try Expectation.of(request, on: context.channel)
            response = try await answer(request, origin: origin, id: id, expectation, context.channel)
        } catch {
            response = failure(error, id: id, request)
            // The rest of the body is not waited for.
            if MalformedRequest.error(error) != nil || response.status == .requestTimeout {
                response.headers[.connection] = "close"
            }
        }
        Self.identify(&response, id)
        // Nobody knows now whether the client sends its body after all (RFC 9110, section 10.1.1).
        if request.headers[.expect] != nil, expectation?.isMet != true { response.headers[.connection] = "close" }
        counts.add(method: request.method.rawValue, code: response.status.code)
        let isDryRun = request.uri.queryParameters["dryRun"] != nil
        if RequestAudit.covers(request.method, path: request.uri.path),
            RequestAudit.isRecorded(status: response.status.code, isDryRun: isDryRun)
        {
            let subject = RequestAudit(
                method: request.method,
                path: request.uri.path,
                query: request.uri.query,
                userAgent: request.headers[.userAgent] ?? ""
            )
            audit(
                subject.fact(
                    status: response.status.code,
                    durationMicroseconds: Int64((ContinuousClock.now - began) / .microseconds(1)),
                    remote: peer.remote,
                    peer: process
                ),
                origin
            )
        }
        return request.method == .head ? Self.withoutBody(response) : response
    }

    /// The fields of the answer to GET, and no body, which would be read as the next answer (RFC 9110, section 9.3.2).
    private static func withoutBody(_ response: Response) -> Response {
        var head = response.createHeadResponse()
        // Not that of the body that is left out.
        if response.body.contentLength == nil { head.headers[.contentLength] = nil }
        return head
    }

    private static func identify(_ response: inout Response, _ id: String) {
        response.headers[.requestID] = id
        response.headers[.auditID] = id
    }

    /// The answer to a request that could not be read, after which the connection ends.
    func refusal(of error: any Error) -> [HTTPResponsePart] {
        let id = RequestID.new()
        let (status, body) = document(of: error, id: id, method: nil, path: nil)
        counts.add(method: nil, code: Int(status.code))
        var response = Answer.bytes(body, status: HTTPResponse.Status(code: Int(status.code)))
        Self.identify(&response, id)
        response.headers[.connection] = "close"
        response.headers[.contentLength] = String(body.count)
        return [.head(response.head), .body(ByteBuffer(bytes: body)), .end(nil)]
    }

    private func answer(
        _ request: Request,
        origin: RequestOrigin,
        id: String,
        _ expectation: Expectation?,
        _ connection: any Channel
    ) async throws -> Response {
        switch table.match(request.method, request.uri.path) {
        case .found(let route, let parameters):
            if Self.hasBody(request), let codings = route.misfitting(contentEncoding: request.headers[.contentEncoding])
            {
                let error = APIError.unsupportedContentEncoding(
                    request.headers[.contentEncoding] ?? "",
                    accepted: codings
                )
                var response = failure(error, id: id, request)
                response.headers[.acceptEncoding] = codings.joined(separator: ", ")
                return response
            }
            try route.checkAccept(request.headers[.accept])
            let asked = APIRequest(
                raw: request,
                parameters: parameters,
                origin: origin,
                expectation: expectation,
                connection: connection
            )
            try route.checkParameters(asked.parsedQuery)
            return try await route.handler(asked)
        case .otherMethods(let methods):
            let known = methods.map(\.rawValue).joined(separator: ", ")
            var response = failure(
                APIError.methodNotAllowed(path: request.uri.path, possible: known),
                id: id,
                request
            )
            response.headers[.allow] = known
            return response
        case .none: throw APIError.unknownPath()
        }
    }

    /// RFC 9112, section 6.3.
    private static func hasBody(_ request: Request) -> Bool {
        request.headers[.transferEncoding] != nil || (request.headers[.contentLength] ?? "0") != "0"
    }

    /// What a request gets that asks to leave HTTP; nil if its path has nothing of the kind, or it asks wrongly.
    func upgrade(_ asked: HTTPRequestHead, on channel: any Channel) async throws -> UpgradeAnswer? {
        guard let headers = WebSocketUpgrade.headers(for: asked.headers) else { return nil }
        let head = try HTTPRequest(asked, secure: false, splitCookie: false)
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
        guard case .found(let route, let parameters) = table.match(head.method, request.uri.path),
            let upgrade = route.upgrade
        else { return nil }
        let id = RequestID.of(request)
        let peer = await PeerIdentity(of: channel)
        // No browser asks before it opens a WebSocket to another site.
        if !peer.isLocalSocket { try BrowserGuard.check(host: head.authority, origin: head.headerFields[.origin]) }
        let origin = RequestOrigin(actor: peer.actor, request: id)
        var answer = UpgradeAnswer(
            headers: headers,
            service: try await upgrade(APIRequest(raw: request, parameters: parameters, origin: origin))
        )
        answer.headers.add(name: "X-Request-Id", value: id)
        return answer
    }

    private func failure(_ error: any Error, id: String, _ request: Request) -> Response {
        let (status, body) = document(of: error, id: id, method: request.method, path: request.uri.path)
        var response = Answer.bytes(body, status: HTTPResponse.Status(code: Int(status.code)))
        if let seconds = status.details?.retryAfterSeconds, seconds > 0 {
            response.headers[.retryAfterSeconds] = String(seconds)
        }
        return response
    }

    /// The Status of an error, and its text; what is the agent's own fault is logged.
    private func document(
        of error: any Error,
        id: String,
        method: HTTPRequest.Method?,
        path: String?
    ) -> (Status, [UInt8]) {
        var status = Self.status(of: error)
        if let method, let path { status = NextStep.added(to: status, method: method, path: path) }
        // A version of the future is a Timeout in Kubernetes' words, and the client's affair.
        let isFault = status.code >= 500 && status.reason != StatusReason.timeout.rawValue
        logger.log(
            level: isFault ? .error : .debug,
            isFault ? "request failed" : "request refused",
            metadata: [
                "request": "\(id)", "method": "\(method?.rawValue ?? "unknown")", "path": "\(path ?? "unknown")",
                "error": "\(error)",
            ]
        )
        do {
            return (status, try JSONCoding.encode(status) + [0x0A])
        } catch {
            let text = "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"code\":500}\n"
            return (status, Array(text.utf8))
        }
    }

    /// What a client is told of an error.
    static func status(of error: any Error) -> Status {
        switch error {
        case let error as APIError: error.status
        case let error as WatchError: APIError(error).status
        case ReadError.expired(let floor): APIError(WatchError.expired(floor: floor)).status
        case ReadError.future(let head): APIError(WatchError.tooLarge(head: head)).status
        case let error as JSONError: APIError.badRequest("\(error)").status
        case let error as HTTPError where error.status == .contentTooLarge:
            APIError.requestEntityTooLarge(limit: APIRequest.bodyLimit).status
        case let error as HTTPError:
            APIError.badRequest("\(error.body ?? "the request cannot be read") (HTTP \(error.status.code))").status
        default: (MalformedRequest.error(error) ?? .internalError("\(error)")).status
        }
    }
}

extension APIError {
    /// What a client is told when a watch cannot go on from where it was.
    init(_ error: WatchError) {
        switch error {
        case .expired(let floor):
            self = .expired("too old resource version: the log begins at \(floor); list again")
        case .tooLarge(let head):
            self = .tooLargeResourceVersion(requested: "the requested one", current: String(head))
        default: self = .internalError("\(error)")
        }
    }
}

/// The id under which a request is found again in the log, the journal and the answer.
enum RequestID {
    /// The client's own `X-Request-Id` if it is well-formed (at most 64 of A-Z a-z 0-9 . _ -), else a new one.
    static func of(_ request: Request) -> String {
        if let given = request.headers[.requestID], isValid(given) { return given }
        return new()
    }

    /// Sixteen random hexadecimal digits.
    static func new() -> String {
        var generator = SystemRandomNumberGenerator()
        let value = String(generator.next(), radix: 16)
        return String(repeating: "0", count: 16 - value.count) + value
    }

    static func isValid(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || byte == 0x2E || byte == 0x5F || byte == 0x2D
            }
    }
}
