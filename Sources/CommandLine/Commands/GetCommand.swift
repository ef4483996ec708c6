import ArgumentParser
import JSON

enum OutputFormat: Equatable, ExpressibleByArgument {
    case wide, json, yaml, name
    /// With the template.
    case jsonPath(String)

    init?(argument: String) {
        switch argument {
        case "wide": self = .wide
        case "json": self = .json
        case "yaml": self = .yaml
        case "name": self = .name
        case _ where argument.hasPrefix("jsonpath="): self = .jsonPath(String(argument.dropFirst(9)))
        default: return nil
        }
    }

    static var allValueStrings: [String] { ["wide", "json", "yaml", "name"] }
}

struct GetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Show objects as a table, or whole.",
        usage: "swiftlet get TYPE [NAME ...] [-n NAMESPACE | -A] [-l LABELS] [-o FORMAT] [-w]",
        discussion: """
            swiftlet get pods | swiftlet get pod web -o yaml | swiftlet get events -A -w
            swiftlet get pods -o jsonpath='{range .items[*]}{.metadata.name}{"\\n"}{end}'
            """
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: NamespaceOption
    @OptionGroup var selection: SelectionOptions

    @Option(name: [.customShort("o"), .long], help: "One of json, yaml, wide, name, jsonpath=TEMPLATE.")
    var output: OutputFormat?

    @Flag(name: [.customShort("w"), .long], help: "Go on showing changes as they come.")
    var watch = false

    @Flag(name: .customLong("no-headers"), help: "Leave out the line of column names.")
    var noHeaders = false

    @Flag(name: .customLong("show-labels"), help: "Add a column with the labels.")
    var showLabels = false

    @Argument(help: "A type (pods, nodes, namespaces, events, configmaps, secrets) and names, or TYPE/NAME.")
    var words: [String] = []

    func run() throws {
        try reporting { console in
            let arguments = try ResourceArguments(words)
            let query = ObjectQuery(
                kind: arguments.kind,
                namespace: selection.allNamespaces ? nil : namespace.name,
                names: arguments.names,
                labels: selection.selector,
                fields: selection.fieldSelector
            )
            let options = GetOptions(output: output, watch: watch, showsHeader: !noHeaders, showsLabels: showLabels)
            try ObjectPrinter(client: try connection.client(console), query: query, options: options).run()
        }
    }
}

/// Which objects of a collection.
struct SelectionOptions: ParsableArguments {
    @Flag(name: [.customShort("A"), .long], help: "All namespaces.")
    var allNamespaces = false

    @Option(name: [.customShort("l"), .long], help: "Only objects with these labels: app=web,tier!=cache.")
    var selector: String?

    @Option(name: .long, help: "Only objects with these fields: status.phase=Running.")
    var fieldSelector: String?
}

/// Which objects to get.
struct ObjectQuery {
    var kind: ResourceKind
    /// nil: all of them.
    var namespace: String?
    var names: [String] = []
    var labels: String?
    var fields: String?

    /// - Throws: If the words exclude each other.
    func check() throws(ClientFailure) {
        guard !names.isEmpty else { return }
        if labels != nil || fields != nil { throw .usage("selectors may not be provided together with names") }
        if namespace == nil, kind.isNamespaced {
            throw .usage("a resource cannot be retrieved by name across all namespaces")
        }
    }

    var collection: Target {
        kind.target(namespace: namespace).with("labelSelector", labels).with("fieldSelector", fields)
    }

    func object(_ name: String) -> Target { kind.target(namespace: namespace, name: name) }

    /// The sentence for an empty answer.
    var emptyNotice: String {
        guard kind.isNamespaced, let namespace else { return "No resources found" }
        return "No resources found in \(namespace) namespace."
    }
}

struct GetOptions {
    var output: OutputFormat?
    var watch = false
    var showsHeader = true
    var showsLabels = false
}

/// Gets objects and prints them in one of the formats.
struct ObjectPrinter {
    let client: APIClient
    let query: ObjectQuery
    let options: GetOptions

    func run() throws {
        try query.check()
        switch options.output {
        case nil, .wide: try printTable()
        case .json, .yaml, .name, .jsonPath: try printObjects()
        }
    }

    // MARK: Tables

