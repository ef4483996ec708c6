/// One HTTP request, and what came back for it. Belongs to the thread of its session.
@safe
final class HTTPTransfer {
    /// What of a file is sent.
    struct Upload {
        var path: String
        var offset: Int64 = 0
        var size: Int64
    }

    struct Request {
        var method = "GET"
        var url: String
        /// "Name: value" each.
        var headers: [String] = []
        /// For POST and PUT of small documents.
        var body: [UInt8]?
        /// For PUT and PATCH: a part of a file.
        var file: Upload?
        var trust = TLSTrust()
        /// Whether a plain-text URL, or a redirect to one, is allowed.
        var allowsPlainText = false
        /// Seconds for all of it; 0 is no limit. Slow transfers end anyway (see `HTTPSession`).
        var timeout = 0
        /// Gets the bytes of `file` sent so far, now and then.
        var sent: ((Int64) -> Void)?
    }

    /// How the transfer itself ended, whatever the status.
    enum Outcome: Equatable {
        case answered
        /// curl's number and words for what went wrong.
        case failed(code: UInt32, reason: String)
    }

    let request: Request
    /// Gets the bytes of a successful answer. Returns false to stop the transfer.
    private let sink: ((UnsafeRawBufferPointer) -> Bool)?
    /// Called when it ended; may add further transfers to the session.
    private var completion: ((HTTPTransfer, Outcome) -> Void)?

    /// The status of the last answer; 0 before one came.
    private(set) var status = 0
    /// Headers of the last answer, with names in lower case.
    private(set) var headers: [String: [String]] = [:]
    /// The body of an answer, if there is no sink for it or it is an error. At most `bodyLimit` bytes.
    private(set) var body: [UInt8] = []
    private(set) var bodyOverflowed = false
    let bodyLimit: Int

    init(
        _ request: Request,
        bodyLimit: Int = 64 << 10,
        sink: ((UnsafeRawBufferPointer) -> Bool)? = nil,
        completion: @escaping (HTTPTransfer, Outcome) -> Void
    ) {
        self.request = request
        self.bodyLimit = bodyLimit
        unsafe self.sink = sink
        self.completion = completion
    }

    var isSuccess: Bool { (200..<300).contains(status) }

    func header(_ name: String) -> String? { headers[name]?.last }

    private var reportedSent: Int64 = 0

    /// Tells how it ended, once. Who keeps the answer does not keep the session with it.
    func end(_ outcome: Outcome) {
        let completion = completion.take()
        completion?(self, outcome)
    }

    // MARK: What curl delivers

    func take(sent: Int64) {
        guard sent - reportedSent >= 1 << 20 || sent < reportedSent else { return }
        reportedSent = sent
        request.sent?(sent)
    }

    /// One line of a header; a status line starts a new answer (after a redirect, or "100 Continue").
    func take(headerLine line: UnsafeRawBufferPointer) {
        let text = unsafe String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            let parts = text.split(separator: " ", maxSplits: 2)
            status = parts.count > 1 ? Int(parts[1].prefix(3)) ?? 0 : 0
            headers = [:]
            body = []
            return
        }
        guard let colon = text.firstIndex(of: ":") else { return }
        let name = text[..<colon].lowercased()
        let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        let trimmed = String(value.prefix { $0 != "\r\n" && $0 != "\n" && $0 != "\r" })
        headers[name, default: []].append(trimmed)
    }

    /// Bytes of a body. Returns false to stop.
    func take(body bytes: UnsafeRawBufferPointer) -> Bool {
        if let sink = unsafe sink, isSuccess { return unsafe sink(bytes) }
        guard body.count + bytes.count <= bodyLimit else {
            bodyOverflowed = true
            // Of an error only the beginning is shown; a document must be whole.
            return !isSuccess
        }
        unsafe body.append(contentsOf: bytes)
        return true
    }
}
