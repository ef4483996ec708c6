import JSON
import Linux
import OCI
import OCIRuntime

/// `state`, `list` and `ps`.
enum Listing {
    static func record(_ container: Container) throws -> JSONObject {
        let state = try container.state()
        var record: JSONObject = [
            "ociVersion": .string(state.ociVersion),
            "id": .string(state.id),
            "pid": .number(JSONNumber(Int64(state.pid ?? 0))),
            "status": .string(state.status.rawValue),
            "bundle": .string(state.bundle),
            "rootfs": .string(container.rootfs),
            "created": .string(container.created),
        ]
        if let annotations = state.annotations, !annotations.isEmpty {
            record["annotations"] = try JSONCoding.value(of: annotations)
        }
        record["owner"] = .string(container.owner == 0 ? "root" : String(container.owner))
        return record
    }

    static func stateText(_ container: Container) throws -> String {
        JSONValue.object(try record(container)).text(pretty: true)
    }

    static func list(_ words: ArraySlice<String>, _ root: RuntimeRoot) throws -> Int32 {
        let arguments = try Arguments(
            words,
            Arguments.Grammar(switches: ["quiet"], options: ["format"], short: ["q": "quiet", "f": "format"])
        )
        var records: [JSONObject] = []
        for id in try root.containers() {
            do {
                records.append(try record(try Container.load(id: id, root: root)))
            } catch let error as RuntimeError where error.kind == .notFound {
                continue  // deleted meanwhile
            }
        }
        func text(_ record: JSONObject, _ key: String) -> String {
            record[key]?.stringValue ?? record[key]?.int64Value.map { String($0) } ?? ""
        }
        if arguments.has("quiet") {
            for record in records { StandardStreams.output(text(record, "id") + "\n") }
            return 0
        }
        switch arguments.value("format") ?? "table" {
        case "json":
            StandardStreams.output(JSONValue.array(records.map { .object($0) }).text() + "\n")
        case "table":
            let keys = ["id", "pid", "status", "bundle", "created", "owner"]
            let rows = [keys.map { $0.uppercased() }] + records.map { record in keys.map { text(record, $0) } }
            StandardStreams.output(table(rows))
        case let other: throw UsageError(description: "invalid format option \"\(other)\"")
        }
        return 0
    }

    private static func table(_ rows: [[String]]) -> String {
        let count = rows.first?.count ?? 0
        let widths = (0..<count).map { column in (rows.map { $0[column].count }.max() ?? 0) + 3 }
        return rows.map { row in
            row.indices.map { column in
                column == count - 1
                    ? row[column] : row[column] + String(repeating: " ", count: widths[column] - row[column].count)
            }.joined() + "\n"
        }.joined()
    }

    static func processes(_ words: ArraySlice<String>, _ root: RuntimeRoot) throws -> Int32 {
        let arguments = try Arguments(words, Arguments.Grammar(options: ["format"], short: ["f": "format"]))
        guard let id = arguments.operands.first else {
            throw UsageError(description: "\"ps\" requires a container id")
        }
        let pids = try Container.load(id: id, root: root).processes()
        switch arguments.value("format") ?? "table" {
        case "json":
            StandardStreams.output(JSONValue.array(pids.map { .number(JSONNumber(Int64($0))) }).text() + "\n")
        case "table":
            StandardStreams.output("PID\n" + pids.map { "\($0)\n" }.joined())
        case let other: throw UsageError(description: "invalid format option \"\(other)\"")
        }
        return 0
    }
}
