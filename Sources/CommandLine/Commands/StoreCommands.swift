import ArgumentParser
import Glibc
import JSON
import KubernetesAPI

/// What the lists of the store have in common.
struct StoreListOptions: ParsableArguments {
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: ImageNamespaceOption

    @Option(name: [.customShort("o"), .long], help: "One of json, yaml, wide, name.")
    var output: OutputFormat?

    @Argument(help: "Filters as ctr has them: labels.app==web, 'id~=^ab'. One of several has to match.")
    var filters: [String] = []

    /// A column: its title, and what it shows of an item.
    typealias Column = (title: String, text: @Sendable (JSONValue) -> String)

    /// Prints a list of the agent.
    ///
    /// - Parameter kind: The last part of its path, which is also the member of the answer that has the items.
    func print(_ kind: String, _ columns: [Column]) throws {
        try reporting { console in
            var target = Target(["v1", kind]).with("namespace", namespace.namespace)
            for filter in filters { target = target.with("filter", filter) }
            let answer = try connection.client(console).json("GET", target)
            switch output {
            case .json: try console.output(answer.bytes(pretty: true, sortedKeys: true) + [0x0A])
            case .yaml: try console.output(Array(YAMLText.encode(answer).utf8))
            default: for line in lines(answer[kind]?.arrayValue ?? [], columns) { try console.line(line) }
            }
        }
    }

    func lines(_ items: [JSONValue], _ columns: [Column]) -> [String] {
        if output == .name { return items.compactMap { item in columns.first.map { $0.text(item) } } }
        guard !items.isEmpty else { return [] }
        var layout = ColumnLayout()
        return layout.lines([columns.map { $0.title }] + items.map { item in columns.map { $0.text(item) } })
    }

    /// Columns that show members as they are.
    static func columns(_ members: KeyValuePairs<String, String>) -> [Column] {
        members.map { (title: $0.key, text: member($0.value)) }
    }

    /// The text of a member; a dash if it has none.
    static func member(_ name: String) -> @Sendable (JSONValue) -> String {
        { item in
            let text = item[name].flatMap { $0.isNull ? nil : $0.stringValue ?? $0.text() } ?? ""
            return text.isEmpty ? "-" : Terminal.safe(text)
        }
    }

    /// How long ago something was made.
    static let age: Column = (
        "AGE",
        { item in
            let made = item["createdAt"]?.int64Value.map { Time(microsecondsSince1970: $0) }
            return made.map { HumanDuration.since($0, now: Time(secondsSince1970: Int64(time(nil)))) } ?? "-"
        }
    )

    static let labels: Column = (
        "LABELS",
        { item in
            let labels = item["labels"]?.objectValue.map { members in
                members.map { "\(Terminal.safe($0.key))=\(Terminal.safe($0.value.stringValue ?? ""))" }.sorted()
            }
            return labels?.isEmpty == false ? labels?.joined(separator: ",") ?? "-" : "-"
        }
    )
}

/// Labels on the command line: NAME=VALUE sets one, NAME= takes it away, as with ctr.
struct LabelArguments: ParsableArguments {
    @Argument(help: "NAME=VALUE sets a label, NAME= takes it away.")
    var labels: [String]

    static func changes(_ labels: [String]) throws -> JSONValue {
        var changes: JSONObject = [:]
        for label in labels {
            guard let equals = label.firstIndex(of: "="), equals != label.startIndex else {
                throw ClientFailure.usage("\"\(label)\" is no label; write NAME=VALUE, or NAME= to take it away")
            }
            let value = String(label[label.index(after: equals)...])
            changes[String(label[..<equals])] = value.isEmpty ? .null : .string(value)
        }
        return .object(changes)
    }
}

struct ContentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "content",
        abstract: "Look into the store of blobs.",
        subcommands: [List.self, Get.self, Label.self, Why.self]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "ls", abstract: "List.", aliases: ["list"])
        @OptionGroup var list: StoreListOptions

        func run() throws {
            let size: StoreListOptions.Column = ("SIZE", { ByteText.short($0["size"]?.int64Value ?? 0) })
            try list.print(
                "content",
                [("DIGEST", StoreListOptions.member("digest")), size, StoreListOptions.age, StoreListOptions.labels]
            )
        }
    }

    struct Get: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "get",
            abstract: "Write a blob to standard output.",
            discussion: "swiftlet content get sha256:… | jq ."
        )
        @OptionGroup var connection: ConnectionOptions

        @Argument(help: "The digest.")
        var digest: String

        func run() throws {
            try reporting { console in try connection.client(console).copy(Target(["v1", "content", digest])) }
        }
    }

    struct Label: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "label",
            abstract: "Set labels; those that begin with containerd.io/gc decide what is kept."
        )
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var namespace: ImageNamespaceOption

        @Argument(help: "The digest.")
        var digest: String

        @OptionGroup var labels: LabelArguments

        func run() throws {
            try reporting { console in
                let target = Target(["v1", "content", digest, "labels"]).with("namespace", namespace.namespace)
                let changes = try LabelArguments.changes(labels.labels)
                let answer = try connection.client(console).json("PATCH", target, body: changes)
                try console.line(StoreListOptions.labels.text(answer))
            }
        }
    }

    struct Why: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "why",
            abstract: "Say why a blob or an unpacked layer was removed, and by whom."
        )
        @OptionGroup var connection: ConnectionOptions

        @Argument(help: "A digest or a chain id.")
        var digest: String

        func run() throws {
            try reporting { console in try connection.client(console).copy(Target(["v1", "content", digest, "why"])) }
        }
    }
}

struct SnapshotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Look at unpacked layers and at what containers write on.",
        subcommands: [List.self],
        aliases: ["snapshots"]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "ls", abstract: "List.", aliases: ["list"])
        @OptionGroup var list: StoreListOptions

        func run() throws {
            try list.print(
                "snapshots",
                StoreListOptions.columns(["KEY": "key", "PARENT": "parent", "KIND": "kind"])
                    + [StoreListOptions.age, StoreListOptions.labels]
            )
        }
    }
}

struct ContainerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "container",
        abstract: "Look at containers as the runtime core has them.",
        subcommands: [List.self],
        aliases: ["containers"]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "ls", abstract: "List.", aliases: ["list"])
        @OptionGroup var list: StoreListOptions

        func run() throws {
            try list.print(
                "containers",
                StoreListOptions.columns(["CONTAINER": "id", "IMAGE": "image", "RUNTIME": "runtime"]) + [
                    StoreListOptions.age, StoreListOptions.labels,
                ]
            )
        }
    }
}

struct TaskCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "task",
        abstract: "Look at the running side of containers.",
        subcommands: [List.self],
        aliases: ["tasks"]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "ls", abstract: "List.", aliases: ["list", "ps"])
        @OptionGroup var list: StoreListOptions

        func run() throws {
            try list.print(
                "tasks",
                StoreListOptions.columns(["TASK": "id", "PID": "pid", "STATUS": "status"])
                    + [StoreListOptions.age]
            )
        }
    }
}

struct SandboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "Look at the sandboxes of pods.",
        subcommands: [List.self],
        aliases: ["sandboxes"]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "ls", abstract: "List.", aliases: ["list"])
        @OptionGroup var list: StoreListOptions

        func run() throws {
            try list.print(
                "sandboxes",
                StoreListOptions.columns(["SANDBOX": "id", "STATE": "state"])
                    + [StoreListOptions.age, StoreListOptions.labels]
            )
        }
    }
}
