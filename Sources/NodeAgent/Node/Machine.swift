import Glibc
import Linux

/// What the agent knows of the machine it runs on, read once at its start.
package struct Machine: Hashable, Sendable {
    package var hostName: String
    package var kernelVersion: String
    /// "amd64", "arm64".
    package var architecture: String
    /// "Debian GNU/Linux 12 (bookworm)".
    package var operatingSystem: String
    package var machineID: String
    package var systemUUID: String
    /// Changes with every boot.
    package var bootID: String
    package var processors: Int
    package var memoryBytes: Int64
    package var diskBytes: Int64
    /// The primary address of the node.
    package var addresses: [String]

    /// - Parameter root: The directory whose file system counts as the node's storage.
    package static func read(root: String) -> Machine {
        var names = utsname()
        _ = unsafe uname(&names)
        let machine = text(&names.machine)
        // Files that a minimal system lacks leave the field empty; that is what kubelet reports as well.
        let release = (try? Files.readText("/etc/os-release")) ?? ""
        return Machine(
            hostName: text(&names.nodename),
            kernelVersion: text(&names.release),
            architecture: ["x86_64": "amd64", "aarch64": "arm64"][machine] ?? machine,
            operatingSystem: value("PRETTY_NAME", in: release) ?? "Linux",
            machineID: (try? Files.readText("/etc/machine-id")) ?? "",
            systemUUID: (try? Files.readText("/sys/class/dmi/id/product_uuid")) ?? "",
            bootID: (try? Files.readText("/proc/sys/kernel/random/boot_id")) ?? "",
            processors: max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))),
            memoryBytes: Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE))),
            diskBytes: diskSize(root),
            addresses: primaryAddresses()
        )
    }

    private static func value(_ key: String, in text: String) -> String? {
        for line in text.split(separator: "\n") where line.hasPrefix(key + "=") {
            return line.dropFirst(key.count + 1).filter { $0 != "\"" }
        }
        return nil
    }

    private static func diskSize(_ path: String) -> Int64 {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else { return 0 }
        return Int64(status.f_blocks) * Int64(status.f_frsize)
    }

    /// The address from which packets to others would leave (no packet is sent), else loopback.
    private static func primaryAddresses() -> [String] {
        let number = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        guard number >= 0 else { return ["127.0.0.1"] }
        let socket = Descriptor(owning: number)
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = UInt16(53).bigEndian
        target.sin_addr.s_addr = UInt32(0xC000_0201).bigEndian  // 192.0.2.1, reserved for documentation (RFC 5737)
        var own = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let raw = socket.raw
        let connected = unsafe withUnsafePointer(to: &target) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe connect(raw, $0, length) }
        }
        guard connected == 0 else { return ["127.0.0.1"] }
        let named = unsafe withUnsafeMutablePointer(to: &own) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(raw, $0, &length) }
        }
        guard named == 0, own.sin_addr.s_addr != 0 else { return ["127.0.0.1"] }
        let address = UInt32(bigEndian: own.sin_addr.s_addr)
        return [(0..<4).map { String(address >> (24 - 8 * $0) & 0xFF) }.joined(separator: ".")]
    }
}

/// The text in a fixed array of characters, up to its zero byte.
private func text<Tuple>(_ tuple: inout Tuple) -> String {
    unsafe withUnsafeBytes(of: &tuple) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
