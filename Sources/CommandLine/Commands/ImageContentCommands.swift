import ArgumentParser
import Glibc
import JSON

struct ImageTagCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag",
        abstract: "Give an image another name.",
        usage: "swiftlet image tag SOURCE TARGET ... [-n NAMESPACE]",
        discussion: "swiftlet image tag bb:1 localhost:5000/bb:1"
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: ImageNamespaceOption

    @Argument(help: "The image.")
    var source: String

    @Argument(help: "Its new names.")
    var targets: [String]

    func run() throws {
        try reporting { console in
            let client = try connection.client(console)
            for name in targets {
                let target = Target(["v1", "images", "tag"]).with("source", source).with("target", name)
                    .with("namespace", namespace.namespace)
                let answer = try client.json("POST", target)
                try console.line(answer["name"]?.stringValue ?? name)
            }
        }
    }
}

struct ImageExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write images as an archive that docker, podman, ctr and skopeo read.",
        usage: "swiftlet image export FILE|- NAME ... [--platform OS/ARCH] [-n NAMESPACE]",
        discussion: "swiftlet image export - bb:1 | docker load"
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: ImageNamespaceOption

    @Option(help: "Only what is for OS/ARCHITECTURE[/VARIANT]; without it all that is there.")
    var platform: String?

    @Argument(help: "The archive, or - for standard output.")
    var file: String

    @Argument(help: "Names of images.")
    var references: [String]

    func run() throws {
        try reporting { console in
            let client = try connection.client(console)
            var target = Target(["v1", "images", "export"]).with("namespace", namespace.namespace)
            for reference in references { target = target.with("name", reference) }
            if let platform { target = target.with("platform", platform) }
            if file == "-" {
                guard isatty(1) == 0 else { throw ClientFailure.usage("an archive is not for a terminal: name a file") }
                do {
                    try client.copy(target)
                } catch is Console.Closed {
                    throw ClientFailure.failed("standard output was closed before the archive was complete")
                }
                return
            }
            try ArchiveFile.write(file) { output in try write(client, target, to: output, console) }
        }
    }

    private func write(_ client: APIClient, _ target: Target, to output: Int32, _ console: Console) throws {
        var written: Int64 = 0
        defer { console.clearProgress() }
        try client.receive(HTTPRequest("GET", target.description, accept: "*/*")) { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(output, $0.baseAddress, $0.count) }
                if count < 0 {
                    if errno == EINTR { continue }
                    throw ClientFailure.failed("\(file): \(unsafe String(cString: strerror(errno)))")
                }
                rest = rest.dropFirst(count)
            }
            written += Int64(bytes.count)
            console.progress("\(file): \(ByteText.short(written))")
            return .more
        }
    }
}

struct ImageInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show everything about an image, as JSON."
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: ImageNamespaceOption

    @Option(help: "OS/ARCHITECTURE[/VARIANT] in the place of this machine's.")
    var platform: String?

    @Option(name: [.customShort("o"), .long], help: "json or yaml.")
    var output: OutputFormat?

    @Argument(help: "Names of images.")
    var references: [String]

    func run() throws {
        try reporting { console in
            let client = try connection.client(console)
            for reference in references {
                var target = Target(["v1", "images", "inspect"]).with("name", reference)
                    .with("namespace", namespace.namespace)
                if let platform { target = target.with("platform", platform) }
                let answer = try client.json("GET", target)
                if output == .yaml {
                    try console.output(Array(YAMLText.encode(answer).utf8))
                } else {
                    try console.output(answer.bytes(pretty: true) + [0x0A])
                }
            }
        }
    }
}

struct ImageHistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "history", abstract: "Show how an image was made.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: ImageNamespaceOption

    @Flag(name: .customLong("no-trunc"), help: "Do not shorten what is long.")
    var isWhole = false

    @Option(name: [.customShort("o"), .long], help: "One of json, yaml.")
    var output: OutputFormat?

    @Argument(help: "The name of the image.")
    var reference: String

    func run() throws {
        try reporting { console in
            let target = Target(["v1", "images", "history"]).with("name", reference)
                .with("namespace", namespace.namespace)
            let answer = try connection.client(console).json("GET", target)
            switch output {
            case .json: try console.output(answer.bytes(pretty: true) + [0x0A])
            case .yaml: try console.output(Array(YAMLText.encode(answer).utf8))
            default:
                for line in ImageHistoryCommand.table(answer, isWhole: isWhole) { try console.line(line) }
            }
        }
    }

    static func table(_ answer: JSONValue, isWhole: Bool) -> [String] {
        var layout = ColumnLayout()
        let rows = (answer["history"]?.arrayValue ?? []).map { step in
            let digest = step["digest"]?.stringValue ?? "<missing>"
            let command = Terminal.safe(step["createdBy"]?.stringValue ?? "").replacing("\n", with: " ")
            return [
                isWhole ? digest : TransferProgress.short(digest), Terminal.safe(step["created"]?.stringValue ?? ""),
                isWhole || command.count <= 60 ? command : command.prefix(59) + "…",
                ByteText.short(step["sizeBytes"]?.int64Value ?? 0), Terminal.safe(step["comment"]?.stringValue ?? ""),
            ]
        }
        return layout.lines([["LAYER", "CREATED", "CREATED BY", "SIZE", "COMMENT"]] + rows)
    }
}

struct ImagePruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove content that no image needs; with --all also images that no container is made of."
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: ImageNamespaceOption

    @Flag(name: [.customShort("a"), .long], help: "Also remove images that no pod uses.")
    var all = false

    func run() throws {
        try reporting { console in
            var target = Target(["v1", "images", "prune"]).with("namespace", namespace.namespace)
            if all { target = target.with("all", "true") }
            let answer = try connection.client(console).json("POST", target)
            for name in answer["removed"]?.arrayValue ?? [] {
                try console.line("image \"\(Terminal.safe(name.stringValue ?? ""))\" removed")
            }
            try console.line("Total reclaimed space: \(ByteText.short(answer["reclaimedBytes"]?.int64Value ?? 0))")
        }
    }
}

struct ImageLabelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "label", abstract: "Set labels of an image.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: ImageNamespaceOption

    @Argument(help: "The name of the image.")
    var reference: String

    @OptionGroup var labels: LabelArguments

    func run() throws {
        try reporting { console in
            let target = Target(["v1", "images", "labels"]).with("name", reference)
                .with("namespace", namespace.namespace)
            let changes = try LabelArguments.changes(labels.labels)
            let answer = try connection.client(console).json("PATCH", target, body: changes)
            try console.line(StoreListOptions.labels.text(answer))
        }
    }
}

struct ImageWhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Say what happened to an image's name: who brought, moved and removed it, and why."
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: ImageNamespaceOption

    @Argument(help: "The name of the image.")
    var reference: String

    func run() throws {
        try reporting { console in
            let target = Target(["v1", "images", "why"]).with("name", reference)
                .with("namespace", namespace.namespace)
            try connection.client(console).copy(target)
        }
    }
}
