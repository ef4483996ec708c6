import Glibc
import JSON
import Linux
import TTRPC

/// `delete`: removes what a container and its shim left, however they ended, and prints how the container ended.
///
/// containerd runs it after every disconnect from a shim, even a clean one: nothing to do is success.
struct DeleteAction {
    /// How long the shim may take for one answer, in milliseconds.
    private static let callLimit: Int32 = 3000

    private let arguments: Arguments

    init(_ arguments: Arguments) { self.arguments = arguments }

    func run() throws {
        let bundle = arguments.bundle.isEmpty ? try WorkingDirectory.path() : arguments.bundle
        try ContainerCheck.absolute(bundle)
        // A shim that ends between two of our calls is no reason to end, too.
        _ = signal(SIGPIPE, SIG_IGN)
        let container = ContainerReference(id: arguments.id, bundle: bundle)
        let record = ExitRecord.read(from: bundle)
        // Missing when the container was deleted before: then the answer's pid is 0, as nobody knows it any more.
        let pid = record?.pid ?? (try? Files.readText(bundle + "/init.pid")).flatMap { Int32($0) } ?? 0
        removeContainer(container)
        tellShim(bundle)
        removeSandbox(bundle)
        RootfsMount.unmount(bundle + "/rootfs")
        for name in [ExitRecord.fileName, Warnings.fileName, "init.pid"] { _ = unsafe unlink(bundle + "/" + name) }
        let time = record?.exitedAt ?? Clock.now
        let response = Shim.DeleteResponse(
            pid: UInt32(pid),
            exitStatus: record?.exitStatus ?? 128 + UInt32(SIGKILL),
            exitedAt: Shim.Timestamp(nanosecondsSince1970: time)
        )
        try Output.write(response.protobuf)
    }

    private func removeContainer(_ container: ContainerReference) {
        guard Files.exists(container.stateRoot) else { return }
        do throws(TTRPC.Status) {
            try Engines.remembered(container).delete(container, force: true)
        } catch {
            if error.code != .notFound { ShimLog.warning("\(error.message)") }
        }
    }

    /// If the shim still lives, it forgets the container, and ends if that was its last; a pod ends with all it has.
    private func tellShim(_ bundle: String) {
        // No address: the shim ended in good order, or never came up.
        guard let text = try? Files.readText(bundle + "/address") else { return }
        let path = text.hasPrefix("unix://") ? String(text.dropFirst("unix://".count)) : text
        let socket: Handle
        do {
            socket = Handle(try UnixSocket.connect(path))
        } catch {
            // Nobody serves it any more.
            _ = unsafe unlink(path)
            return
        }
        var client = TTRPCClientConnection()
        let id = arguments.id
        let calls = [
            (Shim.taskServiceV2, "Delete", Shim.DeleteRequest(id: id).protobuf),
            (Shim.sandboxService, "ShutdownSandbox", Shim.ShutdownSandboxRequest(sandboxID: id).protobuf),
            (Shim.taskServiceV2, "Shutdown", Shim.ShutdownRequest(id: id).protobuf),
        ]
        for (service, method, payload) in calls {
            do {
                let request = TTRPCRequest(service: service, method: method, payload: payload)
                guard try ask(socket, path, request, &client) else { return }
            } catch {
                // The connection ended: so did the shim.
                return
            }
        }
    }

    /// Sends a request and waits for its answer, whatever it says; false if none comes.
    private func ask(
        _ socket: Handle,
        _ path: String,
        _ request: TTRPCRequest,
        _ client: inout TTRPCClientConnection
    ) throws -> Bool {
        _ = try client.request(request)
        try Files.writeAll(socket.raw, client.output.pending, subject: path)
        client.output.consume(client.output.count)
        while client.openCalls > 0 {
            var waiting = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&waiting, 1, Self.callLimit) > 0 else { return false }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = try sys("read", path) { unsafe read(socket.raw, &buffer, buffer.count) }
            if count == 0 { return false }
            _ = try client.feed(buffer[..<count])
        }
        return true
    }

    /// Ends process 1 of a shared pid namespace whose shim is gone.
    private func removeSandbox(_ bundle: String) {
        // No record, no sandbox.
        guard let bytes = try? Files.read(bundle + "/sandbox.json"), let record = try? JSONValue(parsing: bytes),
            let shim = record["shimPid"]?.int64Value
        else { return }
        // A shim that was asked to end and does not answer is of no more use to its pod.
        kill(shim, ifStarted: record["shimStarted"]?.int64Value)
        if let pid = record["initPid"]?.int64Value { kill(pid, ifStarted: record["initStarted"]?.int64Value) }
    }

    /// Kills a process of a record, unless its number belongs to another one by now.
    private func kill(_ pid: Int64, ifStarted start: Int64?) {
        let pid = Int32(truncatingIfNeeded: pid)
        guard pid > 1, let start, ProcessIdentity.startTime(pid) == start else { return }
        _ = Glibc.kill(pid, SIGKILL)
    }
}

enum ContainerCheck {
    static func absolute(_ bundle: String) throws(ShimError) {
        guard bundle.hasPrefix("/") else { throw ShimError("-bundle \"\(bundle)\": the path must be absolute") }
    }
}
