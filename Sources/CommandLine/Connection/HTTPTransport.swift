import CCurl
import Glibc

/// Where the agent listens.
package enum Endpoint: Hashable, Sendable, CustomStringConvertible {
    case unixSocket(String)
    /// "http://127.0.0.1:7780", without a slash at the end.
    case server(String)

    package var description: String {
        switch self {
        case .unixSocket(let path): "unix socket \(path)"
        case .server(let url): url
        }
    }
}

/// The first lines of an answer.
package struct HTTPHead: Hashable, Sendable {
    package var status = 0
    /// Names in lower case; a name may occur several times.
    package var headers: [(name: String, value: String)] = []

    package func values(of name: String) -> [String] { headers.filter { $0.name == name }.map(\.value) }

    package static func == (left: HTTPHead, right: HTTPHead) -> Bool {
        left.status == right.status && left.headers.elementsEqual(right.headers) { $0 == $1 }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(status) }
}

/// What to ask.
package struct HTTPRequest {
    package enum Body {
        case none
        case bytes([UInt8], contentType: String)
        /// Read from a descriptor while it is sent; the size is nil for a pipe.
        case file(Int32, size: Int64?, contentType: String)
    }

    package var method: String
    /// Path and query, already encoded.
    package var target: String
    package var accept = "application/json"
    package var body = Body.none
    /// Called while a body is sent, with the number of bytes so far.
    package var sent: ((Int64) -> Void)?

    package init(_ method: String, _ target: String, accept: String = "application/json", body: Body = .none) {
        self.method = method
        self.target = target
        self.accept = accept
        self.body = body
    }
}

