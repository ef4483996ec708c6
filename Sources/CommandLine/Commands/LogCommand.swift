import ArgumentParser
import JSON

enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    case json
}

struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Print the event log: every change and every fact, in order.",
        discussion: "swiftlet log -f | swiftlet log --after 1200 -o json"
    )

    @OptionGroup var connection: ConnectionOptions

    @Option(help: "Start after this sequence number.")
    var after: Int64 = 0

    @Flag(name: [.customShort("f"), .long], help: "Go on printing events as they come.")
    var follow = false

    @Option(name: [.customShort("o"), .long], help: "json: one object a line, as the agent sends it.")
    var output: LogFormat?

    func run() throws {
        try reporting { console in
            let client = try connection.client(console)
            let target = Target(["v1", "log"]).with("after", String(after)).with("follow", follow ? "1" : nil)
            let request = HTTPRequest("GET", target.description, accept: "application/x-ndjson, application/json")
            var layout = LogLine()
            try client.lines(request) { line in
                guard !line.isEmpty else { return .more }
                if output == .json {
                    try console.output(line + [0x0A])
                    return .more
                }
                let event: JSONValue
                do { event = try JSONValue(parsing: line, limits: .client) } catch {
                    throw ClientFailure.failed("a line of the log is not JSON: \(error)")
                }
                if event["kind"]?.stringValue == "Status" { throw ClientFailure(status: event) }
                try console.line(layout.text(event))
                return .more
            }
        }
    }
}
