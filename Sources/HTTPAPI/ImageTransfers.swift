import Hummingbird
import Images
import JSON
import KubernetesAPI
import Linux
import NodeAgent
import OCI
import RuntimeCore

/// Pull, push and export: answers that take their time.
///
/// Pull and push answer with one JSON object a line as things happen, and last with the image or `{"error": Status}`.
/// What fails before anything has happened is answered with its status; so is everything with `?progress=0`.
extension ImageHandlers {
    func pull(_ request: APIRequest) async throws -> Response {
        let order = try await TransferOrder(request, self)
        var pull = ImagePull(reference: order.reference, namespace: order.namespace)
        pull.platform = order.platform
        pull.allPlatforms = order.allPlatforms
        pull.plainText = order.plainText
        pull.credentials = order.credentials
        let events: AsyncStream<ImageTransferEvent<PullProgress, ImagePullOutcome>>
        do {
            events = try agent.core.pullEvents(pull, origin: origin(of: request), now: { [agent] in agent.now })
        } catch {
            throw ImageAnswer.error(error, name: order.reference)
        }
        return try await answer(events, order, request, ImageDocuments.line) { outcome in
            var document = try JSONCoding.value(of: outcome.record).objectValue ?? [:]
            document["id"] = outcome.configDigest.map { .string($0.description) } ?? .null
            return .object([
                "status": "done", "upToDate": .bool(outcome.wasUpToDate), "host": .string(outcome.host),
                "downloadedBytes": JSONValue(integerLiteral: outcome.downloadedBytes), "image": .object(document),
            ])
        }
    }

    func push(_ request: APIRequest) async throws -> Response {
        let order = try await TransferOrder(request, self)
        var options = PushOptions()
        options.credentials = order.credentials
        options.plainText = order.plainText
        let events: AsyncStream<ImageTransferEvent<PushProgress, ContentDescriptor>>
        do {
            events = try agent.core.pushEvents(
                order.reference,
                to: order.target,
                namespace: order.namespace,
                platform: order.platform,
                options: options
            )
        } catch {
            throw ImageAnswer.error(error, name: order.reference)
        }
        return try await answer(events, order, request, ImageDocuments.line) { target in
            .object([
                "status": "done", "reference": .string(order.target ?? order.reference),
                "target": try JSONCoding.value(of: target),
            ])
        }
    }

    private func answer<Step: Sendable, Outcome: Sendable>(
        _ events: AsyncStream<ImageTransferEvent<Step, Outcome>>,
        _ order: TransferOrder,
        _ request: APIRequest,
        _ line: @escaping @Sendable (Step) -> JSONValue,
        _ last: @escaping @Sendable (Outcome) throws -> JSONValue
    ) async throws -> Response {
        var first: JSONValue?
        for await event in events {
            switch event {
            case .step(let step):
                guard order.showsProgress else { continue }
                first = line(step)
            case .finished(.success(let outcome)):
                return Answer.bytes(try last(outcome).bytes() + [0x0A], contentType: Self.lines)
            case .finished(.failure(let error)): throw ImageAnswer.error(error, name: order.reference)
            }
            break
        }
        guard let first else { throw APIError.serviceUnavailable("it was given up", retryAfter: 5) }
        return Answer.stream(contentType: Self.lines, of: request) { output in
            try await output.write(first.bytes() + [0x0A])
            for await event in events {
                let text: JSONValue
                switch event {
                case .step(let step): text = line(step)
                case .finished(.success(let outcome)): text = try last(outcome)
                case .finished(.failure(let error)):
                    let status = ImageAnswer.error(error, name: order.reference).status
                    text = .object(["error": try JSONCoding.value(of: status)])
                }
                try await output.write(text.bytes() + [0x0A])
            }
        }
    }

