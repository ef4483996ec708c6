import EventLog
import Hummingbird
import Images
import JSON
import KubernetesAPI
import NodeAgent
import OCI
import RuntimeCore
import ServiceLifecycle

/// /v1/images: what Kubernetes has no word for. Names of images stand in the query, because they contain slashes.
struct ImageHandlers: Sendable {
    let agent: Agent

    func list(_ request: APIRequest) async throws -> Response {
        let records = try agent.core.listImages(namespace: try namespace(of: request))
        let filter = try StoreFilter(request.queries("filter"))
        let images = try records.map { try JSONCoding.value(of: $0) }.filter { filter.matches($0) }
        return try Answer.document(JSONValue.object(["images": .array(images)]).bytes(), for: request)
    }

    /// The body is the archive; the answer is progress, one JSON object a line, and last `{"images": [...]}` or
    /// `{"error": Status}`. An archive that is refused before the first line of progress is answered with its status.
    func importArchive(_ request: APIRequest) async throws -> Response {
        let upload = ImageUpload(agent: agent, namespace: try namespace(of: request), origin: request.origin)
        let body = try await request.openBody()
        // A client that stalls must not keep the agent from stopping.
        let outcome = await cancelWhenGracefulShutdown { await upload.receive(body) }
        var text: [UInt8] = []
        for line in outcome.progress { text += line.bytes() + [0x0A] }
        switch outcome.result {
        case .success(let records):
            let last = JSONValue.object(["images": .array(try records.map { try JSONCoding.value(of: $0) })])
            return Answer.bytes(text + last.bytes() + [0x0A], contentType: ImageHandlers.lines)
        case .failure(let error): throw error
        }
    }

    func remove(_ request: APIRequest) async throws -> Response {
        let name = try self.name(of: request)
        do {
            let (image, containers) = try await agent.core.removeImage(
                name,
                namespace: try namespace(of: request),
                origin: origin(of: request)
            )
            var answer = try JSONCoding.value(of: image).objectValue ?? [:]
            answer["containers"] = .array(containers.map { .string($0) })
            return try Answer.document(JSONValue.object(answer).bytes(), for: request)
        } catch {
            throw ImageAnswer.error(error, name: name)
        }
    }

    func tag(_ request: APIRequest) async throws -> Response {
        guard let source = request.query("source"), let target = request.query("target"), !source.isEmpty,
            !target.isEmpty
        else { throw APIError.badRequest("name both images: POST /v1/images/tag?source=REF&target=REF") }
        do {
            let record = try await agent.core.tagImage(
                source,
                as: target,
                namespace: try namespace(of: request),
                origin: origin(of: request),
                now: agent.now
            )
            return try Answer.document(try JSONCoding.encode(record), for: request, status: .created)
        } catch {
            throw ImageAnswer.error(error, name: source)
        }
    }

    func inspect(_ request: APIRequest) async throws -> Response {
        let image = try await inspection(request)
        return try Answer.document(try ImageDocuments.inspection(image).bytes(), for: request)
    }

    func history(_ request: APIRequest) async throws -> Response {
        let image = try await inspection(request)
        let steps = JSONValue.object(["history": .array(ImageDocuments.history(image))])
        return try Answer.document(steps.bytes(), for: request)
    }

    private func inspection(_ request: APIRequest) async throws -> ImageInspection {
        let name = try self.name(of: request)
        do {
            return try await agent.core.inspectImage(
                name,
                namespace: try namespace(of: request),
                platform: try platform(of: request.query("platform"))
            )
        } catch {
            throw ImageAnswer.error(error, name: name)
        }
    }

    func prune(_ request: APIRequest) async throws -> Response {
        do {
            let (names, garbage) = try await agent.core.pruneImages(
                namespace: try namespace(of: request),
                inUse: try request.flag("all") ? try agent.imagesOfPods() : nil,
                origin: origin(of: request)
            )
            let answer = JSONValue.object([
                "removed": .array(names.map { .string($0.name) }),
                "contents": .array(garbage.contents.map { .string($0.description) }),
                "layers": .array(garbage.layers.map { .string($0.description) }),
                "reclaimedBytes": JSONValue(integerLiteral: garbage.bytes),
            ])
            return try Answer.document(answer.bytes(), for: request)
        } catch {
            throw ImageAnswer.error(error, name: "")
        }
    }

    // MARK: Parts of requests

    static let lines = "application/x-ndjson"

    func origin(of request: APIRequest) -> LogOrigin {
        LogOrigin(actor: request.origin.actor, request: request.origin.request)
    }

    func name(of request: APIRequest) throws(APIError) -> String {
        guard let name = request.query("name") ?? request.query("reference"), !name.isEmpty else {
            throw .badRequest("name the image: \(request.raw.method.rawValue) \(request.raw.uri.path)?name=REF")
        }
        return name
    }

    /// The namespace of images, named by containerd's rules.
    func namespace(of request: APIRequest) throws(APIError) -> String {
        try namespace(request.query("namespace") ?? RuntimeCore.podNamespace)
    }

    func namespace(_ text: String) throws(APIError) -> String {
        if let reason = Identifier.refusal(text) { throw .badRequest("namespace: \(reason)") }
        return text
    }

    func platform(of text: String?) throws(APIError) -> Platform? {
        guard let text, !text.isEmpty else { return nil }
        do {
            return try Platform(parsing: text)
        } catch {
            throw .badRequest("platform: \(error)")
        }
    }
}
