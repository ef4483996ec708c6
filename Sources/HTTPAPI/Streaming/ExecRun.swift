import Glibc
import HTTPTypes
import Hummingbird
import JSON
import KubernetesAPI
import NIOCore
import NodeAgent
import RuntimeCore
import ServiceLifecycle

/// Exec for clients that speak nothing but HTTP.
///
/// - A JSON body `{"command":[…],"container":…,"stdin":"text","tty":…,"timeoutSeconds":…}` is answered with
///   `{"stdout","stderr","exitCode"}`. What is not UTF-8 is in `stdoutBase64` and `stderrBase64` instead; of each
///   stream, the first 4 MiB are kept, and `truncated` says so.
/// - `?command=…` and any other body streams: the body is the command's input (with `stdin=1`), the answer its output,
///   the trailer `X-Exit-Code` its exit code.
struct ExecRun: Sendable {
    let agent: Agent

    /// Of each stream.
    static let outputLimit = 4 << 20

    func answer(_ request: APIRequest) async throws -> Response {
        if request.queries("command").isEmpty { return try await collected(request) }
        return try await streamed(request)
    }

    // MARK: One answer

    private struct Collected: Sendable {
        var stdout: Kept
        var stderr: Kept
        var exitCode: Int32?
        var timedOut = false
    }

    private struct Kept: Sendable {
        var bytes: [UInt8] = []
        var isTruncated = false
    }

    private func collected(_ request: APIRequest) async throws -> Response {
        let wanted = try Self.parse(try await request.body())
        let target = try agent.execTarget(
            namespace: request["namespace"],
            pod: request["name"],
            options: wanted.options
        )
        let result: Collected
        do {
            // The client's going away ends the command.
            result = try await whileConnected(request.connection) {
                let session = try await agent.startExec(wanted.options, in: target, origin: request.origin)
                return await cancelWhenGracefulShutdown {
                    await collect(session, input: wanted.input, timeout: wanted.timeout)
                }
            }
        } catch ExecFailure.notExecutable(let code, let message) {
            result = Collected(stdout: Kept(), stderr: Kept(bytes: Array((message + "\n").utf8)), exitCode: code)
        } catch let failure as ExecFailure {
            throw Self.answer(for: failure)
        }
        return try Answer.document(Self.document(result).bytes(), for: request)
    }

    private static func answer(for failure: ExecFailure) -> APIError {
        if case .notRunning(let message) = failure { return .badRequest(message) }
        return .internalError("\(failure)")
    }

