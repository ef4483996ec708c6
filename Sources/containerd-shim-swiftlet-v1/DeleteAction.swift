import Glibc
import JSON
import Linux
import TTRPC

/// `delete`: removes what a container and its shim left, however they ended, and prints how the container ended.
///
/// containerd runs it after every disconnect from a shim, even a clean one: nothing to do is success.
struct DeleteAction {
    private static let callLimit: Int32 = 1000

    private let arguments: Arguments

    init(_ arguments: Arguments) { self.arguments = arguments }

    func run() throws {
        let bundle = arguments.bundle.isEmpty ? try WorkingDirectory.path() : arguments.bundle
        try ContainerCheck.absolute(bundle)
        let container = ContainerReference(id: arguments.id, bundle: bundle)
        let record = ExitRecord.read(from: bundle)
        // Missing when the container was deleted before: then the answer's pid is 0, as nobody knows it any more.
        let pid = record?.pid ?? (try? Files.readText(bundle + "/init.pid")).flatMap { Int32($0) } ?? 0
        removeContainer(container)
        tellShim(bundle)
        removeSandbox(bundle)
        RootfsMount.unmount(bundle + "/rootfs")
        for name in [ExitRecord.fileName, "init.pid"] { _ = unsafe unlink(bundle + "/" + name) }
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

    /// If the shim still lives, it forgets the container, and ends if that was its last.
    private func tellShim(_ bundle: String) {
        // No address: the shim ended in good order, or never came up.
        guard let text = try? Files.readText(bundle + "/address") else { return }
        let path = text.hasPrefix("unix://") ? String(text.dropFirst("unix://".count)) : text
        guard let socket = try? UnixSocket.connect(path) else {  // Nobody serves it any more.
            _ = unsafe unlink(path)
            return
        }
        var client = TTRPCClientConnection()
        let calls = [
            ("Delete", Shim.DeleteRequest(id: arguments.id).protobuf),
            ("Shutdown", Shim.ShutdownRequest(id: arguments.id).protobuf),
        ]
        for (method, payload) in calls {
            do {
                let request = TTRPCRequest(service: Shim.taskServiceV2, method: method, payload: payload)
                _ = try client.request(request)
                try Files.writeAll(socket.raw, client.output.pending, subject: path)
                client.output.consume(client.output.count)
                var waiting = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
                guard unsafe poll(&waiting, 1, Self.callLimit) > 0 else { return }
                var buffer = [UInt8](repeating: 0, count: 4096)
                let number = socket.raw
                let count = try sys("read", path) { unsafe read(number, &buffer, buffer.count) }
                if count == 0 { return }
                _ = try client.feed(buffer[..<count])
            } catch {
                return
            }
        }
    }

    /// Ends process 1 of a shared pid namespace whose shim is gone.
    private func removeSandbox(_ bundle: String) {
        // No record, no sandbox.
        guard let bytes = try? Files.read(bundle + "/sandbox.json"), let record = try? JSONValue(parsing: bytes),
            let shim = record["shimPid"]?.int64Value, let pid = record["initPid"]?.int64Value,
            let started = record["initStarted"]?.int64Value
        else { return }
        let isShimAlive = (try? Files.readText("/proc/\(shim)/comm"))?.hasPrefix("containerd-shim") ?? false
        guard !isShimAlive, ProcessIdentity.startTime(Int32(truncatingIfNeeded: pid)) == started else { return }
        _ = kill(Int32(truncatingIfNeeded: pid), SIGKILL)
    }
}

enum ContainerCheck {
    static func absolute(_ bundle: String) throws(ShimError) {
        guard bundle.hasPrefix("/") else { throw ShimError("-bundle \"\(bundle)\": the path must be absolute") }
    }
}
