import CCurl
import Glibc
import Linux

/// Runs HTTP transfers side by side on the calling thread: libcurl's multi interface with HTTP/2 and kept connections.
@safe
final class HTTPSession {
    private let multi: UnsafeMutableRawPointer
    private var running: [UnsafeMutableRawPointer: Running] = unsafe [:]
    /// Waiting for their moment, in the order of arrival.
    private var waiting: [(transfer: HTTPTransfer, notBefore: Int64)] = []
    private let parallel: Int
    private let cancellation: Cancellation?
    private let proxies: ProxyEnvironment
    private let patience: Int

    @safe
    private final class Running {
        let transfer: HTTPTransfer
        let headers: UnsafeMutablePointer<curl_slist>?
        /// What is uploaded; closed when the transfer is over.
        let file: UnsafeMutablePointer<FILE>?
        let errorText: UnsafeMutablePointer<CChar>

        init(_ transfer: HTTPTransfer, headers: UnsafeMutablePointer<curl_slist>?) {
            self.transfer = transfer
            unsafe self.headers = headers
            unsafe file = transfer.request.file.flatMap { part in
                guard let file = unsafe fopen(part.path, "re") else { return nil }
                if unsafe fseek(file, Int(part.offset), SEEK_SET) == 0 { return unsafe file }
                unsafe fclose(file)
                return nil
            }
            unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
            unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        }

        deinit {
            unsafe curl_slist_free_all(headers)
            if let file = unsafe file { unsafe fclose(file) }
            unsafe errorText.deallocate()
        }
    }

    /// libcurl wants this once per process, before anything else.
    private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// - Parameters:
    ///   - parallel: Transfers at a time.
    ///   - patience: Seconds without a byte after which a connection counts as dead.
    ///   - cancellation: Ends all transfers when it is cancelled.
    init?(parallel: Int, proxies: ProxyEnvironment, patience: Int, cancellation: Cancellation? = nil) {
        guard HTTPSession.isReady, let multi = unsafe curl_multi_init() else { return nil }
        unsafe self.multi = multi
        self.parallel = parallel
        self.proxies = proxies
        self.patience = patience
        self.cancellation = cancellation
        unsafe swl_curl_multi_setopt_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
    }

    deinit {
        while let easy = unsafe running.popFirst()?.key {
            unsafe curl_multi_remove_handle(multi, easy)
            unsafe curl_easy_cleanup(easy)
        }
        unsafe curl_multi_cleanup(multi)
    }

    /// Adds a transfer, to start when there is room and not before a number of milliseconds have passed.
    func add(_ transfer: HTTPTransfer, after delay: Int = 0) {
        waiting.append((transfer, HTTPSession.now() + Int64(delay)))
    }

    /// Runs until nothing is running or waiting. Completions are called in between, on this thread.
    func run() {
        while unsafe !(waiting.isEmpty && running.isEmpty) {
            if let cancellation, cancellation.isCancelled {
                giveUp()
                continue
            }
            startDue()
            var active: Int32 = 0
            unsafe curl_multi_perform(multi, &active)
            collect()
            if unsafe running.isEmpty, waiting.isEmpty { return }
            unsafe curl_multi_poll(multi, nil, 0, Int32(wait()), nil)
        }
    }

    /// Ends what runs and what waits; nobody wants it any more.
    private func giveUp() {
        var ended = waiting.map(\.transfer)
        waiting = []
        while let (easy, item) = unsafe running.popFirst() {
            unsafe curl_multi_remove_handle(multi, easy)
            unsafe curl_easy_cleanup(easy)
            ended.append(item.transfer)
        }
        for transfer in ended {
            transfer.end(.failed(code: CURLE_ABORTED_BY_CALLBACK.rawValue, reason: "it was given up"))
        }
    }

    /// Milliseconds to sleep at most: until the next transfer is due, or somebody may have cancelled.
    private func wait() -> Int {
        let most: Int64 = cancellation == nil ? 1000 : 200
        guard unsafe running.count < parallel, let next = waiting.map(\.notBefore).min() else { return Int(most) }
        return Int(max(0, min(most, next - HTTPSession.now())))
    }

