import ArgumentParser
import JSON

struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Show what pods or the node use.",
        usage: "swiftlet top [pods|nodes] [NAME] [-n NAMESPACE | -A] [--containers]",
        discussion: "swiftlet top pods -A --containers"
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: NamespaceOption

    @Flag(name: [.customShort("A"), .long], help: "Pods of all namespaces.")
    var allNamespaces = false

    @Flag(help: "One line for each container.")
    var containers = false

    @Flag(help: "Print no headings.")
    var noHeaders = false

    @Argument(help: "pods (pod, po) or nodes (node, no).")
    var kind = "pods"

    @Argument(help: "The name of one pod or node.")
    var name: String?

    func run() throws {
        try reporting { console in
            let summary = try connection.client(console).json(
                "GET",
                Target(["stats", "summary"]).with("only_cpu_and_memory", "true")
            )
            let table: [[String]]
            switch kind {
            case "pods", "pod", "po": table = try podRows(summary, console)
            case "nodes", "node", "no": table = try nodeRows(summary)
            default: throw ClientFailure.usage("top knows pods and nodes, not \"\(kind)\"")
            }
            var layout = ColumnLayout()
            for line in layout.lines(noHeaders ? Array(table.dropFirst()) : table) { try console.line(line) }
        }
    }

    private func podRows(_ summary: JSONValue, _ console: Console) throws -> [[String]] {
        var header = ["CPU(cores)", "MEMORY(bytes)"]
        header.insert(contentsOf: (allNamespaces ? ["NAMESPACE"] : []) + [containers ? "POD" : "NAME"], at: 0)
        if containers { header.insert("NAME", at: header.count - 2) }
        var rows = [header]
        for pod in summary["pods"]?.arrayValue ?? [] {
            let podName = pod["podRef"]?["name"]?.stringValue ?? ""
            let space = pod["podRef"]?["namespace"]?.stringValue ?? ""
            guard allNamespaces || space == namespace.name, name == nil || name == podName else { continue }
            let prefix = (allNamespaces ? [space] : []) + [podName]
            if containers {
                for container in pod["containers"]?.arrayValue ?? [] {
                    rows.append(prefix + [container["name"]?.stringValue ?? ""] + Self.numbers(container))
                }
            } else {
                rows.append(prefix + Self.numbers(pod))
            }
        }
        guard rows.count > 1 else {
            if let name { throw ClientFailure.failed("pod \"\(name)\" does not run in namespace \(namespace.name)") }
            console.note(allNamespaces ? "No resources found" : "No resources found in \(namespace.name) namespace.")
            return []
        }
        return rows
    }

    private func nodeRows(_ summary: JSONValue) throws -> [[String]] {
        let node = summary["node"] ?? .null
        let own = node["nodeName"]?.stringValue ?? ""
        guard name == nil || name == own else { throw ClientFailure.failed("nodes \"\(name ?? "")\" not found") }
        return [["NAME", "CPU(cores)", "MEMORY(bytes)"], [own] + Self.numbers(node)]
    }

    /// kubectl's units: thousandths of a core, and MiB.
    private static func numbers(_ object: JSONValue) -> [String] {
        let cores = object["cpu"]?["usageNanoCores"]?.int64Value.map { "\(($0 + 999_999) / 1_000_000)m" }
        let memory = object["memory"]?["workingSetBytes"]?.int64Value.map { "\($0 >> 20)Mi" }
        return [cores ?? "<unknown>", memory ?? "<unknown>"]
    }
}
