import ArgumentParser
import JSON

struct LeaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lease",
        abstract: "Keep content and layers that no image names.",
        subcommands: [List.self, Create.self, Add.self, Remove.self],
        aliases: ["leases"]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "ls", abstract: "List.", aliases: ["list"])
        @OptionGroup var list: StoreListOptions

        func run() throws {
            let kept: StoreListOptions.Column = (
                "KEEPS",
                { item in
                    let resources = item["resources"]?.arrayValue ?? []
                    let texts = resources.map { resource in
                        Terminal.safe("\(resource["type"]?.stringValue ?? "")/\(resource["id"]?.stringValue ?? "")")
                    }
                    return texts.isEmpty ? "-" : texts.joined(separator: ",")
                }
            )
            try list.print("leases", [("ID", StoreListOptions.member("id")), kept, StoreListOptions.labels])
        }
    }

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Make a lease and print its id.",
            discussion: "swiftlet lease create --id build-7 containerd.io/gc.expire=2026-12-01T00:00:00Z"
        )
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var namespace: ImageNamespaceOption

        @Option(help: "A name for it; without one the agent makes one.")
        var id: String?

        @Argument(help: "Labels: NAME=VALUE.")
        var labels: [String] = []

        func run() throws {
            try reporting { console in
                var body: JSONObject = ["labels": try LabelArguments.changes(labels)]
                if let id { body["id"] = .string(id) }
                let target = Target(["v1", "leases"]).with("namespace", namespace.namespace)
                let answer = try connection.client(console).json("POST", target, body: .object(body))
                try console.line(Terminal.safe(answer["id"]?.stringValue ?? ""))
            }
        }
    }

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Let a lease keep something.",
            discussion: "swiftlet lease add build-7 content sha256:…"
        )
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var namespace: ImageNamespaceOption

        @Argument(help: "The lease.")
        var id: String

        @Argument(help: "content, images or snapshots/overlayfs.")
        var type: String

        @Argument(help: "A digest, a name or a key.")
        var resource: String

        func run() throws {
            try reporting { console in
                let target = Target(["v1", "leases", id, "resources"]).with("namespace", namespace.namespace)
                let body: JSONValue = .object(["type": .string(type), "id": .string(resource)])
                _ = try connection.client(console).json("POST", target, body: body)
            }
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm",
            abstract: "Remove leases, and what only they kept.",
            aliases: ["remove", "delete"]
        )
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var namespace: ImageNamespaceOption

        @Argument(help: "The leases.")
        var ids: [String]

        func run() throws {
            try reporting { console in
                let client = try connection.client(console)
                for id in ids {
                    let target = Target(["v1", "leases", id]).with("namespace", namespace.namespace)
                    _ = try client.bytes(HTTPRequest("DELETE", target.description))
                    try console.line(Terminal.safe(id))
                }
            }
        }
    }
}
