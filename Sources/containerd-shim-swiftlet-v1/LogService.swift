import Glibc
import Linux
import TTRPC

/// `io.swiftlet.logs.v1`: the logs of containers of this pod that another shim makes.
///
/// Other shims know fifos, but no log files. The pod's own shim reads the fifos, because it outlives the agent: no line is
/// lost while the agent is away.
struct LogService {
    let state: ShimState

    func handle(_ request: TTRPCRequest, _ reply: TTRPCReply) {
        do throws(TTRPC.Status) {
            switch request.method {
            case "Open":
                try open(try parse(request))
                reply.send(Shim.Empty())
            case "Finish": try finish(try parse(request), reply)
            default:
                throw TTRPC.Status(.unimplemented, "\(request.service)/\(request.method) is not served by this shim")
            }
        } catch {
            reply.send(TTRPCResponse(status: error))
        }
    }

    private func open(_ request: Shim.OpenLogRequest) throws(TTRPC.Status) {
        try checkID(request.id)
        guard state.logs[request.id] == nil else {
            throw TTRPC.Status(.alreadyExists, "the log of \(request.id) is open already")
        }
        guard case .cri(let path, let limits) = try StdioTarget(request.target) else {
            throw TTRPC.Status(.invalidArgument, "log target \"\(request.target)\": only cri:// is possible here")
        }
        do {
            let log = try ContainerLog(path: path, limits: limits)
            let attach = try limits.attachSocket.map { (path) throws(SysError) in
                try AttachServer(path: path, on: state.loop)
            }
            let session = LogSession(log, attach)
            try session.read(request.stdout, as: .standardOutput, on: state.loop)
            if !request.stderr.isEmpty { try session.read(request.stderr, as: .standardError, on: state.loop) }
            state.logs[request.id] = session
        } catch {
            throw TTRPC.Status(.internalError, "log of \(request.id): \(error)")
        }
    }

    /// A log that is not open has been finished before.
    private func finish(_ request: Shim.FinishLogRequest, _ reply: TTRPCReply) throws(TTRPC.Status) {
        guard let session = state.logs[request.id] else { return reply.send(Shim.Empty()) }
        session.drain(on: state.loop) {
            state.logs[request.id] = nil
            reply.send(Shim.Empty())
        }
    }
}

/// The fifos of one container, on their way into its log.
final class LogSession {
    /// How long a writer that does not go away may stay silent, in nanoseconds.
    private static let quiet: UInt64 = 500_000_000

    private let log: ContainerLog
    /// Who listens in; closed with the log.
    private let attach: AttachServer?
    private var readers: [LogReader] = []
    private var waiting: [() -> Void] = []

    init(_ log: ContainerLog, _ attach: AttachServer?) {
        self.log = log
        self.attach = attach
    }

    /// The end of a fifo shows only after a first writer has come and gone, so it may be opened before (fifo(7)).
    func read(_ fifo: String, as stream: ContainerLog.Stream, on loop: EventLoop) throws(SysError) {
        let source = Handle(try Descriptor.open(fifo, O_RDONLY | O_NONBLOCK))
        var status = stat()
        try sys("fstat", fifo) { unsafe fstat(source.raw, &status) }
        guard status.st_mode & S_IFMT == S_IFIFO else {
            throw SysError(call: "open fifo", subject: fifo, errno: .invalidArgument)
        }
        readers.append(
            try LogReader(source, into: log, as: stream, attach: attach, on: loop) { [weak self] in self?.readerEnded()
            }
        )
    }

    /// Calls `done` when all writers are gone, or silent for long enough.
    func drain(on loop: EventLoop, _ done: @escaping () -> Void) {
        for reader in readers { reader.readAvailable() }
        if readers.allSatisfy(\.isDone) { return done() }
        waiting.append(done)
        watch(on: loop)
    }

    private func watch(on loop: EventLoop) {
        let before = readers.reduce(0) { $0 + $1.bytesMoved }
        loop.after(nanoseconds: Self.quiet) { [self] in
            guard !waiting.isEmpty else { return }
            if readers.reduce(0, { $0 + $1.bytesMoved }) > before { return watch(on: loop) }
            for reader in readers { reader.finish() }
            readerEnded()
        }
    }

    private func readerEnded() {
        guard readers.allSatisfy(\.isDone) else { return }
        // The output is over for those who listen in.
        attach?.close()
        let waiting = waiting
        self.waiting = []
        for done in waiting { done() }
    }
}
