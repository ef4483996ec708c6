import HTTPTypes
import Hummingbird
import JSON
import KubernetesAPI
import Synchronization

/// The OpenAPI v3 documents, which kubectl reads before it creates or changes anything.
///
/// The document is big and always the same: its bytes are made when somebody asks for the first time.
final class OpenAPIHandlers: Sendable {
    private let version: String
    private let made = Mutex<Document?>(nil)

    init(version: String) { self.version = version }

    private struct Document {
        var bytes: [UInt8]
        var hash: String
    }

    /// Where the documents are; their addresses carry a hash, so that clients may keep them.
    func index(_ request: APIRequest) throws -> Response {
        try Answer.document(OpenAPI.index(hashes: ["v1": try core().hash]).bytes(), for: request)
    }

    /// The document of core/v1; 304 if the client has it.
    func coreV1(_ request: APIRequest) throws -> Response {
        let document = try core()
        let tag = "\"\(document.hash)\""
        var response: Response
        if request.raw.headers[.ifNoneMatch]?.contains(tag) == true {
            response = Response(status: .notModified)
        } else {
            response = Answer.bytes(document.bytes)
        }
        response.headers[.eTag] = tag
        // Under its own hash it never changes; without it, it is asked for again.
        let isNamed = request.query("hash") == document.hash
        response.headers[.cacheControl] = isNamed ? "public, immutable" : "no-cache"
        return response
    }

    private func core() throws -> Document {
        try made.withLock { made in
            if let made { return made }
            let bytes = try OpenAPI.document(version: version).bytes()
            let document = Document(bytes: bytes, hash: OpenAPI.hash(bytes))
            made = document
            return document
        }
    }
}
