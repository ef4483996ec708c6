import JSON
import Linux
import TTRPC

/// What the bundle of a container says of it, `container.json`: written before its shim hears of it.
struct ContainerRecord: Codable, Hashable, Sendable {
    static let fileName = "container.json"

    var id: String
    var sandboxID: String
    var image: String
    /// The shim that makes it, if that is not the sandbox's own.
    var foreign: ForeignShim?
    /// The cgroup of the container, relative to the root of each hierarchy.
    var cgroup: String?
    /// For people and for clients that look for containers by them.
    var labels: [String: String]?

    struct ForeignShim: Codable, Hashable, Sendable {
        /// The handler's name, for people.
        var handler: String
        /// The shim's binary.
        var program: String
    }

    static func file(_ bundle: String) -> String { bundle + "/" + fileName }

    func write(_ bundle: String) throws {
        try Files.replaceUnsynced(Self.file(bundle), with: JSONCoding.encode(self))
    }

    /// When the record was written, in microseconds since 1970.
    static func writtenAt(_ bundle: String) -> Int64? { Files.modified(bundle + "/" + fileName) }

    /// Nil if the bundle is a sandbox's own, or not there.
    ///
    /// - Throws: What keeps a record that is there from being read.
    static func read(_ bundle: String) throws -> ContainerRecord? {
        let file = bundle + "/" + fileName
        guard Files.exists(file) else { return nil }
        return try JSONCoding.decode(ContainerRecord.self, from: Files.read(file))
    }
}

/// The exit of a container on disk, `exit.json` in its bundle: written before anybody is told.
///
/// Our own shim writes it; for other shims the agent does, before it lets the shim forget the task.
enum ExitFile {
    private static let fileName = "/exit.json"

    static func read(_ id: String, bundle: String) -> TaskExit? {
        guard
            let bytes = try? Files.read(bundle + fileName),  // most containers have not ended
            let record = try? JSONValue(parsing: bytes),  // written atomically: never half a file
            let status = record["exitStatus"]?.int64Value,
            let exitedAt = record["exitedAtNanos"]?.int64Value
        else { return nil }
        return TaskExit(
            containerID: id,
            pid: Int32(truncatingIfNeeded: record["pid"]?.int64Value ?? 0),
            status: Int32(truncatingIfNeeded: status),
            exitedAt: exitedAt / 1000,
            oomKilled: record["oomKilled"]?.boolValue ?? false
        )
    }

    static func write(_ exit: TaskExit, bundle: String) throws(SysError) {
        let value = JSONValue.object([
            "pid": .number(JSONNumber(exit.pid)),
            "exitStatus": .number(JSONNumber(exit.status)),
            "exitedAtNanos": .number(JSONNumber(exit.exitedAt * 1000)),
            "oomKilled": .bool(exit.oomKilled),
        ])
        try Files.replace(bundle + fileName, with: value.bytes())
    }
}
