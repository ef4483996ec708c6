import OCI

/// The upload of one blob: asked for, taken from another repository if the registry can do that, else sent in one piece
/// (distribution-spec, "monolithically"), or in several where one is too large for the registry or a proxy before it.
final class BlobUpload {
    private let descriptor: ContentDescriptor
    private let repository: String
    private let endpoint: RegistryEndpoint
    private let session: RegistrySession
    private let store: ContentStore
    private let source: String?
    private let progress: (PushProgress) -> Void
    private let fail: (ImageError) -> Void
    /// How often it was begun again after the registry lost an upload.
    private var restarts = 0
    private var inPieces = false
    private static let piece: Int64 = 16 << 20

    init(
        _ descriptor: ContentDescriptor,
        _ repository: String,
        _ endpoint: RegistryEndpoint,
        _ session: RegistrySession,
        _ store: ContentStore,
        source: String?,
        _ progress: @escaping (PushProgress) -> Void,
        fail: @escaping (ImageError) -> Void
    ) {
        self.descriptor = descriptor
        self.repository = repository
        self.endpoint = endpoint
        self.session = session
        self.store = store
        self.source = source
        self.progress = progress
        self.fail = fail
    }

    func start() {
        send("HEAD", path: "/\(repository)/blobs/\(descriptor.digest)") { [self] result in
            switch result {
            case .success: progress(.present(descriptor.digest))
            case .failure(.registry(_, _, 404, _)): begin(mounting: source)
            case .failure(let error): fail(error)
            }
        }
    }

    private func begin(mounting source: String?) {
        var path = "/\(repository)/blobs/uploads/"
        if let source {
            path += "?mount=\(URLText.escaped("\(descriptor.digest)"))&from=\(URLText.escaped(source))"
        }
        send("POST", path: path) { [self] result in
            switch result {
            case .success(let answer):
                if let source, answer.status == 201 {
                    progress(.mounted(descriptor.digest, from: source))
                    return
                }
                guard let location = answer.header("location") else {
                    let message = "it did not say where to upload to"
                    fail(
                        .registry(
                            host: endpoint.host,
                            what: "\(descriptor.digest)",
                            status: answer.status,
                            message: message
                        )
                    )
                    return
                }
                let place = session.url(location, from: endpoint)
                if inPieces { uploadPiece(to: place, from: 0) } else { upload(to: place) }
            // Who may not read the other repository may still push to this one.
            case .failure where source != nil: begin(mounting: nil)
            case .failure(let error): fail(error)
            }
        }
    }

    private func final(_ place: String) -> String {
        place + (place.contains("?") ? "&" : "?") + "digest=" + URLText.escaped("\(descriptor.digest)")
    }

    private func upload(to place: String) {
        let file = HTTPTransfer.Upload(path: store.path(of: descriptor.digest), size: descriptor.size)
        send("PUT", path: final(place), file: file) { [self] result in
            switch result {
            case .success: progress(.pushed(descriptor.digest, size: descriptor.size))
            case .failure(.registry(_, _, 413, _)) where !inPieces:
                inPieces = true
                begin(mounting: nil)
            case .failure(let error): beginAgain(error)
            }
        }
    }

    private func uploadPiece(to place: String, from offset: Int64) {
        let size = min(BlobUpload.piece, descriptor.size - offset)
        if size == 0 {
            send("PUT", path: final(place), body: []) { [self] result in
                switch result {
                case .success: progress(.pushed(descriptor.digest, size: descriptor.size))
                case .failure(let error): beginAgain(error)
                }
            }
            return
        }
        let file = HTTPTransfer.Upload(path: store.path(of: descriptor.digest), offset: offset, size: size)
        send("PATCH", path: place, file: file) { [self] result in
            switch result {
            case .success(let answer):
                let next = answer.header("location").map { session.url($0, from: endpoint) } ?? place
                uploadPiece(to: next, from: offset + size)
            case .failure(let error): beginAgain(error)
            }
        }
    }

    /// An upload that broke cannot be sent to the same place once more: the registry has got a part of it.
    private func beginAgain(_ error: ImageError) {
        let isLost: Bool =
            switch error {
            case .registry(_, _, let status, _): status == 404 || status == 416 || status >= 500
            case .network: true
            default: false
            }
        guard isLost, restarts < 2 else { return fail(error) }
        restarts += 1
        progress(.retrying(what: "\(descriptor.digest)", reason: "\(error)"))
        begin(mounting: nil)
    }

    private func send(
        _ method: String,
        path: String,
        file: HTTPTransfer.Upload? = nil,
        body: [UInt8]? = nil,
        _ completion: @escaping (Result<HTTPTransfer, ImageError>) -> Void
    ) {
        let call = unsafe RegistrySession.Call(
            "\(repository)@\(descriptor.digest)",
            endpoint,
            method: method,
            path: path,
            headers: {
                guard let file else { return [] }
                var headers = ["Content-Type: application/octet-stream", "Expect:"]
                if method == "PATCH" { headers.append("Content-Range: \(file.offset)-\(file.offset + file.size - 1)") }
                return headers
            },
            body: body,
            file: file,
            sink: nil,
            completion: completion
        )
        call.scope = "repository:\(repository):pull,push"
        if let file {
            call.sent = { [progress, descriptor] sent in
                progress(.uploading(descriptor.digest, bytes: file.offset + sent, of: descriptor.size))
            }
        }
        session.send(call)
    }
}