    private func startDue() {
        let now = HTTPSession.now()
        while unsafe running.count < parallel, let index = waiting.firstIndex(where: { $0.notBefore <= now }) {
            start(waiting.remove(at: index).transfer)
        }
    }

    private func collect() {
        var left: Int32 = 0
        while let message = unsafe curl_multi_info_read(multi, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE, let easy = unsafe message.pointee.easy_handle else {
                continue
            }
            let code = unsafe message.pointee.data.result
            guard let done = unsafe running.removeValue(forKey: easy) else { continue }
            unsafe curl_multi_remove_handle(multi, easy)
            unsafe curl_easy_cleanup(easy)
            done.transfer.end(HTTPSession.outcome(code, done))
        }
    }

    private static func outcome(_ code: CURLcode, _ done: Running) -> HTTPTransfer.Outcome {
        if code == CURLE_OK { return .answered }
        let detail = unsafe String(cString: done.errorText)
        let reason = detail.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : detail
        return .failed(code: code.rawValue, reason: reason)
    }

    private func start(_ transfer: HTTPTransfer) {
        guard let easy = unsafe curl_easy_init() else {
            transfer.end(.failed(code: CURLE_OUT_OF_MEMORY.rawValue, reason: "out of memory"))
            return
        }
        let request = transfer.request
        var list: UnsafeMutablePointer<curl_slist>? = nil
        for header in request.headers { unsafe list = curl_slist_append(list, header) }
        let item = unsafe Running(transfer, headers: list)
        if request.file != nil, unsafe item.file == nil {
            unsafe curl_easy_cleanup(easy)
            let reason = "cannot open what shall be uploaded"
            transfer.end(.failed(code: CURLE_READ_ERROR.rawValue, reason: reason))
            return
        }
        unsafe running[easy] = item

        unsafe swl_curl_setopt_pointer(easy, CURLOPT_ERRORBUFFER, item.errorText)
        unsafe swl_curl_setopt_string(easy, CURLOPT_URL, request.url)
        unsafe swl_curl_setopt_pointer(easy, CURLOPT_HTTPHEADER, item.headers)
        unsafe swl_curl_setopt_string(easy, CURLOPT_USERAGENT, "swiftlet")
        unsafe swl_curl_setopt_long(easy, CURLOPT_NOSIGNAL, 1)
        unsafe swl_curl_setopt_long(easy, CURLOPT_FOLLOWLOCATION, 1)
        unsafe swl_curl_setopt_long(easy, CURLOPT_MAXREDIRS, 5)
        let protocols = request.allowsPlainText ? "http,https" : "https"
        unsafe swl_curl_setopt_string(easy, CURLOPT_PROTOCOLS_STR, protocols)
        unsafe swl_curl_setopt_string(easy, CURLOPT_REDIR_PROTOCOLS_STR, protocols)
        unsafe swl_curl_setopt_long(easy, CURLOPT_CONNECTTIMEOUT, 30)
        unsafe swl_curl_setopt_long(easy, CURLOPT_LOW_SPEED_LIMIT, 1)
        unsafe swl_curl_setopt_long(easy, CURLOPT_LOW_SPEED_TIME, patience)
        if request.timeout > 0 { unsafe swl_curl_setopt_long(easy, CURLOPT_TIMEOUT, request.timeout) }
        unsafe swl_curl_setopt_long(easy, CURLOPT_BUFFERSIZE, 256 << 10)
        unsafe swl_curl_setopt_long(easy, CURLOPT_PIPEWAIT, 1)
        unsafe setTrust(request.trust, easy)
        unsafe setProxy(request.url, easy)
        switch request.method {
        case _ where request.file != nil:
            unsafe swl_curl_setopt_long(easy, CURLOPT_UPLOAD, 1)
            unsafe swl_curl_setopt_string(easy, CURLOPT_CUSTOMREQUEST, request.method)
            unsafe swl_curl_setopt_off(easy, CURLOPT_INFILESIZE_LARGE, Int(request.file?.size ?? 0))
            // curl's own read function is fread(3).
            unsafe swl_curl_setopt_pointer(easy, CURLOPT_READDATA, UnsafeMutableRawPointer(item.file))
        case "GET": break
        case "HEAD": unsafe swl_curl_setopt_long(easy, CURLOPT_NOBODY, 1)
        default:
            unsafe swl_curl_setopt_string(easy, CURLOPT_CUSTOMREQUEST, request.method)
            let body = request.body ?? []
            unsafe swl_curl_setopt_off(easy, CURLOPT_POSTFIELDSIZE_LARGE, body.count)
            unsafe (body + [0]).withUnsafeBytes { bytes in
                // COPYPOSTFIELDS takes its own copy, of the size set just before.
                _ = unsafe swl_curl_setopt_pointer(
                    easy,
                    CURLOPT_COPYPOSTFIELDS,
                    UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                )
            }
        }
        // SAFETY: `running` holds the transfer until curl has let go of the handle.
        let context = unsafe Unmanaged.passUnretained(transfer).toOpaque()
        if request.sent != nil {
            unsafe swl_curl_setopt_long(easy, CURLOPT_NOPROGRESS, 0)
            unsafe swl_curl_setopt_pointer(easy, CURLOPT_XFERINFODATA, context)
            unsafe swl_curl_setopt_progress(easy, CURLOPT_XFERINFOFUNCTION) { context, _, _, _, sent in
                guard let context = unsafe context else { return 0 }
                unsafe Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue().take(sent: Int64(sent))
                return 0
            }
        }
        unsafe swl_curl_setopt_pointer(easy, CURLOPT_HEADERDATA, context)
        unsafe swl_curl_setopt_pointer(easy, CURLOPT_WRITEDATA, context)
        unsafe swl_curl_setopt_data(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
            let transfer = unsafe Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
            unsafe transfer.take(headerLine: UnsafeRawBufferPointer(start: bytes, count: size * count))
            return size * count
        }
        unsafe swl_curl_setopt_data(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
            let transfer = unsafe Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
            let isWanted = unsafe transfer.take(body: UnsafeRawBufferPointer(start: bytes, count: size * count))
            return isWanted ? size * count : 0
        }
        unsafe curl_multi_add_handle(multi, easy)
    }

