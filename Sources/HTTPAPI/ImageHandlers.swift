import EventLog
import Hummingbird
import Images
import JSON
import KubernetesAPI
import NodeAgent
import OCI
import RuntimeCore
import ServiceLifecycle

/// /v1/images: what Kubernetes has no word for.
struct ImageHandlers: Sendable {
    let agent: Agent

    func list(_ request: APIRequest) async throws -> Response {
        let records = try agent.core.listImages(namespace: request.query("namespace") ?? RuntimeCore.podNamespace)
        let list = JSONValue.object(["images": .array(try records.map { try JSONCoding.value(of: $0) })])
        return try Answer.document(list.bytes(), for: request)
    }

    /// The body is the archive; the answer is progress, one JSON object a line, and last `{"images": [...]}` or
    /// `{"error": Status}`. An archive that is refused before the first line of progress is answered with its status.
    func importArchive(_ request: APIRequest) async throws -> Response {
        let namespace = request.query("namespace") ?? RuntimeCore.podNamespace
        let upload = try ImageUpload(agent: agent, namespace: namespace, origin: request.origin)
        let body = request.raw.body
        // A client that stalls must not keep the agent from stopping.
        let outcome = await cancelWhenGracefulShutdown { await upload.receive(body) }
        var text: [UInt8] = []
        for line in outcome.progress { text += line.bytes() + [0x0A] }
        switch outcome.result {
        case .success(let records):
            let last = JSONValue.object(["images": .array(try records.map { try JSONCoding.value(of: $0) })])
            return Answer.bytes(text + last.bytes() + [0x0A], contentType: "application/x-ndjson")
        case .failure(let error): throw error
        }
    }

    func remove(_ request: APIRequest) async throws -> Response {
        guard let name = request.query("name"), !name.isEmpty else {
            throw APIError.badRequest("name the image: DELETE /v1/images?name=REF")
        }
        let namespace = request.query("namespace") ?? RuntimeCore.podNamespace
        do {
            let record = try await agent.core.removeImage(
                name,
                namespace: namespace,
                origin: LogOrigin(actor: request.origin.actor, request: request.origin.request)
            )
            return try Answer.document(try JSONCoding.encode(record), for: request)
        } catch {
            throw ImageUpload.answer(for: error)
        }
    }
}

/// One archive on its way from a request's body into the store, through a pipe: nothing of it lies on the disk twice.
struct ImageUpload: Sendable {
    let agent: Agent
    let namespace: String
    let origin: RequestOrigin

    struct Outcome: Sendable {
        var progress: [JSONValue]
        var result: Result<[ImageRecord], APIError>
    }

    init(agent: Agent, namespace: String, origin: RequestOrigin) throws(APIError) {
        guard Self.isName(namespace) else {
            throw .badRequest("namespace \"\(namespace)\" is not a name of letters, digits, '.', '_' and '-'")
        }
        self.agent = agent
        self.namespace = namespace
        self.origin = origin
    }

    /// containerd's identifiers: at most 76 bytes of letters and digits with single separators.
    private static func isName(_ text: String) -> Bool {
        (1...76).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || byte == 0x2E || byte == 0x5F || byte == 0x2D
            }
    }

    func receive(_ body: RequestBody) async -> Outcome {
        let lines = ProgressLines()
        do {
            let pipe = try UploadPipe()
            async let feeding: Void = pipe.feed(body)
            let records: [ImageRecord]
            do {
                records = try await agent.core.importImages(
                    from: pipe.readNumber,
                    source: "upload by \(origin.actor)",
                    namespace: namespace,
                    origin: LogOrigin(actor: origin.actor, request: origin.request),
                    now: { [agent] in agent.now },
                    progress: { lines.add($0) }
                )
            } catch {
                pipe.stopReading()
                await feeding
                return Outcome(progress: lines.all, result: .failure(Self.answer(for: error)))
            }
            pipe.stopReading()
            await feeding
            guard !records.isEmpty else {
                return Outcome(
                    progress: lines.all,
                    result: .failure(.badRequest("the archive holds no image with a name; tag it before saving it"))
                )
            }
            return Outcome(progress: lines.all, result: .success(records))
        } catch {
            return Outcome(progress: lines.all, result: .failure(Self.answer(for: error)))
        }
    }

    /// What a client is told of a failure of the core.
    static func answer(for error: any Error) -> APIError {
        switch error {
        case let error as APIError: return error
        case let error as AppendError: return APIError.serviceUnavailable("the event log does not take it: \(error)")
        case CoreError.imageNotFound(let reference, _): return .notFound(resource: "images", name: reference)
        case CoreError.invalidReference(let text): return .badRequest(text)
        case CoreError.image(let error) where error.isDiskFull:
            return APIError(.internalError, "\(error)")
        case CoreError.image(let error) where error.isCallersFault: return .badRequest("\(error)")
        default: return .internalError("\(error)")
        }
    }
}
