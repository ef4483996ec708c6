import ArgumentParser
import JSON

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Print what a container of a pod wrote.",
        usage: "swiftlet logs POD [-c CONTAINER] [-f] [-p] [--tail N] [--since 5m] [-n NAMESPACE]",
        discussion: "swiftlet logs web | swiftlet logs web -c sidecar -f --tail 20"
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: NamespaceOption

    @Option(name: [.customShort("c"), .long], help: "The container. (default: the pod's first)")
    var container: String?

    @Flag(name: .long, help: "One container after the other, init containers first.")
    var allContainers = false

    @Flag(name: [.customShort("f"), .long], help: "Go on printing until the container ends.")
    var follow = false

    @Flag(name: [.customShort("p"), .long], help: "Of the container's instance before the last restart.")
    var previous = false

    @Flag(help: "Put the time before each line.")
    var timestamps = false

    @Option(parsing: .unconditional, help: "Only the last lines; -1 for all.")
    var tail: Int = -1

    @Option(help: "Only lines newer than this: 30s, 5m, 2h.")
    var since: String?

    @Option(name: .long, help: "Only lines after this time (RFC 3339).")
    var sinceTime: String?

    @Option(name: .long, help: "At most so many bytes.")
    var limitBytes: Int?

    @Argument(help: "The pod's name, or pod/NAME.")
    var pod: String

    @Argument(help: "The container's name; the same as -c.")
    var containerArgument: String?

    func run() throws {
        try reporting { console in
            guard since == nil || sinceTime == nil else {
                throw ClientFailure.usage("only one of --since or --since-time may be used")
            }
            let client = try connection.client(console)
            let name = try podName()
            let target = ResourceKind.pods.target(namespace: namespace.name, name: name)
            let containers: [String]
            if let named = container ?? containerArgument {
                guard !allContainers else {
                    throw ClientFailure.usage("--all-containers cannot be specified together with a container")
                }
                containers = [named]
            } else {
                let choice = ContainerChoice(pod: try client.json("GET", target))
                containers = allContainers ? choice.all : choice.preferred.map { [$0] } ?? []
                if !allContainers, let notice = choice.notice { console.note(notice) }
            }
            for container in containers { try client.copy(try logTarget(name, container), accept: "text/plain") }
        }
    }

    private func podName() throws(ClientFailure) -> String {
        guard pod.contains("/") else { return pod }
        let arguments = try ResourceArguments([pod])
        guard arguments.kind == .pods, let name = arguments.names.first else { throw .usage("logs are of pods") }
        return name
    }

    private func logTarget(_ name: String, _ container: String) throws -> Target {
        ResourceKind.pods.target(namespace: namespace.name, name: name, subresource: "log")
            .with("container", container)
            .with("follow", follow ? "true" : nil)
            .with("previous", previous ? "true" : nil)
            .with("timestamps", timestamps ? "true" : nil)
            .with("tailLines", tail >= 0 ? String(tail) : nil)
            .with("sinceSeconds", try since.map { String(try DurationText.seconds($0)) })
            .with("sinceTime", sinceTime)
            .with("limitBytes", limitBytes.map { String($0) })
    }
}

/// Which container of a pod is meant when none is named.
struct ContainerChoice {
    /// Init containers first.
    let all: [String]
    let preferred: String?
    /// What a person is told about the choice; nil if there was none.
    let notice: String?

    init(pod: JSONValue) {
        func names(_ field: String) -> [String] {
            (pod["spec"]?[field]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
        }
        let main = names("containers")
        let initial = names("initContainers")
        all = initial + main
        let annotated = pod["metadata"]?["annotations"]?["kubectl.kubernetes.io/default-container"]?.stringValue
        if let annotated, all.contains(annotated) {
            preferred = annotated
            notice = nil
        } else {
            preferred = main.first
            let others = main + initial.map { "\($0) (init)" }
            notice = main.first.flatMap { first in
                others.count > 1 ? "Defaulted container \"\(first)\" out of: \(others.joined(separator: ", "))" : nil
            }
        }
    }
}

/// Durations as Go writes them: "1h30m", "90s", "500ms".
enum DurationText {
    private static let units: [(name: String, seconds: Double)] = [
        ("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600),
    ]

    /// Whole seconds, rounded up.
    static func seconds(_ text: String) throws(ClientFailure) -> Int {
        var rest = text[...]
        var total = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let value = Double(number), let factor = units.first(where: { $0.name == unit })?.seconds else {
                throw .usage("invalid duration \"\(text)\": expected something like 30s, 5m or 1h30m")
            }
            total += value * factor
        }
        guard !text.isEmpty, total < 1e12 else { throw .usage("invalid duration \"\(text)\"") }
        return Int(total.rounded(.up))
    }
}
