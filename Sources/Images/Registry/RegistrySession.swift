import CCurl
import Glibc
import JSON
import OCI

/// Requests to the endpoints of one registry: authentication, repetition after failures, plain words for errors.
///
/// Everything runs on the thread that calls `run`.
final class RegistrySession {
    /// One request until it has an answer, however many transfers that takes.
    @safe
    final class Call {
        let what: String
        var endpoint: RegistryEndpoint
        let method: String
        /// Below the endpoint's URL: "/library/bb/manifests/1"; or a whole URL that the registry gave.
        let path: String
        /// Headers of the next transfer, which may differ from those of the last.
        let headers: () -> [String]
        let body: [UInt8]?
        /// A file to upload in the place of a body.
        let file: HTTPTransfer.Upload?
        let bodyLimit: Int
        /// Gets the bytes of a successful answer; the transfer is given for its status. False stops it.
        let sink: ((HTTPTransfer, UnsafeRawBufferPointer) -> Bool)?
        /// What a stopped transfer was stopped for.
        var stopped: ImageError?
        /// What a token must be good for, if the registry does not say: "repository:library/bb:pull".
        var scope: String?
        /// Gets the bytes of a file sent so far.
        var sent: ((Int64) -> Void)?
        let completion: (Result<HTTPTransfer, ImageError>) -> Void
        /// Failures in a row: what brings something new begins the count again.
        fileprivate var failures = 0
        /// Whether something new came since the last failure.
        var advanced = false
        var authorizations = 0
        /// What the last transfer said who we are.
        var authorization: String?

        init(
            _ what: String,
            _ endpoint: RegistryEndpoint,
            method: String = "GET",
            path: String,
            headers: @escaping () -> [String] = { [] },
            body: [UInt8]? = nil,
            file: HTTPTransfer.Upload? = nil,
            bodyLimit: Int = 64 << 10,
            sink: ((HTTPTransfer, UnsafeRawBufferPointer) -> Bool)? = nil,
            completion: @escaping (Result<HTTPTransfer, ImageError>) -> Void
        ) {
            self.what = what
            self.endpoint = endpoint
            self.method = method
            self.path = path
            self.headers = headers
            self.body = body
            self.file = file
            self.bodyLimit = bodyLimit
            unsafe self.sink = sink
            self.completion = completion
        }
    }

    let http: HTTPSession
    private let configuration: RegistryConfiguration
    private let domain: String
    /// Who asks an endpoint. A mirror is not told the password of the registry that it mirrors.
    let credentials: (RegistryEndpoint) -> RegistryCredentials?
    private let cancellation: Cancellation?
    /// The value of `Authorization` for a host, once it is known what that wants.
    var authorization: [String: String] = [:]
    /// Calls that wait for a token of a realm, service and scope that is being fetched.
    var waiting: [String: [Call]] = [:]
    /// Endpoints of this machine that turned out to speak plain text.
    var plainText: Set<String> = []
    private let onRetry: (String, String) -> Void

    /// - Parameter onRetry: Told what is tried again, and why.
    init(
        domain: String,
        configuration: RegistryConfiguration,
        credentials: @escaping (RegistryEndpoint) -> RegistryCredentials?,
        cancellation: Cancellation? = nil,
        onRetry: @escaping (_ what: String, _ reason: String) -> Void
    ) throws(ImageError) {
        let session = HTTPSession(
            parallel: max(1, configuration.parallelDownloads),
            proxies: configuration.proxies,
            patience: configuration.patience,
            cancellation: cancellation
        )
        guard let http = session else {
            throw .network(host: domain, what: "anything", reason: "libcurl cannot be initialised")
        }
        self.http = http
        self.configuration = configuration
        self.domain = domain
        self.credentials = credentials
        self.cancellation = cancellation
        self.onRetry = onRetry
    }

    /// Runs until all calls have completed.
    func run() { http.run() }

    func send(_ call: Call, after delay: Int = 0) {
        let endpoint = call.endpoint
        var base = endpoint.url
        if plainText.contains(endpoint.host) { base = "http" + base.dropFirst("https".count) }
        var headers = endpoint.headers + call.headers()
        let isWhole = call.path.contains("://")
        var url = isWhole ? call.path : base + call.path
        // What proves who we are goes to the registry only, not to where it may send us.
        call.authorization = authorization[endpoint.host]
        if let known = call.authorization, RegistrySession.origin(url) == RegistrySession.origin(base) {
            headers.append("Authorization: " + known)
        }
        if endpoint.isMirror { url += (url.contains("?") ? "&" : "?") + "ns=" + URLText.escaped(domain) }
        let request = HTTPTransfer.Request(
            method: call.method,
            url: url,
            headers: headers,
            body: call.body,
            file: call.file,
            trust: endpoint.trust,
            allowsPlainText: base.hasPrefix("http://"),
            sent: call.sent
        )
        weak var current: HTTPTransfer?
        let sink: ((UnsafeRawBufferPointer) -> Bool)? =
            if let take = unsafe call.sink {
                { bytes in
                    guard let transfer = current else { return false }
                    return unsafe take(transfer, bytes)
                }
            } else {
                nil
            }
        let transfer = unsafe HTTPTransfer(request, bodyLimit: call.bodyLimit, sink: sink) { [self] transfer, outcome in
            finished(call, transfer, outcome)
        }
        current = transfer
        // The session keeps the transfer; the weak reference lets the sink see it without a cycle.
        http.add(transfer, after: delay)
    }

