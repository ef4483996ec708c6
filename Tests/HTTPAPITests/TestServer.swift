import Glibc
import JSON
import KubernetesAPI
import Linux
import Logging
import NodeAgent
import TestSupport
import Testing

@testable import HTTPAPI

/// An agent and its server in this process, on directories of their own. No container can run: the shim is a script that
/// says no.
enum TestServer {
    /// Serves while `body` runs; then everything is taken down, also if `body` fails.
    static func run(
        pace: RequestPace.Limits = RequestPace.Limits(),
        _ body: @escaping @Sendable (Client) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory(prefix: "swl-api")
        try await run(in: directory.path, pace: pace, body)
    }

    /// As above on directories that outlive the agent, so that a second one can take over.
    static func run(
        in path: String,
        pace: RequestPace.Limits = RequestPace.Limits(),
        configuration given: Configuration = Configuration(),
        _ body: @escaping @Sendable (Client) async throws -> Void
    ) async throws {
        defer { #expect(throws: Never.self) { try removeCgroups() } }
        try Files.makeDirectories(path + "/bin")
        // It starts nothing, and has nothing to clean up.
        let shim = "#!/bin/sh\nfor action; do :; done\n[ \"$action\" = delete ]\n"
        try Files.write(path + "/bin/containerd-shim-swiftlet-v1", Array(shim.utf8), mode: 0o755)
        var configuration = given
        configuration.root = path + "/root"
        configuration.state = path + "/state"
        configuration.logDirectory = path + "/logs"
        configuration.nodeName = "n1"
        configuration.binaryDirectory = path + "/bin"
        configuration.journalSocket = ""
        configuration.cgroupRoot = cgroupRoot
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let agent = try Agent(configuration: configuration, version: "0.0.test", logger: logger)
        var limited = try APIServer(agent: agent, logger: logger)
        limited.pace = pace
        let server = limited
        let client = Client(socket: configuration.socketPath, agent: agent)
        try await withThrowingTaskGroup { group in
            group.addTask { try await agent.run() }
            group.addTask { try await server.run() }
            let result: Result<Void, any Error>
            do {
                try await client.waitUntilReady()
                try await body(client)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            group.cancelAll()
            while let ended = await group.nextResult() {
                if case .failure(let error) = ended, !(error is CancellationError) { throw error }
            }
            try result.get()
        }
    }

    private static let cgroupRoot = "/swiftlet-test-api-\(getpid())"

    /// Removes the cgroups of pods that were there when their agent ended.
    private static func removeCgroups() throws {
        for mount in MountTable.cgroups(in: try MountTable.current()) {
            try removeCgroups(mount.mountPoint + cgroupRoot)
        }
    }

    private static func removeCgroups(_ path: String) throws {
        guard Files.exists(path) else { return }
        for child in try Files.listDirectories(path) { try removeCgroups(path + "/" + child) }
        try Files.removeDirectory(path)
    }
}

/// curl on the server's unix socket.
struct Client: Sendable {
    let socket: String
    let agent: Agent

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    struct Reply: Sendable {
        var status: Int
        /// Names in lower case.
        var headers: [String: String]
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }

        /// The text's lines, each of which is a JSON object.
        func lines() throws -> [JSONValue] {
            try body.split(separator: 0x0A).map { try JSONValue(parsing: Array($0)) }
        }

        func json() throws -> JSONValue { try JSONValue(parsing: body) }
        func object<Object: Decodable>(_ type: Object.Type) throws -> Object {
            try JSONCoding.decode(type, from: body)
        }
    }

    private static let pool = ThreadPool(name: "test-curl", limit: 16)

    /// One request. `body` is sent as it is; the type of the content is JSON unless a header says otherwise.
    ///
    /// - Parameter tracing: Words that curl must not say of the request.
    func send(
        _ method: String,
        _ path: String,
        _ headers: [String: String] = [:],
        body: String? = nil,
        file: String? = nil,
        tracing unwanted: String? = nil
    ) async throws -> Reply {
        // curl's own name would get indented answers.
        var arguments = [
            "/usr/bin/curl", "-sS", "-i", "-N", "--max-time", "30", "--unix-socket", socket, "-A", "test",
        ]
        if headers["Expect"] == nil { arguments += ["-H", "Expect:"] }
        // It waits for a second otherwise, and a busy server may take longer.
        if unwanted != nil { arguments += ["-v", "--expect100-timeout", "20"] }
        arguments += method == "HEAD" ? ["-I"] : ["-X", method]
        for (name, value) in headers { arguments += ["-H", "\(name): \(value)"] }
        if let body {
            if !headers.keys.contains(where: { $0.lowercased() == "content-type" }) {
                arguments += ["-H", "content-type: application/json"]
            }
            arguments += ["--data-raw", body]
        }
        if let file { arguments += ["--data-binary", "@" + file] }
        arguments.append("http://swiftlet" + path)
        let command = arguments
        let outcome: Result<Spawn.Outcome, SysError> = await withCheckedContinuation { continuation in
            Self.pool.submit {
                do throws(SysError) {
                    continuation.resume(returning: .success(try Spawn.run(command, environment: ["PATH=/usr/bin"])))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        let answer = try outcome.get()
        guard answer.code == 0 else {
            throw Failure(description: "curl \(path): \(answer.code) \(String(decoding: answer.errors, as: UTF8.self))")
        }
        if let unwanted, String(decoding: answer.errors, as: UTF8.self).contains(unwanted) {
            throw Failure(description: "curl \(path) says: \(unwanted)")
        }
        return try Self.parse(answer.output)
    }

    func get(_ path: String, _ headers: [String: String] = [:]) async throws -> Reply {
        try await send("GET", path, headers)
    }

    private static func parse(_ text: [UInt8]) throws -> Reply {
        let separator: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A]
        let goOn = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
        let output = text.starts(with: goOn) ? Array(text.dropFirst(goOn.count)) : text
        var end = 0
        while end + 4 <= output.count, !output[end..<end + 4].elementsEqual(separator) { end += 1 }
        let lines = String(decoding: output[..<min(end, output.count)], as: UTF8.self).split(separator: "\r\n")
        guard let first = lines.first, let status = Int(first.split(separator: " ").dropFirst().first ?? "") else {
            throw Failure(description: "no HTTP answer: \(String(decoding: output.prefix(200), as: UTF8.self))")
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        return Reply(status: status, headers: headers, body: Array(output.dropFirst(end + 4)))
    }

    /// Asks again until `test` says yes; fails after thirty seconds.
    func wait(for what: String, _ test: () async throws -> Bool) async throws {
        for _ in 0..<600 {
            if try await test() { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Failure(description: "waited in vain for \(what)")
    }

    func waitUntilReady() async throws {
        try await wait(for: "the server") {
            guard Files.exists(socket) else { return false }
            return (try? await get("/readyz").status) == 200  // not listening yet
        }
    }

    static let pods = "/api/v1/namespaces/default/pods"

    /// A pod whose image is not there.
    static func pod(_ name: String, labels: String = "{}", more: String = "") -> String {
        """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"\(name)","labels":\(labels)},\
        "spec":{"terminationGracePeriodSeconds":1,"containers":[{"name":"c","image":"missing:1"}]\(more)}}
        """
    }
}
