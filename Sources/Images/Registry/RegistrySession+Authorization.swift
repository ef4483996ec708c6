import JSON
import OCI

/// Who we are: what a registry asks for, and the tokens that it wants to see (distribution's "token" and "oauth2"
/// specifications).
extension RegistrySession {
    /// Answers a 401: with a password, or with a token from where the registry says.
    func authorize(_ call: Call, _ transfer: HTTPTransfer) {
        call.authorizations += 1
        guard call.authorizations <= 3, let challenge = Challenge.parse(transfer.headers["www-authenticate"] ?? [])
        else {
            call.completion(.failure(error(call, transfer)))
            return
        }
        let host = call.endpoint.host
        if let newer = authorization[host], newer != call.authorization {
            // Another call has been told since who we are.
            send(call)
            return
        }
        switch challenge {
        case .basic:
            guard let credentials = credentials(call.endpoint), call.authorizations == 1 else {
                call.completion(.failure(error(call, transfer)))
                return
            }
            authorization[host] = RegistrySession.basic(credentials)
            send(call)
        case .bearer(let realm, let service, let scope):
            let request = TokenRequest(
                realm: realm,
                service: service,
                scopes: (scope ?? call.scope ?? "").split(separator: " ").map(String.init),
                credentials: credentials(call.endpoint)
            )
            fetch(request, for: call, form: credentials(call.endpoint)?.identityToken == nil ? .query : .document)
        }
    }

    static func basic(_ credentials: RegistryCredentials) -> String {
        "Basic " + Base64Bytes(Array("\(credentials.username):\(credentials.password)".utf8)).text
    }

    private func fetch(_ wanted: TokenRequest, for call: Call, form: TokenRequest.Form) {
        let key = "\(form)\n" + ([wanted.realm, wanted.service ?? ""] + wanted.scopes).joined(separator: "\n")
        if waiting[key] != nil {
            waiting[key]?.append(call)
            return
        }
        waiting[key] = [call]
        var request = wanted.request(form)
        request.trust = call.endpoint.trust
        request.allowsPlainText = call.endpoint.isPlainText || plainText.contains(call.endpoint.host)
        let token = unsafe HTTPTransfer(request, bodyLimit: 1 << 20, sink: nil) { [self] transfer, outcome in
            let calls = waiting.removeValue(forKey: key) ?? []
            // Some servers know only the newer form.
            let isUnknown = outcome == .answered && [404, 405].contains(transfer.status)
            if form == .query, isUnknown, wanted.credentials != nil {
                for call in calls { fetch(wanted, for: call, form: .document) }
                return
            }
            for call in calls { tokenAnswered(call, wanted.realm, transfer, outcome) }
        }
        http.add(token)
    }

    private func tokenAnswered(_ call: Call, _ realm: String, _ transfer: HTTPTransfer, _ outcome: HTTPTransfer.Outcome)
    {
        let host = call.endpoint.host
        func refused(_ reason: String) -> ImageError {
            .unauthorized(host: host, what: call.what, reason: "its token server at \(realm) \(reason)")
        }
        switch outcome {
        case .failed(_, let reason):
            let error = ImageError.network(host: host, what: "a token for \(call.what)", reason: reason)
            retry(call, transfer, reason) { error }
        case .answered where transfer.isSuccess:
            // An answer without a token is dealt with below.
            let answer = try? JSONValue(parsing: transfer.body)
            guard let text = answer?["token"]?.stringValue ?? answer?["access_token"]?.stringValue, !text.isEmpty,
                !text.utf8.contains(where: { $0 < 0x21 })
            else {
                call.completion(.failure(refused("gave no token")))
                return
            }
            authorization[host] = "Bearer " + text
            send(call)
        case .answered where transfer.status >= 500 || transfer.status == 429:
            retry(call, transfer, "token server: status \(transfer.status)") {
                refused("answered \(transfer.status)")
            }
        case .answered:
            let who = RegistrySession.refusal(of: credentials(call.endpoint))
            call.completion(.failure(refused("answered \(transfer.status), and \(who)")))
        }
    }
}

/// What to ask a token server. Pure.
struct TokenRequest {
    /// GET with a query, or POST with a document.
    enum Form { case query, document }

    var realm: String
    var service: String?
    var scopes: [String]
    var credentials: RegistryCredentials?

    func request(_ form: Form) -> HTTPTransfer.Request {
        var parameters: [(String, String)] = []
        if let service { parameters.append(("service", service)) }
        var request = HTTPTransfer.Request(url: realm, timeout: 60)
        switch form {
        case .query:
            for scope in scopes { parameters.append(("scope", scope)) }
            if let credentials { request.headers.append("Authorization: " + RegistrySession.basic(credentials)) }
            let query = TokenRequest.encode(parameters)
            if !query.isEmpty { request.url += (realm.contains("?") ? "&" : "?") + query }
        case .document:
            if !scopes.isEmpty { parameters.append(("scope", scopes.joined(separator: " "))) }
            parameters.append(("client_id", "swiftlet"))
            if let refresh = credentials?.identityToken {
                parameters += [("grant_type", "refresh_token"), ("refresh_token", refresh)]
            } else if let credentials {
                parameters += [
                    ("grant_type", "password"), ("username", credentials.username), ("password", credentials.password),
                ]
            }
            request.method = "POST"
            request.headers.append("Content-Type: application/x-www-form-urlencoded")
            request.body = Array(TokenRequest.encode(parameters).utf8)
        }
        return request
    }

    private static func encode(_ parameters: [(String, String)]) -> String {
        parameters.map { "\($0.0)=\(URLText.escaped($0.1))" }.joined(separator: "&")
    }
}
