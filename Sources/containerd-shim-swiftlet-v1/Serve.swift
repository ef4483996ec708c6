import Glibc
import Linux
import TTRPC

/// The long-lived process: started by `start` with the listening socket as descriptor 3.
enum Serve {
    private static let listenerNumber: Int32 = 3

    static func run(_ arguments: Arguments) throws {
        let bundle = arguments.bundle.isEmpty ? try WorkingDirectory.path() : arguments.bundle
        // Started through /proc/self/exe, it would be called "exe"; containerd's shims are all called this.
        Children.nameCaller("containerd-shim")
        openLog(bundle)
        // Nothing keeps the bundle's file system busy.
        _ = unsafe chdir("/")
        try Children.adoptOrphans()
        let signals = SignalSource(
            try SignalDescriptor([SIGCHLD, SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2])
        )
        let loop = try EventLoop()
        let events = EventForwarder(path: Self.eventPath(arguments), namespace: arguments.namespace, loop: loop)
        let state = ShimState(
            namespace: arguments.namespace,
            id: arguments.id,
            bundle: bundle,
            loop: loop,
            events: events,
            seccompCache: arguments.socket.lastIndex(of: "/").map { arguments.socket[..<$0] + "/.seccomp" }
        )
        try loop.add(signals.raw, .readable) { _ in signals.handle(state) }
        let tasks = TaskService(state: state, shutdown: loop.stop)
        let sandboxes = SandboxService(state: state, shutdown: loop.stop)
        let logs = LogService(state: state)
        _ = fcntl(listenerNumber, F_SETFD, FD_CLOEXEC)
        let server = try TTRPCServer(listener: Descriptor(owning: listenerNumber), loop: loop) { request, reply in
            events.hurry()
            switch request.service {
            case Shim.taskServiceV2, Shim.taskServiceV3: tasks.handle(request, reply)
            case Shim.sandboxService: sandboxes.handle(request, reply)
            case Shim.logsService: logs.handle(request, reply)
            default: reply.fail(.unimplemented, "service \(request.service) is not served by this shim")
            }
        }
        ShimLog.info("serving \(arguments.namespace)/\(arguments.id)")
        try loop.run()
        server.close()
        for name in ["shim.pid", "address"] { _ = unsafe unlink(bundle + "/" + name) }
        if !arguments.socket.isEmpty { _ = unsafe unlink(arguments.socket) }
    }

    /// Where events go: what containerd says in the environment, or its address with the suffix it uses.
    private static func eventPath(_ arguments: Arguments) -> String {
        if let address = Environment.value("TTRPC_ADDRESS"), !address.isEmpty { return stripped(address) }
        return arguments.address.isEmpty ? "" : stripped(arguments.address) + ".ttrpc"
    }

    private static func stripped(_ address: String) -> String {
        address.hasPrefix("unix://") ? String(address.dropFirst("unix://".count)) : address
    }

    /// Standard error becomes containerd's fifo `log`, or a file of the bundle if nobody made one.
    private static func openLog(_ bundle: String) {
        var status = stat()
        let fifo = bundle + "/log"
        let isFIFO = unsafe stat(fifo, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
        do {
            // Open in both directions, so that a missing reader is no error; not blocking, so that a full pipe is none.
            let path = isFIFO ? fifo : bundle + "/shim.log"
            let flags = isFIFO ? O_RDWR | O_NONBLOCK : O_WRONLY | O_APPEND | O_CREAT
            let log = try Descriptor.open(path, flags, mode: 0o600)
            _ = dup2(log.raw, 2)
        } catch {
            // Without a log the shim works as well.
        }
    }
}

/// Signals, as the loop sees them.
final class SignalSource {
    private let signals: SignalDescriptor
    var raw: Int32 { signals.raw }

    init(_ signals: consuming SignalDescriptor) { self.signals = signals }

    func handle(_ state: ShimState) {
        do {
            while let signal = try signals.next() {
                switch signal {
                case SIGCHLD: state.reap()
                case SIGTERM, SIGINT:
                    // The containers are not ours to end; a shim without any may go.
                    if state.containers.isEmpty, state.sandbox == nil { state.loop.stop() }
                default: break
                }
            }
        } catch {
            ShimLog.error("signals: \(error)")
        }
    }
}

enum Environment {
    static func value(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// All of it, as `NAME=value`.
    static var all: [String] {
        var strings: [String] = []
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            unsafe strings.append(String(cString: text))
            unsafe entry += 1
        }
        return strings
    }
}

enum WorkingDirectory {
    static func path() throws(ShimError) -> String {
        guard let text = unsafe getcwd(nil, 0) else { throw ShimError("getcwd: \(Errno.current)") }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }
}
