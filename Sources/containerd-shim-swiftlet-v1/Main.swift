// containerd-shim-swiftlet-v1: the process between the agent (or containerd) and the containers of one pod.
//
// Owns:  the containers' processes (as their parent and sub-reaper), their stdio and log files, their exit codes until
//        they are acknowledged, and the pod's namespaces.
// Reads: config.json of bundles; ttrpc requests on its socket; SIGCHLD.
// Emits: ttrpc answers; events to the agent (never waiting for it); CRI log lines; exit.json, init.pid, sandbox.json.
// Never does: start a second thread, wait for the agent, tell anybody of an exit before it is on disk.
import Glibc
import JSON
import Linux
import OCI
import OCIRuntime
import TTRPC

@main enum Main {
    static func main() {
        do {
            let arguments = try Arguments(Array(CommandLine.arguments.dropFirst()))
            switch arguments.action {
            case .version: Output.print("containerd-shim-swiftlet-v1 \(ShimVersion.number)\n")
            case .info: try Output.write(ShimVersion.info.protobuf)
            case .start: try StartAction(arguments).run()
            case .delete: try DeleteAction(arguments).run()
            case .serve: try Serve.run(arguments)
            }
        } catch {
            ShimLog.error("\(error)")
            exit(1)
        }
    }
}

/// What `-v` and `-info` say.
enum ShimVersion {
    static let number = "0.1.0"

    static var info: Shim.RuntimeInfo {
        // The features of the runtime inside are a constant of ours: encoding them cannot fail in a way a caller could mend.
        let features = try? JSONCoding.encode(RuntimeFeatures.ours)
        return Shim.RuntimeInfo(
            name: "io.containerd.swiftlet.v1",
            version: Shim.RuntimeVersion(version: number),
            features: features.map {
                Shim.AnyMessage(
                    typeURL: "types.containerd.io/opencontainers/runtime-spec/1/features/Features",
                    value: $0
                )
            }
        )
    }
}

/// Standard output, which start and delete use for exactly one answer.
enum Output {
    static func write(_ bytes: [UInt8]) throws(SysError) {
        try Files.writeAll(1, bytes, subject: "standard output")
    }

    static func print(_ text: String) {
        // Nobody is left to tell if standard output is gone.
        try? write(Array(text.utf8))
    }
}