    private func setTrust(_ trust: TLSTrust, _ easy: UnsafeMutableRawPointer) {
        if trust.authorities.count == 1 {
            unsafe swl_curl_setopt_string(easy, CURLOPT_CAINFO, trust.authorities[0])
        } else if !trust.authorities.isEmpty {
            // What cannot be read is no authority; the connection then fails with curl's words for that.
            var pem: [UInt8] = []
            for path in trust.authorities { pem += ((try? Files.read(path, limit: 1 << 20)) ?? []) + [0x0A] }
            unsafe pem.withUnsafeMutableBytes { bytes in
                var blob = unsafe curl_blob(data: bytes.baseAddress, len: bytes.count, flags: UInt32(CURL_BLOB_COPY))
                _ = unsafe swl_curl_setopt_pointer(easy, CURLOPT_CAINFO_BLOB, &blob)
            }
        }
        if let file = trust.certificate { unsafe swl_curl_setopt_string(easy, CURLOPT_SSLCERT, file) }
        if let file = trust.key { unsafe swl_curl_setopt_string(easy, CURLOPT_SSLKEY, file) }
        if trust.skipsVerification {
            unsafe swl_curl_setopt_long(easy, CURLOPT_SSL_VERIFYPEER, 0)
            unsafe swl_curl_setopt_long(easy, CURLOPT_SSL_VERIFYHOST, 0)
        }
    }

    /// Sets the proxy even if there is none: curl would look into the environment by rules of its own.
    private func setProxy(_ url: String, _ easy: UnsafeMutableRawPointer) {
        unsafe swl_curl_setopt_string(easy, CURLOPT_PROXY, proxies.proxy(for: url))
        unsafe swl_curl_setopt_string(easy, CURLOPT_NOPROXY, proxies.exceptions)
    }

    /// Milliseconds of a clock that only goes forward.
    static func now() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