    private static func parse(_ bytes: [UInt8]) throws -> (options: ExecOptions, input: [UInt8], timeout: Int64?) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw APIError.badRequest(
                "the body must be JSON like {\"command\":[\"ls\",\"/\"]}: \(error); to stream, name the command in the "
                    + "query: ?command=ls&command=/"
            )
        }
        let known: Set = ["command", "container", "stdin", "tty", "timeoutSeconds"]
        for key in value.objectValue.map({ $0.map(\.key) }) ?? [] where !known.contains(key) {
            throw APIError.badRequest("unknown field \"\(key)\"; known: \(known.sorted().joined(separator: ", "))")
        }
        guard let words = value["command"]?.arrayValue, case let command = words.compactMap(\.stringValue),
            command.count == words.count
        else { throw APIError.badRequest("command: must be a list of strings") }
        let input = value["stdin"]?.stringValue
        if input == nil, let other = value["stdin"], other != .null {
            throw APIError.badRequest("stdin: must be a string, the text that the command reads")
        }
        var timeout: Int64?
        if let given = value["timeoutSeconds"] {
            guard let seconds = given.int64Value, seconds > 0 else {
                throw APIError.badRequest("timeoutSeconds: must be a whole number above 0")
            }
            timeout = seconds
        }
        let options = ExecOptions(
            container: value["container"]?.stringValue,
            command: command,
            stdin: input != nil,
            tty: value["tty"]?.boolValue ?? false
        )
        return (options, Array((input ?? "").utf8), timeout)
    }

    private static func document(_ result: Collected) -> JSONValue {
        var pairs: [(String, JSONValue)] = []
        for (name, kept) in [("stdout", result.stdout), ("stderr", result.stderr)] {
            if let text = String(validating: kept.bytes, as: UTF8.self) {
                pairs.append((name, .string(text)))
            } else {
                pairs.append((name + "Base64", .string(Base64.encode(kept.bytes))))
            }
        }
        pairs.append(("exitCode", result.exitCode.map { .number(JSONNumber(Int64($0))) } ?? .null))
        if result.timedOut { pairs.append(("timedOut", .bool(true))) }
        if result.stdout.isTruncated || result.stderr.isTruncated { pairs.append(("truncated", .bool(true))) }
        return .object(JSONObject(pairs))
    }

    private func collect(_ session: ExecSession, input: [UInt8], timeout: Int64?) async -> Collected {
        let process = session.process
        async let feeding: Void = Self.feed(input, to: process)
        async let stdout = Self.keep(process.stdout)
        async let stderr = Self.keep(process.stderr)
        let end = await ExecWait.forEnd(of: process, timeout: timeout)
        if end.exitCode == nil {
            // What it wrote until now is worth having.
            try? await process.signal(SIGKILL)  // tried again by `end`
            _ = try? await process.wait()
        }
        await feeding
        var result = Collected(stdout: await stdout, stderr: await stderr, exitCode: end.exitCode)
        result.timedOut = end.timedOut
        if end.timedOut { result.exitCode = 128 + SIGKILL }
        await session.end(exitCode: end.exitCode, reason: end.reason)
        return result
    }

    private static func feed(_ input: [UInt8], to process: ExecProcess) async {
        guard let stdin = process.takeInput() else { return }
        await write(input, to: stdin)
        try? await process.closeInput()  // a process that has ended needs none
    }

    /// Lets go of the stream when it returns.
    private static func write(_ input: [UInt8], to stdin: consuming StreamEnd) async {
        // A process that does not read its input is free to do so.
        try? await stdin.write(input)
    }

    private static func keep(_ stream: StreamEnd?) async -> Kept {
        var kept = Kept()
        // An error of our own end of a pipe ends the output as its end does.
        while let bytes = try? await stream?.read() {
            let room = outputLimit - kept.bytes.count
            kept.bytes += bytes.prefix(room)
            if bytes.count > room { kept.isTruncated = true }
        }
        return kept
    }

    // MARK: A stream

    private func streamed(_ request: APIRequest) async throws -> Response {
        let options = try ExecHandlers.options(request)
        let target = try agent.execTarget(namespace: request["namespace"], pod: request["name"], options: options)
        let timeout = try request.number("timeoutSeconds")
        var headers = HTTPFields()
        headers[.contentType] = "application/octet-stream"
        headers[.trailer] = "X-Exit-Code"
        let body = try await request.openBody()
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody { writer in
                let output = StreamWriter(writer)
                var trailers = HTTPFields()
                do {
                    let session = try await agent.startExec(options, in: target, origin: request.origin)
                    let code = await cancelWhenGracefulShutdown {
                        await stream(session, body: body, to: output, timeout: timeout)
                    }
                    if let code { trailers[.exitCode] = String(code) }
                } catch ExecFailure.notExecutable(let code, let message) {
                    try await output.write(Array((message + "\n").utf8))
                    trailers[.exitCode] = String(code)
                } catch {
                    try await output.write(Array("\(error)\n".utf8))
                }
                try await output.finish(trailers)
            }
        )
    }

    private func stream(
        _ session: ExecSession,
        body: RequestBody,
        to output: StreamWriter,
        timeout: Int64?
    ) async -> Int32? {
        let process = session.process
        let end = await withTaskGroup(of: ExecWait.End?.self) { group in
            group.addTask { await ExecWait.forEnd(of: process, timeout: timeout) }
            group.addTask {
                do {
                    try await Self.feed(body, to: process)
                    return nil
                } catch {
                    return ExecWait.End(reason: "the client went away")
                }
            }
            group.addTask {
                do {
                    try await Self.passOutput(of: process, to: output)
                    return nil
                } catch {
                    return ExecWait.End(reason: "the client went away")
                }
            }
            var end: ExecWait.End?
            while let next = await group.next() {
                guard let next else { continue }
                if end == nil { end = next }
                // What it wrote is still to be passed on; for a client that has gone, nothing is.
                if next.exitCode == nil {
                    try? await process.signal(SIGKILL)  // tried again by `end`
                    group.cancelAll()
                }
            }
            return end ?? ExecWait.End(reason: "its end is not known")
        }
        await session.end(exitCode: end.exitCode, reason: end.reason)
        return end.exitCode ?? (end.timedOut ? 128 + SIGKILL : nil)
    }

    private static func passOutput(of process: ExecProcess, to output: StreamWriter) async throws {
        let gate = WriteGate(output)
        try await withThrowingTaskGroup { group in
            for stream in [process.stdout, process.stderr] {
                guard let stream else { continue }
                group.addTask { while let bytes = try await stream.read() { try await gate.write(bytes) } }
            }
            try await group.waitForAll()
        }
    }

    /// Passes the request's body on as the command's input; throws when the client goes away before its end.
    private static func feed(_ body: RequestBody, to process: ExecProcess) async throws {
        var stdin = process.takeInput()
        for try await part in body {
            guard let open = stdin else { continue }
            do {
                try await open.write(Array(buffer: part))
            } catch {
                stdin = nil  // the command reads no more
            }
        }
        guard stdin != nil else { return }
        stdin = nil
        try? await process.closeInput()  // a process that has ended needs none
    }
}

/// Two streams of a process that go into one answer, a piece at a time.
private actor WriteGate {
    private let output: StreamWriter
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ output: StreamWriter) { self.output = output }

    func write(_ bytes: [UInt8]) async throws {
        while isBusy { await withCheckedContinuation { waiting.append($0) } }
        isBusy = true
        defer {
            isBusy = false
            if !waiting.isEmpty { waiting.removeFirst().resume() }
        }
        try await output.write(bytes)
    }
}

/// Waiting for the end of a process, but not for ever.
enum ExecWait {
    struct End: Sendable {
        var exitCode: Int32?
        var timedOut = false
        var reason: String?
    }

    /// Returns at the end of the process, after `timeout` seconds, or when the task is cancelled.
    static func forEnd(of process: ExecProcess, timeout: Int64?) async -> End {
        let (ends, end) = AsyncStream.makeStream(of: End.self, bufferingPolicy: .bufferingOldest(1))
        // Not a child: the wait for a process cannot be cancelled, it ends with the process.
        let waiting = Task {
            do {
                end.yield(End(exitCode: try await process.wait()))
            } catch {
                end.yield(End(reason: "the container's shim does not answer: \(error)"))
            }
        }
        _ = waiting
        let timer = timeout.map { seconds in
            Task {
                try await Task.sleep(for: .seconds(min(seconds, 1 << 31)))
                end.yield(End(timedOut: true, reason: "it took longer than \(seconds) s"))
            }
        }
        defer { timer?.cancel() }
        for await first in ends { return first }
        return End(reason: "the client went away, or the agent is stopping")
    }
}

extension HTTPField.Name {
    static let exitCode = HTTPField.Name("X-Exit-Code") ?? .server
    static let trailer = HTTPField.Name("Trailer") ?? .server
}
