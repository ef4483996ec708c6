import ArgumentParser
import JSON
import KubernetesAPI

struct DescribeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Show a pod, its containers and its events in detail.",
        usage: "swiftlet describe pod [NAME ...] [-n NAMESPACE] [-l LABELS]",
        discussion: "swiftlet describe pod web"
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: NamespaceOption

    @Option(name: [.customShort("l"), .long], help: "The pods with these labels.")
    var selector: String?

    @Argument(help: "pod NAME, or pod/NAME; without a name all pods of the namespace.")
    var words: [String] = []

    func run() throws {
        try reporting { console in
            let arguments = try ResourceArguments(words)
            guard arguments.kind == .pods else {
                throw ClientFailure.usage(
                    "describe knows pods only; use: swiftlet get \(arguments.kind.plural) -o yaml"
                )
            }
            let client = try connection.client(console)
            let pods: [JSONValue]
            if arguments.names.isEmpty {
                let query = ObjectQuery(kind: .pods, namespace: namespace.name, labels: selector)
                pods = try client.json("GET", query.collection)["items"]?.arrayValue ?? []
                if pods.isEmpty { console.note(query.emptyNotice) }
            } else {
                pods = try arguments.names.map { name in
                    try client.json("GET", ResourceKind.pods.target(namespace: namespace.name, name: name))
                }
            }
            for (index, pod) in pods.enumerated() {
                if index > 0 { try console.line("\n") }
                for line in try PodReport(client: client).lines(pod) { try console.line(line) }
            }
        }
    }
}

/// A pod's description with its events.
struct PodReport {
    let client: APIClient

    func lines(_ json: JSONValue) throws -> [String] {
        let pod: Pod
        do { pod = try JSONCoding.decode(Pod.self, from: json) } catch {
            throw ClientFailure.failed("the agent's answer is not a pod: \(error)")
        }
        let events = ResourceKind.events.target(namespace: pod.metadata.namespace)
            .with("fieldSelector", "involvedObject.name=\(pod.metadata.name),involvedObject.uid=\(pod.metadata.uid)")
        let table = try TableView(client.json("GET", events, accept: APIClient.tableType))
        return PodDescription(pod).lines + PodReport.lines(events: table)
    }

    /// The columns of the table of events that describe shows, by their names.
    static func lines(events: TableView) -> [String] {
        guard !events.rows.isEmpty else { return ["Events:  <none>"] }
        var text = DescriptionText()
        text.line("Events:")
        let columns = [
            ("Type", "Type"), ("Reason", "Reason"), ("Age", "Last Seen"), ("From", "Source"), ("Message", "Message"),
        ]
        let places = columns.map { column in events.columns.firstIndex { $0.name == column.1 } }
        var rows = [columns.map(\.0), columns.map { String(repeating: "-", count: $0.0.count) }]
        for row in events.rows {
            rows.append(places.map { place in place.flatMap { $0 < row.cells.count ? row.cells[$0] : nil } ?? "" })
        }
        text.table(rows, indent: 2)
        return text.lines
    }
}
