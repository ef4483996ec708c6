import Hummingbird
import JSON
import KubernetesAPI
import Linux
import NodeAgent

/// GET …/pods/NAME/log: a container's output as text.
struct PodLogHandler: Sendable {
    let agent: Agent

    func log(_ request: APIRequest) async throws -> Response {
        let options = try self.options(request)
        let location = try agent.logPath(namespace: request["namespace"], pod: request["name"], options: options)
        // Opened before the head goes out, so that what is wrong has a status of its own.
        let source = try LogSource(location.path, options)
        let type = options.asJSON ? "application/x-ndjson" : "text/plain; charset=utf-8"
        let follow = options.follow
        return Answer.stream(contentType: type, of: request) { [agent] output in
            guard follow else {
                while case let text = try await source.next(), !text.isEmpty { try await output.write(text) }
                return
            }
            for await _ in try await agent.changes(of: location) {
                // Asked before reading: what is written before the end is read, then it is over.
                let growing = agent.isGrowing(location)
                while case let text = try await source.next(), !text.isEmpty { try await output.write(text) }
                if !growing || source.isFull { return }
            }
        }
    }

    private func options(_ request: APIRequest) throws(APIError) -> LogOptions {
        var options = LogOptions()
        options.container = request.query("container")
        options.follow = try request.flag("follow")
        options.previous = try request.flag("previous")
        options.timestamps = try request.flag("timestamps")
        options.tailLines = try count("tailLines", request)
        options.limitBytes = try count("limitBytes", request)
        options.asJSON = request.query("format") == "json"
        if let format = request.query("format"), !format.isEmpty, format != "json", format != "text" {
            throw .badRequest("format: \"\(format)\" is not one of text, json")
        }
        if options.limitBytes == 0 { throw Self.invalid("limitBytes", "0", "must be greater than 0") }
        if let time = request.query("sinceTime"), !time.isEmpty, request.query("sinceSeconds") != nil {
            throw Self.invalid("sinceSeconds", time, "at most one of `sinceTime` or `sinceSeconds` may be specified")
        }
        if let seconds = try request.number("sinceSeconds") {
            guard seconds > 0 else { throw Self.invalid("sinceSeconds", "\(seconds)", "must be greater than 0") }
            let (span, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000)
            if !isTooLong { options.since = Time(microsecondsSince1970: max(0, agent.now - span)) }
        }
        if let time = request.query("sinceTime"), !time.isEmpty {
            guard let parsed = Time(parsing: time) else {
                throw .badRequest("sinceTime: \"\(time)\" is not a time like 2026-01-31T12:00:00Z")
            }
            options.since = parsed
        }
        switch request.query("stream") {
        case nil, "", "All": break
        case "Stdout": options.stream = "stdout"
        case "Stderr": options.stream = "stderr"
        case .some(let other): throw .badRequest("stream: \"\(other)\" is not one of All, Stdout, Stderr")
        }
        return options
    }

    private func count(_ name: String, _ request: APIRequest) throws(APIError) -> Int? {
        guard let value = try request.number(name) else { return nil }
        guard value >= 0 else { throw Self.invalid(name, "\(value)", "must be greater than or equal to 0") }
        return Int(value)
    }

    private static func invalid(_ field: String, _ value: String, _ why: String) -> APIError {
        .invalid(
            kind: "PodLogOptions",
            name: "",
            errors: [
                FieldError(type: .invalid, field: field, badValue: .string(value), detail: why)
            ]
        )
    }
}

/// A log reader that several tasks can hold, one of which reads, on a thread where it may block.
private final class LogSource: Sendable {
    // SAFETY: only the one task that produces the stream calls `next`, and it waits for each call.
    private nonisolated(unsafe) var reader: LogReader

    private static let pool = ThreadPool(name: "swl-logs", limit: 8)

    init(_ path: String, _ options: LogOptions) throws(SysError) {
        unsafe reader = try LogReader(path: path, options: options)
    }

    var isFull: Bool { unsafe reader.isFull }

    func next() async throws -> [UInt8] {
        let result: Result<[UInt8], SysError> = await withCheckedContinuation { continuation in
            Self.pool.submit {
                do throws(SysError) {
                    continuation.resume(returning: .success(try unsafe self.reader.next()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}
