import Linux
import OCIRuntime

/// Listens for "ready" of a container's program, and passes it on to the service manager of the caller (sd_notify(3)).
final class NotifySocket {
    private static let barrierMilliseconds: Int32 = 30_000
    private let listener: Descriptor
    private let manager: DatagramSocket
    /// The process that the manager shall watch from then on.
    private let mainPid: Int32

    private init(_ path: String, manager: String, mainPid: Int32) throws(SysError) {
        self.manager = try DatagramSocket(connectingTo: manager)
        // Left by an earlier start that failed.
        if Files.exists(path) { try Files.remove(path) }
        // Whatever user the program runs as, it may speak.
        listener = try UnixSocket.receiveDatagrams(path, mode: 0o777)
        self.mainPid = mainPid
    }

    /// What the caller's environment says.
    static var managerPath: String? {
        ProcessEnvironment.value("NOTIFY_SOCKET").flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Listens for a container that is about to be started.
    ///
    /// - Returns: nil if the caller has no manager, or had none when the container was made.
    static func of(_ container: Container, mainPid: Int32) throws(SysError) -> NotifySocket? {
        guard let manager = managerPath, let path = container.notifySocketPath else { return nil }
        return try NotifySocket(path, manager: manager, mainPid: mainPid)
    }

    /// For poll(2).
    var raw: Int32 { listener.raw }

    /// Takes what there is to take.
    ///
    /// - Returns: true if the program was ready, and the manager knows it now.
    func takeReady() throws(SysError) -> Bool {
        while let datagram = try next() {
            guard datagram.split(separator: 0x0A).contains(where: { $0.elementsEqual("READY=1".utf8) }) else {
                continue
            }
            try manager.send(Array("READY=1\nMAINPID=\(mainPid)".utf8))
            try waitForManager()
            return true
        }
        return false
    }

    /// Waits until the program is ready or has ended.
    func waitUntilReady(_ container: Container) throws {
        guard let process = try container.running() else {
            _ = try takeReady()
            return
        }
        let both = try ReadableSet([listener.raw, process.descriptor.raw])
        while true {
            try BlockingWait.untilReadable(both.raw)
            let ended = try process.waitForEnd(milliseconds: 0)
            if try takeReady() || ended { return }
        }
    }

    private func next() throws(SysError) -> [UInt8]? {
        do {
            return try Descriptor.receiveSome(listener.raw, limit: 4096, subject: "the notification socket")
        } catch  where error.errno == .again {
            return nil
        }
    }

    /// The manager finds out who wrote by the process, which must not end before (sd_notify_barrier(3)).
    private func waitForManager() throws(SysError) {
        let pipe = try Pipe()
        do {
            let end = try Descriptor.duplicate(of: pipe.writeNumber)
            pipe.closeWriteEnd()
            try manager.send(Array("BARRIER=1".utf8), with: end)
        }
        // One that knows no barriers leaves it open.
        _ = try BlockingWait.until(pipe.readEnd.raw, writable: false, milliseconds: Self.barrierMilliseconds)
    }
}
