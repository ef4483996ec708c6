import Glibc
import JSON
import Linux
import TTRPC

/// Where a shim listens and what it speaks: what its `start` action printed.
struct ShimAddress: Hashable, Sendable {
    /// The unix socket.
    var path: String
    /// Of the task service: 2 or 3.
    var version: Int

    var taskService: String { version >= 3 ? Shim.taskServiceV3 : Shim.taskServiceV2 }

    /// Reads what a shim printed: a protobuf BootstrapResult (containerd 2.3), JSON (2.0) or the address alone (1.x).
    ///
    /// - Throws: What is wrong with it, in words.
    static func parse(_ output: [UInt8]) throws(ShimAnswerError) -> ShimAddress {
        if let first = output.first, first == UInt8(ascii: "{") {
            // Half a JSON document is an answer that makes no sense, like any other text.
            guard let value = try? JSONValue(parsing: output), let address = value["address"]?.stringValue else {
                throw ShimAnswerError("it printed JSON without an address")
            }
            return try make(
                address,
                protocolName: value["protocol"]?.stringValue ?? "ttrpc",
                version: value["version"]?.int64Value.map(Int.init(clamping:)) ?? 2
            )
        }
        if let result = try? Shim.BootstrapResult(protobuf: output), !result.address.isEmpty {  // else it is plain text
            return try make(result.address, protocolName: result.protocolName, version: Int(result.version))
        }
        let text = String(decoding: output, as: UTF8.self)
        guard let line = text.split(whereSeparator: \.isWhitespace).last.map(String.init), line.hasPrefix("unix://")
        else { throw ShimAnswerError(text.isEmpty ? "it printed no address" : "it printed no address but: \(text)") }
        return try make(line, protocolName: "ttrpc", version: 2)
    }

    private static func make(
        _ address: String,
        protocolName: String,
        version: Int
    ) throws(ShimAnswerError) -> ShimAddress {
        guard protocolName.isEmpty || protocolName == "ttrpc" else {
            throw ShimAnswerError("it speaks \(protocolName); this agent speaks ttrpc to shims")
        }
        guard (2...3).contains(version) || version == 0 else {
            throw ShimAnswerError("it speaks version \(version) of the task service; this agent speaks 2 and 3")
        }
        let prefix = "unix://"
        let path = address.hasPrefix(prefix) ? String(address.dropFirst(prefix.count)) : address
        guard path.hasPrefix("/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ShimAnswerError("its address \"\(address)\" is not a unix socket")
        }
        return ShimAddress(path: path, version: version == 0 ? 2 : version)
    }

    // MARK: In the bundle

    private static let fileName = "bootstrap.json"

    /// Keeps the answer for the next agent, under the name that containerd uses.
    func save(_ bundle: String) throws(SysError) {
        let value = JSONValue.object([
            "version": .number(JSONNumber(version)), "address": .string("unix://" + path), "protocol": "ttrpc",
        ])
        try Files.replaceUnsynced(bundle + "/" + Self.fileName, with: value.bytes())
    }

    /// Removes what is kept of a shim that has ended.
    static func forget(_ bundle: String) {
        for name in [fileName, "address"] { _ = unsafe unlink(bundle + "/" + name) }
    }

    /// The file by which a shim is found again; nil if there is none.
    static func file(_ bundle: String) -> String? {
        [fileName, "address"].lazy.map { bundle + "/" + $0 }.first { Files.exists($0) }
    }

    /// The names of all such files.
    static func files(_ bundle: String) -> [String] { [fileName, "address"].map { bundle + "/" + $0 } }

    /// When a shim came up in a bundle, in microseconds since 1970; nil if none did, or ours has ended.
    static func savedAt(_ bundle: String) -> Int64? {
        [fileName, "address"].lazy.compactMap { Files.modified(bundle + "/" + $0) }.first
    }

    /// What an earlier agent, or our own shim itself, left in a bundle; nil if no shim came up there.
    static func load(_ bundle: String) -> ShimAddress? {
        for name in [fileName, "address"] {
            // Absent until a shim has started, and after ours has ended.
            if let bytes = try? Files.read(bundle + "/" + name), let address = try? parse(bytes) { return address }
        }
        return nil
    }
}

/// What a shim printed makes no sense.
struct ShimAnswerError: Error, Hashable, Sendable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
