import JSON
import Linux

/// The end of a container on disk, `exit.json` in its bundle: written before anybody is told, removed by Delete.
///
/// An agent that finds the shim dead reads it from there.
struct ExitRecord: Equatable {
    static let fileName = "exit.json"

    let pid: Int32
    let exitStatus: UInt32
    /// Nanoseconds since 1970.
    let exitedAt: Int64
    /// The kernel killed in the container's cgroup for want of memory.
    let oomKilled: Bool

    var json: [UInt8] {
        let object: JSONValue = [
            "pid": .number(JSONNumber(pid)),
            "exitStatus": .number(JSONNumber(exitStatus)),
            "exitedAt": .string(TimestampText.text(exitedAt)),
            "exitedAtNanos": .number(JSONNumber(exitedAt)),
            "oomKilled": .bool(oomKilled),
        ]
        return object.bytes() + [UInt8(ascii: "\n")]
    }

    func write(to bundle: String) throws(SysError) {
        try Files.replace(bundle + "/" + Self.fileName, with: json)
    }

    /// The record of a bundle, or nil if there is none that can be read.
    static func read(from bundle: String) -> ExitRecord? {
        // Absent is the normal case; a broken file cannot happen (it is renamed into place), and would say nothing.
        guard let bytes = try? Files.read(bundle + "/" + fileName), let value = try? JSONValue(parsing: bytes),
            let pid = value["pid"]?.int64Value, let status = value["exitStatus"]?.int64Value,
            let time = value["exitedAtNanos"]?.int64Value
        else { return nil }
        return ExitRecord(
            pid: Int32(truncatingIfNeeded: pid),
            exitStatus: UInt32(truncatingIfNeeded: status),
            exitedAt: time,
            oomKilled: value["oomKilled"]?.boolValue ?? false
        )
    }
}

/// What the machine did not allow when a container was made (clamped limits, capabilities not held): `warnings.json` in
/// its bundle, an array of sentences, for the agent to turn into events. Shim v2 has no field for it.
enum Warnings {
    static let fileName = "warnings.json"

    static func record(_ warnings: [String], bundle: String) {
        guard !warnings.isEmpty else { return }
        do {
            let value = JSONValue.array(warnings.map { .string($0) })
            try Files.replaceUnsynced(bundle + "/" + fileName, with: value.bytes())
        } catch {
            ShimLog.warning("warnings.json: \(error)")
        }
    }
}
