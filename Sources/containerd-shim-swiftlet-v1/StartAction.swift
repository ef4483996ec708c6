import Glibc
import JSON
import Linux
import TTRPC

/// `start`: makes sure that a shim serves this id, and prints its address.
///
/// containerd reads standard output and standard error through one pipe: on success not a byte but the address.
struct StartAction {
    private static let defaultSocketDirectory = "/run/containerd/s"
    /// Annotations that put several containers into one shim, the strongest first.
    static let groupAnnotations = ["io.containerd.runc.v2.group", "io.kubernetes.cri.sandbox-id"]

    private let arguments: Arguments

    init(_ arguments: Arguments) { self.arguments = arguments }

    func run() throws {
        let bundle = try WorkingDirectory.path()
        let parameters = readParameters()
        let directory = socketDirectory(parameters)
        let group = try Self.group(bundle, id: arguments.id)
        let grpcAddress = arguments.address.isEmpty ? Environment.value("GRPC_ADDRESS") ?? "" : arguments.address
        let name = SHA256.hex("\(grpcAddress)/\(arguments.namespace)/\(group)")
        let path = directory + "/" + name
        try Files.makeDirectories(directory, mode: 0o700)
        do {
            // One start at a time: a socket that is bound but not listening yet would look stale to another one.
            let lock = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY)
            let number = lock.raw
            try sys("flock", directory) { flock(number, LOCK_EX) }
            if !isServed(path) { try launch(path, bundle) }
            _ = consume lock
        }
        let address = "unix://" + path
        try Files.replaceUnsynced(bundle + "/address", with: Array(address.utf8))
        if let parameters {
            let version = parameters.containerdVersion.isEmpty ? 2 : 3
            try Output.write(
                Shim.BootstrapResult(version: Int32(version), address: address, protocolName: "ttrpc").protobuf
            )
        } else {
            try Output.write(Array(address.utf8))
        }
    }

    /// containerd 2.x gives its parameters on standard input; older ones give nothing, or options that are no use here.
    private func readParameters() -> Shim.BootstrapParams? {
        // A person at a terminal gives none.
        if isatty(0) == 1 { return nil }
        // What cannot be read, or is something else, is no parameters: the plain address works with everybody.
        guard let bytes = try? Files.readAll(0, subject: "standard input", limit: 1 << 20), !bytes.isEmpty,
            let parameters = try? Shim.BootstrapParams(protobuf: bytes), parameters.instanceID == arguments.id
        else { return nil }
        return parameters
    }

    private func socketDirectory(_ parameters: Shim.BootstrapParams?) -> String {
        if let directory = Environment.value("SWIFTLET_SHIM_SOCKET_DIR"), directory.hasPrefix("/") { return directory }
        if let directory = parameters?.socketDir, directory.hasPrefix("/") { return directory }
        return Self.defaultSocketDirectory
    }

    /// The id that containers of one pod share; pods of our own agent have no config.json and are their own group.
    static func group(_ bundle: String, id: String) throws(SysError) -> String {
        let path = bundle + "/config.json"
        guard Files.exists(path) else { return id }
        // A config.json that is no JSON fails at Create, where the client sees why.
        guard let config = try? JSONValue(parsing: try Files.read(path)) else { return id }
        for name in groupAnnotations {
            if let group = config["annotations"]?[name]?.stringValue, !group.isEmpty { return group }
        }
        return id
    }

    /// True if a living shim listens there; a socket that nobody serves is removed.
    private func isServed(_ path: String) -> Bool {
        do {
            _ = try UnixSocket.connect(path)
            return true
        } catch {
            if error.errno == .again { return true }
            _ = unsafe unlink(path)
            return false
        }
    }

    private func launch(_ path: String, _ bundle: String) throws {
        let listener = Handle(try UnixSocket.listen(path, mode: 0o600))
        do {
            // The daemon is this process once more: it keeps the binary that runs, whatever happens to the file meanwhile.
            guard let pid = try Children.daemonize(listener: listener.raw) else { serve(path, bundle) }
            adjustMemoryPriority(pid)
            try Files.replaceUnsynced(bundle + "/shim.pid", with: Array(String(pid).utf8))
        } catch {
            _ = unsafe unlink(path)
            throw error
        }
    }

    /// The life of the daemon.
    private func serve(_ path: String, _ bundle: String) -> Never {
        var serving = arguments
        serving.action = .serve
        serving.bundle = bundle
        serving.socket = path
        do {
            try Serve.run(serving)
            exit(0)
        } catch {
            ShimLog.error("\(error)")
            exit(1)
        }
    }

    /// The shim goes before the agent when memory is short, and after its containers: one above our parent's value.
    private func adjustMemoryPriority(_ pid: Int32) {
        // Best effort: without it only the order of the kernel's victims is different.
        guard let text = try? Files.readText("/proc/\(getppid())/oom_score_adj"), let value = Int(text) else { return }
        try? Files.put(String(min(value + 1, 1000)), to: "/proc/\(pid)/oom_score_adj")
    }
}
