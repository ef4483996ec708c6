import ArgumentParser
import JSON

struct NamespaceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "namespace",
        abstract: "Make, list, label and remove namespaces of images, content and leases; pods use k8s.io.",
        subcommands: [List.self, Create.self, Label.self, Remove.self],
        aliases: ["namespaces", "ns"]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "ls", abstract: "List.", aliases: ["list"])
        @OptionGroup var list: StoreListOptions

        func run() throws {
            try list.print(
                "namespaces",
                StoreListOptions.columns(["NAME": "name"]) + [StoreListOptions.age, StoreListOptions.labels]
            )
        }
    }

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Make a namespace.",
            discussion: "Pulling, importing or tagging into a namespace makes it, too.",
            aliases: ["c"]
        )
        @OptionGroup var connection: ConnectionOptions

        @Argument(help: "Its name.")
        var name: String

        @Argument(help: "Labels: NAME=VALUE.")
        var labels: [String] = []

        func run() throws {
            try reporting { console in
                let body = JSONValue.object([
                    "name": .string(name), "labels": try LabelArguments.changes(labels),
                ])
                let answer = try connection.client(console).json("POST", Target(["v1", "namespaces"]), body: body)
                try console.line(Terminal.safe(answer["name"]?.stringValue ?? ""))
            }
        }
    }

    struct Label: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "label", abstract: "Set labels of a namespace.")
        @OptionGroup var connection: ConnectionOptions

        @Argument(help: "Its name.")
        var name: String

        @OptionGroup var labels: LabelArguments

        func run() throws {
            try reporting { console in
                let target = Target(["v1", "namespaces", name, "labels"])
                let changes = try LabelArguments.changes(labels.labels)
                let answer = try connection.client(console).json("PATCH", target, body: changes)
                try console.line(StoreListOptions.labels.text(answer))
            }
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm",
            abstract: "Remove namespaces that are empty.",
            aliases: ["remove", "delete"]
        )
        @OptionGroup var connection: ConnectionOptions

        @Argument(help: "Their names.")
        var names: [String]

        func run() throws {
            try reporting { console in
                let client = try connection.client(console)
                try console.each(names) { name in
                    _ = try client.bytes(HTTPRequest("DELETE", Target(["v1", "namespaces", name]).description))
                    try console.line("namespace \"\(name)\" removed")
                }
            }
        }
    }
}