    /// The archive, as it is written; it has no length that is known before.
    func export(_ request: APIRequest) async throws -> Response {
        let names = request.raw.uri.queryParameters.getAll("name") + request.raw.uri.queryParameters.getAll("reference")
        guard !names.isEmpty else {
            throw APIError.badRequest("name the images: GET /v1/images/export?name=REF&name=REF")
        }
        let namespace = try namespace(of: request)
        let platform = try platform(of: request.query("platform"))
        do {
            for name in names {
                _ = try agent.core.findImage(name, namespace: namespace)
                guard let platform else { continue }
                // While there is a status to say it with.
                _ = try await agent.core.inspectImage(name, namespace: namespace, platform: platform)
            }
        } catch {
            throw ImageAnswer.error(error, name: names[0])
        }
        let core = agent.core
        return Answer.stream(contentType: "application/x-tar", of: request) { output in
            let pipe = try DownloadPipe()
            async let writing: Void = pipe.fill {
                try await core.exportImages(names, namespace: namespace, platform: platform, to: $0)
            }
            do {
                while let bytes = try await pipe.next() { try await output.write(bytes) }
            } catch {
                pipe.stopReading()
                try await writing
                throw error
            }
            // An archive that breaks off must not look whole: the connection ends without its last chunk.
            try await writing
        }
    }
}

/// What a request to pull or push wants, from its query, its body and docker's header for credentials.
struct TransferOrder: Sendable {
    var reference: String
    var target: String?
    var namespace: String
    var platform: Platform?
    var allPlatforms: Bool
    var plainText: Bool
    var credentials: [RegistryCredentials]
    var showsProgress: Bool

    init(_ request: APIRequest, _ handlers: ImageHandlers) async throws {
        let bytes = try await request.body(limit: 1 << 16)
        var body = JSONValue.object([:])
        if !bytes.isEmpty {
            do { body = try JSONValue(parsing: bytes) } catch {
                throw APIError.badRequest("the body is not JSON: \(error)")
            }
            let known: Set<String> = [
                "reference", "name", "target", "namespace", "platform", "allPlatforms", "plainHTTP", "username",
                "password", "identityToken",
            ]
            for (key, _) in body.objectValue ?? [:] where !known.contains(key) {
                throw APIError.badRequest("unknown field \"\(key)\": \(known.sorted().joined(separator: ", "))")
            }
        }
        func text(_ name: String) -> String? { body[name]?.stringValue ?? request.query(name) }
        func flag(_ name: String) throws(APIError) -> Bool {
            if let value = body[name]?.boolValue { return value }
            return try request.flag(name)
        }
        guard let reference = text("reference") ?? text("name"), !reference.isEmpty else {
            throw APIError.badRequest("name the image: POST \(request.raw.uri.path)?reference=REF")
        }
        self.reference = reference
        target = text("target").flatMap { $0.isEmpty ? nil : $0 }
        namespace = try handlers.namespace(text("namespace") ?? RuntimeCore.podNamespace)
        platform = try handlers.platform(of: text("platform"))
        allPlatforms = try flag("allPlatforms")
        plainText = try flag("plainHTTP")
        showsProgress = try request.flag("progress", default: true)
        if let user = body["username"]?.stringValue, !user.isEmpty {
            credentials = [RegistryCredentials(username: user, password: body["password"]?.stringValue ?? "")]
        } else if let token = body["identityToken"]?.stringValue, !token.isEmpty {
            credentials = [RegistryCredentials(username: "", password: "", identityToken: token)]
        } else {
            credentials = try TransferOrder.credentials(request.raw.headers[.registryAuth]).map { [$0] } ?? []
        }
    }

    /// docker's X-Registry-Auth: base64url of `{"username": …, "password": …}` or `{"identitytoken": …}`.
    static func credentials(_ header: String?) throws(APIError) -> RegistryCredentials? {
        guard let header, !header.isEmpty else { return nil }
        var text = header.replacing("-", with: "+").replacing("_", with: "/")
        while text.utf8.count % 4 != 0 { text += "=" }
        // Both ways in which it can be wrong are told alike.
        guard let decoded = Base64Bytes(text: text), let value = try? JSONValue(parsing: decoded.bytes),
            value.objectValue != nil
        else { throw .badRequest("X-Registry-Auth is not the base64 of a JSON object") }
        if let token = value["identitytoken"]?.stringValue, !token.isEmpty {
            return RegistryCredentials(username: "", password: "", identityToken: token)
        }
        guard let user = value["username"]?.stringValue, !user.isEmpty else { return nil }
        return RegistryCredentials(username: user, password: value["password"]?.stringValue ?? "")
    }
}
