import ArgumentParser
import Glibc
import JSON

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "Pull, push, import, export, list and remove images.",
        subcommands: [
            ImagePullCommand.self, ImagePushCommand.self, ImageListCommand.self, ImageTagCommand.self,
            ImageRemoveCommand.self, ImageImportCommand.self, ImageExportCommand.self, ImageInspectCommand.self,
            ImageHistoryCommand.self, ImagePruneCommand.self, ImageLabelCommand.self, ImageWhyCommand.self,
        ],
        aliases: ["images"]
    )
}

/// Images have namespaces of their own, as in containerd.
struct ImageNamespaceOption: ParsableArguments {
    @Option(name: [.customShort("n"), .long], help: "The namespace of the images; pods use k8s.io.")
    var namespace = "k8s.io"
}

struct ImageImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import images from archives (docker save, or an OCI layout; also gzip and zstd).",
        usage: "swiftlet image import FILE|- ... [-n NAMESPACE] [-o json]",
        discussion: "docker save bb:1 | swiftlet image import -"
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: ImageNamespaceOption

    @Option(name: [.customShort("o"), .long], help: "json shows what happens as one JSON object a line.")
    var output: OutputFormat?

    @Flag(name: [.customShort("q"), .long], help: "Show no progress.")
    var quiet = false

    @Argument(help: "Archives, or - for standard input.")
    var files: [String]

    func run() throws {
        try reporting { console in
            var importer = ImageImporter(client: try connection.client(console), namespace: namespace.namespace)
            importer.showsLines = output == .json
            importer.isQuiet = quiet
            for file in files {
                let names = try importer.run(file)
                if output != .json { for name in names { try console.line(name) } }
            }
        }
    }
}

/// Sends an archive and shows how far it is.
struct ImageImporter {
    let client: APIClient
    let namespace: String
    /// Copies the agent's lines to standard output.
    var showsLines = false
    var isQuiet = false

    /// - Returns: The names of the images in the archive.
    func run(_ path: String) throws -> [String] {
        let descriptor = try LocalFile.open(path)
        defer { if descriptor != 0 { close(descriptor) } }
        guard !LocalFile.isDirectory(path) else {
            throw ClientFailure.usage("\(path) is a directory; pack it first: tar -C \(path) -cf image.tar .")
        }
        let console = client.console
        let size = LocalFile.size(descriptor)
        let target = Target(["v1", "images", "import"]).with("namespace", namespace)
        var request = HTTPRequest("POST", target.description, accept: "application/x-ndjson, application/json")
        request.body = .file(descriptor, size: size, contentType: "application/x-tar")
        let showsProgress = !isQuiet && !showsLines
        if showsProgress {
            request.sent = { sent in
                console.progress(ImageImporter.progress(path, sent: sent, of: size, columns: Console.size().columns))
            }
        }
        var answer = ImportAnswer()
        defer { console.clearProgress() }
        try client.lines(request) { line in
            if showsLines, !line.isEmpty { try console.output(line + [0x0A]) }
            if let progress = try answer.take(line), showsProgress { console.note("\(path): \(progress)") }
            return .more
        }
        return try answer.images(source: path)
    }

    /// How much of an archive is sent; when all is, the agent is at work.
    static func progress(_ path: String, sent: Int64, of size: Int64?, columns: Int) -> String {
        guard let size, size > 0 else { return "\(path): sent \(ByteText.short(sent))" }
        if sent >= size { return "\(path): sent \(ByteText.short(size)), unpacking" }
        return "\(path)  " + ByteText.bar(sent, of: size, columns: columns - path.count - 3)
    }
}

/// The lines with which the agent answers an import: progress, and last the images or an error.
struct ImportAnswer {
    private var images: [String]?

    /// - Returns: Progress for a person to see.
    /// - Throws: The error that the agent reports.
    mutating func take(_ line: [UInt8]) throws -> String? {
        guard !line.isEmpty else { return nil }
        let value: JSONValue
        do { value = try JSONValue(parsing: line, limits: .client) } catch {
            throw ClientFailure.failed("a line of the answer is not JSON: \(error)")
        }
        if let error = value["error"] { throw ClientFailure(status: error) }
        if value["kind"]?.stringValue == "Status" { throw ClientFailure(status: value) }
        if let list = value["images"]?.arrayValue {
            images = (images ?? []) + list.compactMap { $0.stringValue ?? $0["name"]?.stringValue }
            return nil
        }
        // How much was read is of no interest beside how much was sent.
        guard value["status"]?.stringValue == "stored" else { return nil }
        let name = TransferProgress.short(value["id"]?.stringValue ?? "")
        return Terminal.safeLine("\(name): stored \(ByteText.short(value["total"]?.int64Value ?? 0))")
    }

