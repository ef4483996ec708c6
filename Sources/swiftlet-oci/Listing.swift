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

    static func list(_ arguments: Arguments, _ globals: Globals) throws {
        var records: [JSONObject] = []
        for id in try globals.root.containers() {
            do {
                records.append(try record(try Container.load(id: id, root: globals.root)))
            } catch let error as RuntimeError where error.kind == .notFound {
                continue  // deleted meanwhile
            } catch {
                // One that is damaged must not hide the others.
                globals.log.warn("container \"\(id)\" is not listed: \(error)")
            }
        }
        func text(_ record: JSONObject, _ key: String) -> String {
            record[key]?.stringValue ?? record[key]?.int64Value.map { String($0) } ?? ""
        }
        if arguments.has("quiet") {
            for record in records { StandardStreams.output(text(record, "id") + "\n") }
            return
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
    }

    private static func table(_ rows: [[String]]) -> String {
        let count = rows.first?.count ?? 0
        let widths = (0..<count).map { column in max(12, (rows.map { $0[column].count }.max() ?? 0) + 3) }
        return rows.map { row in
            row.indices.map { column in
                column == count - 1
                    ? row[column] : row[column] + String(repeating: " ", count: widths[column] - row[column].count)
            }.joined() + "\n"
        }.joined()
    }

    static func processes(_ arguments: Arguments, _ container: Container) throws {
        let pids = try container.processes()
        switch arguments.value("format") ?? "table" {
        case "json":
            StandardStreams.output(JSONValue.array(pids.map { .number(JSONNumber(Int64($0))) }).text() + "\n")
        case "table": try table(of: pids, options: Array(arguments.words.dropFirst()))
        case let other: throw UsageError(description: "invalid format option \"\(other)\"")
        }
    }

    /// What ps(1) says about them: its header, and the lines whose column PID is one of theirs.
    private static func table(of pids: [Int32], options: [String]) throws {
        let command = ["ps"] + (options.isEmpty ? ["-ef"] : options)
        let outcome: Spawn.Outcome
        do {
            outcome = try Spawn.run(command, environment: ProcessEnvironment.all)
        } catch {
            throw UsageError(description: "ps: \(error); install procps, or use --format json")
        }
        let text = String(decoding: outcome.output, as: UTF8.self)
        guard outcome.code == 0 else {
            let errors = String(decoding: outcome.errors, as: UTF8.self).split(separator: "\n").first ?? ""
            throw UsageError(description: "ps: exit status \(outcome.code): \(errors)")
        }
        let lines = text.split(separator: "\n")
        guard let header = lines.first,
            let column = header.split(separator: " ").firstIndex(where: { $0 == "PID" })
        else { throw UsageError(description: "couldn't find PID field in ps output") }
        StandardStreams.output(header + "\n")
        for line in lines.dropFirst() {
            let fields = line.split(separator: " ")
            guard fields.count > column, let pid = Int32(fields[column]), pids.contains(pid) else { continue }
            StandardStreams.output(line + "\n")
        }
    }
}