    private func printTable() throws {
        var renderer = TableRenderer(
            isWide: options.output == .wide,
            showsNamespace: query.namespace == nil && query.kind.isNamespaced,
            showsHeader: options.showsHeader,
            showsLabels: options.showsLabels
        )
        if query.names.isEmpty {
            let table = try TableView(client.json("GET", query.collection, accept: APIClient.tableType))
            if table.rows.isEmpty, !options.watch { client.console.note(query.emptyNotice) }
            for line in renderer.lines(table) { try client.console.line(line) }
            if options.watch { try watchTable(query.collection, after: table.resourceVersion, &renderer) }
            return
        }
        if options.watch {
            guard let name = query.names.first, query.names.count == 1 else {
                throw ClientFailure.usage("you may only specify a single resource name to watch")
            }
            let table = try TableView(client.json("GET", query.object(name), accept: APIClient.tableType))
            for line in renderer.lines(table) { try client.console.line(line) }
            let version = table.rows.first?.object["metadata"]?["resourceVersion"]?.stringValue ?? table.resourceVersion
            try watchTable(watchOne(name), after: version, &renderer)
            return
        }
        var tables: [TableView] = []
        let failure = collect { try tables.append(TableView(client.json("GET", $0, accept: APIClient.tableType))) }
        if var all = tables.first {
            all.rows = tables.flatMap(\.rows)
            for line in renderer.lines(all) { try client.console.line(line) }
        }
        if let failure { throw failure }
    }

    private func watchTable(_ target: Target, after version: String, _ renderer: inout TableRenderer) throws {
        var current = renderer
        try client.watch(target.with("resourceVersion", version), accept: APIClient.tableType) { _, object in
            for line in current.lines(try TableView(object)) { try client.console.line(line) }
            return .more
        }
        renderer = current
    }

    private func watchOne(_ name: String) -> Target {
        query.kind.target(namespace: query.namespace).with("fieldSelector", "metadata.name=\(name)")
    }

    // MARK: Whole objects

    private func printObjects() throws {
        if query.names.isEmpty {
            let list = try client.json("GET", query.collection)
            let items = list["items"]?.arrayValue ?? []
            if options.watch {
                for item in items { try show(withKind(item)) }
                let version = list["metadata"]?["resourceVersion"]?.stringValue
                try client.watch(query.collection.with("resourceVersion", version)) { _, object in
                    try show(object)
                    return .more
                }
                return
            }
            try showAll(items)
            return
        }
        var objects: [JSONValue] = []
        let failure = collect { objects.append(try client.json("GET", $0)) }
        if objects.count == 1, query.names.count == 1 {
            try show(objects[0])
            if options.watch, let name = query.names.first {
                let version = objects[0]["metadata"]?["resourceVersion"]?.stringValue
                try client.watch(watchOne(name).with("resourceVersion", version)) { _, object in
                    try show(object)
                    return .more
                }
            }
        } else if !objects.isEmpty {
            try showAll(objects)
        }
        if let failure { throw failure }
    }

    private func showAll(_ items: [JSONValue]) throws {
        if options.output == .name {
            for item in items { try show(withKind(item)) }
            return
        }
        try show([
            "apiVersion": "v1",
            "items": .array(items.map(withKind)),
            "kind": "List",
            "metadata": ["resourceVersion": ""],
        ])
    }

    private func show(_ object: JSONValue) throws {
        switch options.output {
        case .name:
            try client.console.line("\(query.kind.singular)/\(object["metadata"]?["name"]?.stringValue ?? "")")
        case .jsonPath(let template):
            // Without a line feed of its own, as kubectl prints it.
            try client.console.output(Array(try JSONPath(template).text(of: object).utf8))
        case .yaml:
            let separator = options.watch ? "---\n" : ""
            try client.console.output(Array((separator + YAMLText.encode(object)).utf8))
        default:
            try client.console.output(object.bytes(pretty: true, sortedKeys: true) + [0x0A])
        }
    }

    /// Items of a list come without kind and apiVersion.
    private func withKind(_ item: JSONValue) -> JSONValue {
        var item = item
        if item["kind"] == nil { item["kind"] = .string(query.kind.kind) }
        if item["apiVersion"] == nil { item["apiVersion"] = "v1" }
        return item
    }

    /// Gets each name; what cannot be had is reported at once, the others are shown.
    private func collect(_ get: (Target) throws -> Void) -> (any Error)? {
        var failures: [any Error] = []
        for name in query.names {
            do { try get(query.object(name)) } catch { failures.append(error) }
        }
        for failure in failures.dropLast() {
            client.console.note((failure as? ClientFailure)?.text ?? "error: \(failure)")
        }
        return failures.last
    }
}