    func images(source: String) throws(ClientFailure) -> [String] {
        guard let images else {
            throw .failed(
                "\(source): the agent ended its answer without saying what it imported; see: swiftlet image ls"
            )
        }
        return images
    }
}

struct ImageListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "ls", abstract: "List images.", aliases: ["list"])

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: ImageNamespaceOption

    @Option(name: [.customShort("o"), .long], help: "One of json, yaml, wide, name.")
    var output: OutputFormat?

    @Flag(name: [.customShort("q"), .long], help: "Show only names; the same as -o name.")
    var quiet = false

    func run() throws {
        try reporting { console in
            let target = Target(["v1", "images"]).with("namespace", namespace.namespace)
            let answer = try connection.client(console).json("GET", target)
            let output = quiet ? OutputFormat.name : output
            switch output {
            case .json: try console.output(answer.bytes(pretty: true, sortedKeys: true) + [0x0A])
            case .yaml: try console.output(Array(YAMLText.encode(answer).utf8))
            default:
                let images = ImageRow.rows(answer)
                if output == .name {
                    for image in images { try console.line(image.name) }
                    return
                }
                if images.isEmpty { console.note("No images found in namespace \(namespace.namespace).") }
                for line in ImageRow.table(images, isWide: output == .wide) { try console.line(line) }
            }
        }
    }
}

/// An image in the list.
struct ImageRow: Equatable {
    let name: String
    let digest: String
    let size: Int64

    /// - Parameter answer: `{"images":[{"name","target":{"digest"},"sizeBytes"}]}`
    static func rows(_ answer: JSONValue) -> [ImageRow] {
        (answer["images"] ?? answer["items"])?.arrayValue?.map { image in
            ImageRow(
                name: Terminal.safe(image["name"]?.stringValue ?? "<none>"),
                digest: Terminal.safe(image["target"]?["digest"]?.stringValue ?? image["digest"]?.stringValue ?? ""),
                size: image["sizeBytes"]?.int64Value ?? image["size"]?.int64Value ?? 0
            )
        }.sorted { $0.name < $1.name } ?? []
    }

    static func table(_ rows: [ImageRow], isWide: Bool) -> [String] {
        guard !rows.isEmpty else { return [] }
        var layout = ColumnLayout()
        return layout.lines(
            [["NAME", "DIGEST", "SIZE"]]
                + rows.map { row in
                    let short = row.digest.split(separator: ":").last.map { String($0.prefix(12)) } ?? ""
                    return [row.name, isWide ? row.digest : short, ByteText.short(row.size)]
                }
        )
    }
}

struct ImageRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove images by name.",
        usage: "swiftlet image rm NAME ... [-n NAMESPACE]",
        aliases: ["remove", "delete"]
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: ImageNamespaceOption

    @Argument(help: "Names of images, as `swiftlet image ls` shows them or shorter.")
    var references: [String]

    /// What there is to say of an image that containers use.
    static func note(_ reference: String, _ answer: JSONValue) -> String? {
        let ids = (answer["containers"]?.arrayValue ?? []).compactMap { $0.stringValue?.prefix(12) }
        guard let first = ids.first else { return nil }
        let users = ids.count == 1 ? "container \(first)" : "\(ids.count) containers (\(first), …)"
        return Terminal.safeLine(
            "image \"\(reference)\" is in use by \(users): what they run on stays until they are gone, but a container "
                + "that is made anew needs the image again"
        )
    }

    func run() throws {
        try reporting { console in
            let client = try connection.client(console)
            try console.each(references) { reference in
                let target = Target(["v1", "images"]).with("name", reference).with("namespace", namespace.namespace)
                let answer = try client.json("DELETE", target)
                try console.line("image \"\(reference)\" removed")
                if let note = ImageRemoveCommand.note(reference, answer) { console.note(note) }
            }
        }
    }
}

/// Sizes for people.
enum ByteText {
    /// "[====      ] 4.2MB/9.9MB", as wide as fits.
    static func bar(_ done: Int64, of total: Int64, columns: Int) -> String {
        let tail = " \(short(done))/\(short(total))"
        let width = max(5, min(40, columns - tail.count - 2))
        let filled = total > 0 ? Int(Int64(width) * min(done, total) / total) : 0
        return "[" + String(repeating: "=", count: filled) + String(repeating: " ", count: width - filled) + "]" + tail
    }

    /// "4.2MB", in steps of a thousand as docker shows them.
    static func short(_ bytes: Int64) -> String {
        let units = ["B", "kB", "MB", "GB", "TB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1000, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        if unit == 0 { return "\(bytes)B" }
        let tenths = (value * 10).rounded()
        let whole = Int64(tenths / 10)
        return tenths >= 1000
            ? "\(Int64(value.rounded()))\(units[unit])" : "\(whole).\(Int64(tenths) % 10)\(units[unit])"
    }
}
