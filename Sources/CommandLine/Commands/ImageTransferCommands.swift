import ArgumentParser
import Glibc
import JSON

/// How to reach a registry, and how to show what happens.
struct TransferOptions: ParsableArguments {
    @Option(
        name: [.customShort("u"), .customLong("creds"), .customLong("user")],
        help: "USER:PASSWORD for the registry; without a password it is asked for."
    )
    var credentials: String?

    @Flag(name: .customLong("plain-http"), help: "Speak to the registry without TLS.")
    var plainHTTP = false

    @Option(help: "OS/ARCHITECTURE[/VARIANT] in the place of this machine's.")
    var platform: String?

    @Option(name: [.customShort("o"), .long], help: "json shows what happens as one JSON object a line.")
    var output: OutputFormat?

    @Flag(name: [.customShort("q"), .long], help: "Show no progress.")
    var quiet = false

    /// Members of the request's body.
    func members() throws(ClientFailure) -> JSONObject {
        var body: JSONObject = [:]
        if plainHTTP { body["plainHTTP"] = true }
        if let platform { body["platform"] = .string(platform) }
        guard let credentials else { return body }
        let parts = credentials.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let user = parts.first, !user.isEmpty else { throw .usage("-u \(credentials): expected USER:PASSWORD") }
        body["username"] = .string(user)
        if parts.count == 2 {
            body["password"] = .string(parts[1])
        } else if isatty(0) == 1, let text = unsafe getpass("Password: ") {
            body["password"] = .string(unsafe String(cString: text))
        } else {
            throw .usage("-u \(user): the password is missing; write USER:PASSWORD")
        }
        return body
    }
}

/// Sends an order to pull or push and shows how far it is.
struct ImageTransfer {
    let client: APIClient
    let options: TransferOptions

    /// - Returns: The last line.
    func run(_ verb: String, _ body: JSONObject) throws -> JSONValue {
        let console = client.console
        var request = HTTPRequest(
            "POST",
            Target(["v1", "images", verb]).description,
            accept: "application/x-ndjson, application/json"
        )
        request.body = .bytes(JSONValue.object(body).bytes(), contentType: "application/json")
        let isRaw = options.output == .json
        var progress = TransferProgress()
        var last: JSONValue?
        defer { if !isRaw { console.clearProgress() } }
        try client.lines(request) { line in
            guard !line.isEmpty else { return .more }
            let value: JSONValue
            do { value = try JSONValue(parsing: line, limits: .client) } catch {
                throw ClientFailure.failed("a line of the answer is not JSON: \(error)")
            }
            if isRaw { try console.output(line + [0x0A]) }
            if let error = value["error"] { throw ClientFailure(status: error) }
            if value["kind"]?.stringValue == "Status" { throw ClientFailure(status: value) }
            if value["status"]?.stringValue == "done" {
                last = value
                return .more
            }
            let text = progress.take(value)
            if isRaw || options.quiet { return .more }
            if console.showsProgress {
                let size = Console.size()
                console.progress(progress.lines(columns: size.columns, rows: size.rows))
            } else if let text {
                console.note(text)
            }
            return .more
        }
        guard let last else {
            throw ClientFailure.failed("the agent ended its answer without saying how it went; see: swiftlet image ls")
        }
        if console.showsProgress, !isRaw, !options.quiet { console.keepProgress() }
        return last
    }
}

struct ImagePullCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Pull images from registries and unpack them.",
        usage: "swiftlet image pull NAME ... [-u USER:PASSWORD] [--platform OS/ARCH] [-n NAMESPACE]",
        discussion: "swiftlet image pull busybox:1.36"
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: ImageNamespaceOption
    @OptionGroup var transfer: TransferOptions

    @Flag(name: .customLong("all-platforms"), help: "Fetch what the image has for all platforms.")
    var allPlatforms = false

    @Argument(help: "Names of images.")
    var references: [String]

    func run() throws {
        try reporting { console in
            let transfers = ImageTransfer(client: try connection.client(console), options: transfer)
            var body = try transfer.members()
            body["namespace"] = .string(namespace.namespace)
            if allPlatforms { body["allPlatforms"] = true }
            for reference in references {
                body["reference"] = .string(reference)
                let last = try transfers.run("pull", body)
                if transfer.output != .json { try console.line(last["image"]?["name"]?.stringValue ?? reference) }
            }
        }
    }
}

struct ImagePushCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Push an image to its registry.",
        usage: "swiftlet image push TARGET [SOURCE] [-u USER:PASSWORD] [-n NAMESPACE]",
        discussion: "swiftlet image push localhost:5000/bb:1"
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: ImageNamespaceOption
    @OptionGroup var transfer: TransferOptions

    @Argument(help: "Where to: the name of the image in the registry.")
    var reference: String

    @Argument(help: "The image in the store, if it has another name there.")
    var source: String?

    func run() throws {
        try reporting { console in
            var body = try transfer.members()
            body["namespace"] = .string(namespace.namespace)
            body["reference"] = .string(source ?? reference)
            body["target"] = .string(reference)
            let transfers = ImageTransfer(client: try connection.client(console), options: transfer)
            let last = try transfers.run("push", body)
            if transfer.output != .json {
                try console.line("\(reference) \(last["target"]?["digest"]?.stringValue ?? "")")
            }
        }
    }
}
