import Linux
import TTRPC

/// Starts shims and runs their `delete` action, by the contract of shim v2 (containerd, core/runtime/v2/README.md).
struct ShimProcess: Sendable {
    let configuration: CoreConfiguration
    let namespace: String
    let id: String

    private var bundle: String { configuration.bundle(namespace: namespace, id: id) }

    private var arguments: [String] {
        [
            configuration.shim, "-namespace", namespace, "-address", configuration.address,
            "-publish-binary", "/proc/self/exe", "-id", id,
        ]
    }

    private var environment: [String] {
        [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "TTRPC_ADDRESS=\(configuration.eventsSocket)",
            "GRPC_ADDRESS=\(configuration.address)",
            "NAMESPACE=\(namespace)",
            "MAX_SHIM_VERSION=3",
            "GOMAXPROCS=2",
            "SWIFTLET_SHIM_SOCKET_DIR=\(configuration.shimSockets)",
        ]
    }

    /// Starts the long-lived shim and returns the path of its socket. Blocks until the shim listens.
    ///
    /// The bundle directory must exist. Standard input is empty, and standard output and error share a pipe, as
    /// containerd does it: what is printed is the address, in one of the three forms that shims use.
    func start() throws(CoreError) -> String {
        let outcome: Spawn.Outcome
        do {
            outcome = try Spawn.run(
                arguments + ["start"],
                environment: environment,
                workingDirectory: bundle,
                mergeErrors: true
            )
        } catch {
            throw .shimStart(id: id, message: "\(error); is the shim beside the agent's binary?")
        }
        let text = String(decoding: outcome.output, as: UTF8.self)
        guard outcome.code == 0 else {
            throw .shimStart(id: id, message: "it ended with code \(outcome.code): \(text)")
        }
        guard let address = Self.address(in: outcome.output) else {
            throw .shimStart(id: id, message: "it printed no address but: \(text)")
        }
        return address
    }

    /// The path of the socket in what a shim printed: a plain address, JSON, or a protobuf BootstrapResult.
    static func address(in output: [UInt8]) -> String? {
        // In all three forms the address is the only text that begins with unix://; it holds no quote, blank or control byte.
        let marker = Array("unix://".utf8)
        guard output.count > marker.count else { return nil }
        for start in 0...(output.count - marker.count) where Array(output[start..<start + marker.count]) == marker {
            let rest = output[(start + marker.count)...]
            let path = rest.prefix { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 < 0x7F }
            return path.isEmpty ? nil : String(decoding: path, as: UTF8.self)
        }
        return nil
    }

    /// Cleans up after a shim that is gone: kills what it left, unmounts, removes cgroups. Idempotent. Blocks.
    func delete(bundle target: String? = nil) throws(CoreError) {
        let target = target ?? bundle
        let outcome: Spawn.Outcome
        do {
            outcome = try Spawn.run(
                arguments + ["-bundle", target, "delete"],
                environment: environment,
                workingDirectory: target
            )
        } catch {
            throw .shimStart(id: id, message: "cannot run its delete action: \(error)")
        }
        guard outcome.code == 0 else {
            let text = String(decoding: outcome.errors, as: UTF8.self)
            throw .shimStart(id: id, message: "its delete action ended with code \(outcome.code): \(text)")
        }
    }
}
