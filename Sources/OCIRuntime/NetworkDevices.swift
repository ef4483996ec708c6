import Linux
import OCI

/// Network devices of the host that a container gets (config-linux.md, "Network Devices").
struct NetworkDevices: Hashable, Sendable {
    struct Move: Hashable, Sendable {
        var device: String
        var name: String
    }

    /// Sorted by the name on the host.
    let moves: [Move]

    init(_ devices: [String: RuntimeSpec.NetDevice]) throws(RuntimeError) {
        var moves: [Move] = []
        for (device, wanted) in devices.sorted(by: { $0.key < $1.key }) {
            let name = wanted.name.flatMap { $0.isEmpty ? nil : $0 } ?? device
            for text in [device, name] where !Self.isValid(text) {
                throw RuntimeError(
                    .invalid,
                    step: "config.json",
                    subject: "linux.netDevices",
                    cause: "\"\(text.prefix(64))\" cannot be the name of a network device"
                )
            }
            if moves.contains(where: { $0.name == name }) {
                throw RuntimeError(
                    .invalid,
                    step: "config.json",
                    subject: "linux.netDevices",
                    cause: "two devices would be called \"\(name)\""
                )
            }
            moves.append(Move(device: device, name: name))
        }
        self.moves = moves
    }

    /// The kernel's rule (dev_valid_name).
    private static func isValid(_ name: String) -> Bool {
        let bytes = name.utf8
        return (1...15).contains(bytes.count) && name != "." && name != ".."
            && bytes.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") }
    }

    /// Moves them into the network namespace of a process.
    func move(to pid: Int32) throws(RuntimeError) {
        if moves.isEmpty { return }
        try doing("move the network device") { () throws(SysError) in
            let namespace = try Descriptor.open("/proc/\(pid)/ns/net", Descriptor.readOnly)
            for move in moves { try NetworkDevice.move(move.device, to: namespace.raw, as: move.name) }
        }
    }
}