/// One connection to the agent, over libcurl. To be used by one thread at a time.
package final class HTTPTransport {
    /// What a receiver wants after a piece of the body.
    package enum Verdict {
        case more
        /// The rest is not needed; the connection is closed.
        case enough
    }

    private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    private let endpoint: Endpoint
    private let userAgent: String

    package init(endpoint: Endpoint, userAgent: String) {
        self.endpoint = endpoint
        self.userAgent = userAgent
    }

    /// Asks, and hands the body over as it comes.
    ///
    /// - Parameter receive: Gets each piece of the body with the head, in order. What it throws is thrown.
    /// - Throws: `ClientFailure.unreachable`, or what `receive` throws.
    package func perform(
        _ request: HTTPRequest,
        receive: @escaping (HTTPHead, [UInt8]) throws -> Verdict
    ) throws -> HTTPHead {
        guard HTTPTransport.isReady, let handle = unsafe curl_easy_init() else {
            throw ClientFailure.failed("libcurl cannot be started: out of memory")
        }
        defer { unsafe curl_easy_cleanup(handle) }
        let transfer = Transfer(request: request, receive: receive)
        let context = unsafe Unmanaged.passUnretained(transfer).toOpaque()
        var headers: UnsafeMutablePointer<curl_slist>?
        defer { unsafe curl_slist_free_all(headers) }
        for header in headerLines(of: request) { unsafe headers = curl_slist_append(headers, header) }

        let directory = try unsafe setAddress(handle, target: request.target)
        defer { if directory >= 0 { close(directory) } }
        unsafe swl_curl_setopt_string(handle, CURLOPT_CUSTOMREQUEST, request.method)
        unsafe swl_curl_setopt_string(handle, CURLOPT_USERAGENT, userAgent)
        unsafe swl_curl_setopt_string(handle, CURLOPT_NOPROXY, "*")
        unsafe swl_curl_setopt_long(handle, CURLOPT_NOSIGNAL, 1)
        unsafe swl_curl_setopt_long(handle, CURLOPT_CONNECTTIMEOUT, 10)
        unsafe swl_curl_setopt_pointer(handle, CURLOPT_HTTPHEADER, headers)
        unsafe setCallbacks(handle, context)
        switch request.body {
        case .none: break
        case .bytes(let bytes, _): unsafe setUpload(handle, context, size: Int64(bytes.count))
        case .file(_, let size, _): unsafe setUpload(handle, context, size: size)
        }

        let result = unsafe curl_easy_perform(handle)
        withExtendedLifetime(transfer) {}
        if let failure = transfer.failure { throw failure }
        if result == CURLE_OK || transfer.hasEnough { return transfer.head }
        // A server may answer before it has read the whole body, and close.
        if transfer.head.status >= 400 { return transfer.head }
        throw unsafe explain(result, handle)
    }

    private func headerLines(of request: HTTPRequest) -> [String] {
        // "Expect:" keeps curl from waiting a second for a 100 that not every server sends.
        var lines = ["Accept: \(request.accept)", "Expect:"]
        switch request.body {
        case .none: break
        case .bytes(_, let type), .file(_, _, let type): lines.append("Content-Type: \(type)")
        }
        return lines
    }

    /// - Returns: A descriptor to close after the request, or -1. A path longer than the address of a socket may be is
    ///   reached through a descriptor of its directory.
    private func setAddress(_ handle: UnsafeMutableRawPointer, target: String) throws -> Int32 {
        switch endpoint {
        case .unixSocket(let path):
            var shortPath = path
            var directory: Int32 = -1
            if path.utf8.count >= 108, let slash = path.lastIndex(of: "/") {
                directory = unsafe open(String(path[..<slash]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                if directory < 0 {
                    let why = unsafe String(cString: strerror(errno))
                    throw ClientFailure.unreachable(endpoint: "\(endpoint)", why: why)
                }
                shortPath = "/proc/self/fd/\(directory)\(path[slash...])"
            }
            unsafe swl_curl_setopt_string(handle, CURLOPT_UNIX_SOCKET_PATH, shortPath)
            unsafe swl_curl_setopt_string(handle, CURLOPT_URL, "http://swiftlet" + target)
            return directory
        case .server(let url):
            unsafe swl_curl_setopt_string(handle, CURLOPT_URL, url + target)
            return -1
        }
    }

    private func setCallbacks(_ handle: UnsafeMutableRawPointer, _ context: UnsafeMutableRawPointer) {
        unsafe swl_curl_setopt_data(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            unsafe Transfer.of(context)?.takeHeader(Transfer.copy(bytes, size * count)) ?? 0
        }
        unsafe swl_curl_setopt_pointer(handle, CURLOPT_HEADERDATA, context)
        unsafe swl_curl_setopt_data(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            unsafe Transfer.of(context)?.takeBody(Transfer.copy(bytes, size * count)) ?? 0
        }
        unsafe swl_curl_setopt_pointer(handle, CURLOPT_WRITEDATA, context)
    }

    private func setUpload(_ handle: UnsafeMutableRawPointer, _ context: UnsafeMutableRawPointer, size: Int64?) {
        unsafe swl_curl_setopt_long(handle, CURLOPT_UPLOAD, 1)
        unsafe swl_curl_setopt_off(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(size ?? -1))
        unsafe swl_curl_setopt_data(handle, CURLOPT_READFUNCTION) { bytes, size, count, context in
            guard let bytes = unsafe bytes, let transfer = unsafe Transfer.of(context) else { return 0 }
            return unsafe transfer.giveBody(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
        }
        unsafe swl_curl_setopt_pointer(handle, CURLOPT_READDATA, context)
    }

    private func explain(_ result: CURLcode, _ handle: UnsafeMutableRawPointer) -> ClientFailure {
        var number = 0
        unsafe swl_curl_getinfo_long(handle, CURLINFO_OS_ERRNO, &number)
        let reason = unsafe String(cString: curl_easy_strerror(result))
        func unreachable(_ why: String) -> ClientFailure { .unreachable(endpoint: "\(endpoint)", why: why) }
        guard result == CURLE_COULDNT_CONNECT, case .unixSocket(let path) = endpoint else {
            return unreachable(reason)
        }
        var status = stat()
        if unsafe stat(path, &status) != 0 {
            let why = errno
            return why == EACCES
                ? .notAllowed(endpoint: "\(endpoint)") : unreachable(unsafe String(cString: strerror(why)))
        }
        if status.st_mode & S_IFMT != S_IFSOCK { return unreachable("it is not a socket") }
        if unsafe access(path, W_OK) != 0 { return .notAllowed(endpoint: "\(endpoint)") }
        return unreachable(number == Int(ECONNREFUSED) ? "nobody listens there any more" : reason)
    }
}

/// One request under way, as libcurl's callbacks see it.
private final class Transfer {
    var head = HTTPHead()
    var failure: (any Error)?
    var hasEnough = false

    private let request: HTTPRequest
    private let receive: (HTTPHead, [UInt8]) throws -> HTTPTransport.Verdict
    private var offset: Int64 = 0

    init(request: HTTPRequest, receive: @escaping (HTTPHead, [UInt8]) throws -> HTTPTransport.Verdict) {
        self.request = request
        self.receive = receive
    }

    static func of(_ context: UnsafeMutableRawPointer?) -> Transfer? {
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    }

    static func copy(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> [UInt8] {
        unsafe Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    func takeHeader(_ bytes: [UInt8]) -> Int {
        let line = String(decoding: bytes, as: UTF8.self).filter { $0 != "\r" && $0 != "\n" && $0 != "\r\n" }
        if line.hasPrefix("HTTP/") {
            let words = line.split(separator: " ")
            head = HTTPHead(status: words.count > 1 ? Int(words[1]) ?? 0 : 0)
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            head.headers.append((line[..<colon].lowercased(), String(value)))
        }
        return bytes.count
    }

    func takeBody(_ bytes: [UInt8]) -> Int {
        do {
            switch try receive(head, bytes) {
            case .more: return bytes.count
            case .enough:
                hasEnough = true
                return 0
            }
        } catch {
            failure = error
            return 0
        }
    }

    /// Fills a buffer with the next piece of the body; 0 is its end.
    func giveBody(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count: Int
        switch request.body {
        case .none: return 0
        case .bytes(let bytes, _):
            let rest = bytes[Int(offset)...].prefix(buffer.count)
            unsafe buffer.copyBytes(from: rest)
            count = rest.count
        case .file(let descriptor, _, _):
            count = unsafe read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0 {
                failure = ClientFailure.failed("reading the file to send: \(unsafe String(cString: strerror(errno)))")
                return Int(CURL_READFUNC_ABORT)
            }
        }
        offset += Int64(count)
        request.sent?(offset)
        return count
    }
}
