import Glibc
import Linux
import TTRPC

/// Starts shims and runs their `delete` action, by the contract of shim v2 (containerd, core/runtime/v2/README.md).
struct ShimProcess: Sendable {
    let configuration: CoreConfiguration
    let namespace: String
    let id: String
    /// The shim's binary, if it is not our own.
    var foreign: String?
    /// Where our own is executed from.
    var sealed: SealedShim?

    private var bundle: String { configuration.bundle(namespace: namespace, id: id) }

    private var arguments: [String] {
        [
            foreign ?? configuration.shim, "-namespace", namespace, "-address", configuration.address,
            "-publish-binary", "/proc/self/exe", "-id", id,
        ]
    }

    private var environment: [String] {
        [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "TTRPC_ADDRESS=\(configuration.eventsSocket)",
            "GRPC_ADDRESS=\(configuration.address)",
            "NAMESPACE=\(namespace)",
            "MAX_SHIM_VERSION=\(foreign == nil ? 3 : 2)",
            "GOMAXPROCS=2",
            "SWIFTLET_SHIM_SOCKET_DIR=\(configuration.shimSockets)",
        ]
    }

    /// Starts the long-lived shim and returns where it listens. Blocks until the shim listens.
    ///
    /// The bundle directory must exist. Standard input is empty, and standard output and error share a pipe, as
    /// containerd does it: what is printed is the address, in one of the three forms that shims use.
    func start() throws(CoreError) -> ShimAddress {
        let outcome: Spawn.Outcome
        do {
            outcome = try Spawn.run(
                arguments + ["start"],
                program: sealed?.path,
                environment: environment,
                workingDirectory: bundle,
                mergeErrors: true
            )
        } catch {
            throw .shimStart(id: id, message: "\(error); is the shim beside the agent's binary?")
        }
        guard outcome.code == 0 else {
            let text = String(decoding: outcome.output, as: UTF8.self)
            throw .shimStart(id: id, message: "it ended with code \(outcome.code): \(text)")
        }
        do {
            return try ShimAddress.parse(outcome.output)
        } catch {
            throw .shimStart(id: id, message: error.description)
        }
    }

    /// Cleans up after a shim that is gone: kills what it left, unmounts, removes cgroups. Idempotent. Blocks.
    ///
    /// - Returns: How the container ended, as far as the shim's files say it.
    @discardableResult
    func delete(bundle target: String? = nil) throws(CoreError) -> Shim.DeleteResponse {
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
        let text = String(decoding: outcome.errors, as: UTF8.self)
        guard outcome.code == 0 else {
            throw .shimStart(id: id, message: "its delete action ended with code \(outcome.code): \(text)")
        }
        do {
            return try Shim.DeleteResponse(protobuf: outcome.output)
        } catch {
            throw .shimStart(id: id, message: "its delete action printed no DeleteResponse: \(error); \(text)")
        }
    }
}

/// Our shim as it was when the agent started, on a read-only mount that only the agent has: a shim that is executed from
/// there need not seal itself by executing itself once more.
final class SealedShim: Sendable {
    private let file: Descriptor

    /// Nil if this agent may not mount: the shim then does it by itself, in its own way.
    init?(_ configuration: CoreConfiguration) {
        guard let file = try? SealedExecutable.clonedMount(of: configuration.shim) else { return nil }  // as above
        self.file = file
    }

    /// A child that is about to execute it has closed all that it inherited: the number is the agent's.
    var path: String { "/proc/\(getpid())/fd/\(file.raw)" }
}
