import ArgumentParser

struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Show what happened to objects, the oldest first.",
        usage: "swiftlet events [--for TYPE/NAME] [-n NAMESPACE | -A] [-w]",
        discussion: "swiftlet events --for pod/web | swiftlet events -A -w"
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: NamespaceOption

    @Flag(name: [.customShort("A"), .long], help: "All namespaces.")
    var allNamespaces = false

    @Option(name: .customLong("for"), help: "Only events of one object: pod/web.")
    var subject: String?

    @Option(help: "Only events of these types: Warning, Normal.")
    var types: String?

    @Option(name: [.customShort("o"), .long], help: "One of json, yaml, wide, name.")
    var output: OutputFormat?

    @Flag(name: [.customShort("w"), .long], help: "Go on showing events as they come.")
    var watch = false

    @Flag(name: .customLong("no-headers"), help: "Leave out the line of column names.")
    var noHeaders = false

    func run() throws {
        try reporting { console in
            var fields: [String] = []
            if let subject {
                let arguments = try ResourceArguments([subject])
                guard let name = arguments.names.first else {
                    throw ClientFailure.usage("--for must be in resource/name form, such as pod/web")
                }
                fields += ["involvedObject.kind=\(arguments.kind.kind)", "involvedObject.name=\(name)"]
            }
            if let types {
                guard !types.contains(",") else {
                    throw ClientFailure.usage("--types takes one type: Normal or Warning")
                }
                fields.append("type=\(types)")
            }
            let query = ObjectQuery(
                kind: .events,
                namespace: allNamespaces ? nil : namespace.name,
                fields: fields.isEmpty ? nil : fields.joined(separator: ",")
            )
            let options = GetOptions(output: output, watch: watch, showsHeader: !noHeaders)
            try ObjectPrinter(client: try connection.client(console), query: query, options: options).run()
        }
    }
}