    /// Scheme, host and port of a URL.
    static func origin(_ url: String) -> Substring {
        guard let scheme = url.firstRange(of: "://") else { return url[...] }
        return url[..<(url[scheme.upperBound...].firstIndex { $0 == "/" || $0 == "?" } ?? url.endIndex)]
    }

    /// Where a `Location` of an endpoint leads.
    func url(_ location: String, from endpoint: RegistryEndpoint) -> String {
        if location.contains("://") { return location }
        var base = endpoint.url
        if plainText.contains(endpoint.host) { base = "http" + base.dropFirst("https".count) }
        return RegistrySession.origin(base) + (location.hasPrefix("/") ? "" : "/") + location
    }

    // MARK: Answers

    private func finished(_ call: Call, _ transfer: HTTPTransfer, _ outcome: HTTPTransfer.Outcome) {
        switch outcome {
        case .failed(let code, let reason): failed(call, transfer, code: code, reason: reason)
        case .answered:
            switch transfer.status {
            case 200..<300: call.completion(.success(transfer))
            case 401: authorize(call, transfer)
            case 408, 425, 429, 500, 502, 503, 504:
                retry(call, transfer, "status \(transfer.status)") { error(call, transfer) }
            default: call.completion(.failure(error(call, transfer)))
            }
        }
    }

    private func failed(_ call: Call, _ transfer: HTTPTransfer, code: UInt32, reason: String) {
        if let stopped = call.stopped {
            call.completion(.failure(stopped))
            return
        }
        if let cancellation, cancellation.isCancelled {
            call.completion(.failure(.cancelled(what: call.what)))
            return
        }
        // Who refuses an upload need not read it to its end: the connection breaks, and the answer is there.
        if call.file != nil, transfer.status >= 400 {
            finished(call, transfer, .answered)
            return
        }
        if transfer.bodyOverflowed {
            call.completion(.failure(.tooLarge(what: call.what, limit: Int64(call.bodyLimit), unit: "bytes")))
            return
        }
        let host = call.endpoint.host
        // A registry on this machine that answers TLS with plain text, as docker and containerd allow.
        if code == CURLE_SSL_CONNECT_ERROR.rawValue, call.endpoint.mayUsePlainText,
            transfer.request.url.hasPrefix("https://\(host)/")
        {
            plainText.insert(host)
            send(call)
            return
        }
        // It was let in: what comes next may ask for a new token, however often the connection breaks.
        if transfer.isSuccess { call.authorizations = 0 }
        let error = ImageError.network(host: host, what: call.what, reason: reason)
        let permanent = [
            CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_UNSUPPORTED_PROTOCOL,
            CURLE_URL_MALFORMAT, CURLE_TOO_MANY_REDIRECTS,
        ]
        if permanent.contains(where: { $0.rawValue == code }) {
            call.completion(.failure(error))
        } else {
            retry(call, transfer, reason) { error }
        }
    }

    /// Tries again after a while, as often in a row as is configured. A transfer that breaks again and again but gets
    /// further each time is not given up.
    func retry(_ call: Call, _ transfer: HTTPTransfer, _ reason: String, _ error: () -> ImageError) {
        if call.advanced { call.failures = 0 }
        call.advanced = false
        guard call.failures < configuration.retries else {
            call.completion(.failure(error()))
            return
        }
        let delay = RegistrySession.delay(
            attempt: call.failures,
            backoff: configuration.backoff,
            retryAfter: transfer.header("retry-after")
        )
        call.failures += 1
        onRetry(call.what, reason)
        send(call, after: delay)
    }

    /// Milliseconds to wait: doubling up to 30 s, or what the registry asks for up to a minute.
    static func delay(attempt: Int, backoff: Int, retryAfter: String?) -> Int {
        let own = min(30_000, backoff << min(attempt, 10))
        guard let asked = retryAfter.flatMap(seconds), asked > 0 else { return own }
        return max(own, min(asked, 60) * 1000)
    }

    /// "120", or a date (RFC 9110 section 10.2.3).
    private static func seconds(_ retryAfter: String) -> Int? {
        if let seconds = Int(retryAfter) { return seconds }
        let moment = unsafe curl_getdate(retryAfter, nil)
        return moment < 0 ? nil : moment - time(nil)
    }

    /// Registries explain errors as {"errors": [{"code": …, "message": …}]}.
    func error(_ call: Call, _ transfer: HTTPTransfer) -> ImageError {
        // What is no JSON is shown as it is.
        let parsed = try? JSONValue(parsing: transfer.body)
        let first = parsed?["errors"]?[0]
        let message = [first?["code"]?.stringValue, first?["message"]?.stringValue].compactMap(\.self)
            .joined(separator: ": ")
        let text = message.isEmpty ? ByteText.text(transfer.body) : message
        if transfer.status == 401 || transfer.status == 403 {
            // An answer to HEAD has no text.
            let answer = "status \(transfer.status)" + (text.isEmpty ? "" : " \(text)")
            let who = RegistrySession.refusal(of: credentials(call.endpoint), isKnown: transfer.status == 403)
            return .unauthorized(host: call.endpoint.host, what: call.what, reason: "\(who) (\(answer))")
        }
        return .registry(host: call.endpoint.host, what: call.what, status: transfer.status, message: text)
    }

    /// Says whether nobody asked, or somebody who is not let in.
    ///
    /// - Parameter isKnown: The registry knows who asks, and says no.
    static func refusal(of credentials: RegistryCredentials?, isKnown: Bool = false) -> String {
        guard let credentials else { return "no credentials were given" }
        let whose =
            credentials.identityToken != nil
            ? "the identity token" : "the credentials of \(ByteText.text(credentials.username.utf8))"
        return whose + (isKnown ? " do not have the right" : " were refused")
    }
}
