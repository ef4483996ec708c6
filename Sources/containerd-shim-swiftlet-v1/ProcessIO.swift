import Glibc
import Linux
import TTRPC

/// What a request says about a process's streams.
struct StdioRequest: Equatable {
    var stdin = ""
    var stdout = ""
    var stderr = ""
    var terminal = false
}

/// The streams of one process: what the process gets, and what the shim does at the other ends.
///
/// - stdout and stderr to a fifo or a file: the process writes by itself; the shim only keeps the fifo open in both
///   directions, so that a reader that is missing or goes away neither blocks the start nor kills the process.
/// - stdout and stderr of exec to a plain path: through pipes and the shim, so that the fifo ends with the process, and
///   not with what it left running in the background.
/// - stdout and stderr to a CRI log: through pipes and the shim.
/// - stdin: through a pipe and the shim, so that CloseIO can end it.
/// - terminal: everything through the pty's master, which the runtime gives in `attach(console:)`.
final class ProcessIO {
    /// How long the output of a process that has ended may stay silent before a grandchild that holds the pipe is left alone.
    private static let quiet: UInt64 = 100_000_000
    /// How long draining may take in all.
    private static let longestDrain: UInt64 = 2_000_000_000
    /// More than the kernel keeps of what a process wrote to a terminal and nobody has read.
    private static let terminalRest = 64 << 10

    let request: StdioRequest
    private let container: String
    private let namespace: String
    private let loop: EventLoop
    private let output: StdioTarget
    private let errors: StdioTarget
    /// Not the container's first process.
    private let isExec: Bool
    /// Copies to fifos of plain paths, in the place of giving them to the process.
    private var copies: Bool { isExec && !request.terminal }
    /// What the process inherits; closed here once it has them.
    private var childEnds: (input: Handle, output: Handle, errors: Handle)?
    /// The shim's own hold on fifos.
    private var keepers: [Handle] = []
    private var stdinKeeper: Handle?
    private var stdinPump: Pump?
    private var readers: [any OutputReader] = []
    /// By path: usually both streams have one.
    private var logs: [String: ContainerLog] = [:]
    private var attach: AttachServer?
    private var logger: BinaryLogger?
    private var onDrained: (() -> Void)?
    private var drainTimer: EventLoop.Timer?

    /// Understands where the streams are to go; nothing is opened before `open`.
    ///
    /// - Parameter isExec: The process is not the container's first one.
    init(
        _ request: StdioRequest,
        container: String,
        namespace: String,
        loop: EventLoop,
        isExec: Bool = false
    ) throws(TTRPC.Status) {
        self.request = request
        self.isExec = isExec
        self.container = container
        self.namespace = namespace
        self.loop = loop
        output = try StdioTarget(request.stdout)
        // A terminal has one output only.
        errors = request.terminal ? .none : try StdioTarget(request.stderr)
    }

    /// Opens everything that does not need the process.
    func open() throws(TTRPC.Status) {
        do {
            if case .binary(let path, let arguments) = output {
                logger = try BinaryLogger(path, arguments: arguments, container: container, namespace: namespace)
            }
            guard !request.terminal else { return }
            let input = try openInput()
            let out = try open(output, .standardOutput)
            let err = errors == output && isShareable(output) ? out : try open(errors, .standardError)
            childEnds = (input, out, err)
        } catch {
            close()
            throw TTRPC.Status(.internalError, "stdio: \(error)")
        }
    }

    /// The three descriptors for the process, valid until `started`. Nil for a terminal.
    var childDescriptors: (Int32, Int32, Int32)? {
        childEnds.map { ($0.input.raw, $0.output.raw, $0.errors.raw) }
    }

    /// The process has its streams: our copies are closed, so that the ends of files can be seen.
    func started() { childEnds = nil }

    /// Connects the master of the process's terminal.
    func attach(console master: Handle) throws(SysError) {
        let second = Handle(try Descriptor.duplicate(of: master.raw))
        self.master = second
        switch output {
        case .cri(let path, let limits): try addReader(master, try log(path, limits), .standardOutput)
        case .fifo(let path, _):
            readers.append(
                try Pump(from: master, to: try Self.openFIFO(path), on: loop) { [weak self] in self?.readerEnded() }
            )
        case .file(let path):
            readers.append(
                try Pump(from: master, to: try Self.openFile(path), on: loop, outlivesSink: true) { [weak self] in
                    self?.readerEnded()
                }
            )
        case .none, .binary:
            let sink: Handle
            if let input = logger?.output {
                sink = input
            } else {
                sink = Handle(try Descriptor.open("/dev/null", O_WRONLY))
            }
            readers.append(
                try Pump(from: master, to: sink, on: loop, outlivesSink: true) { [weak self] in self?.readerEnded() }
            )
        }
        if case .fifo(let path, _) = stdinTarget { try pumpInput(from: path, to: second) }
    }

    private var master: Handle?

    /// Sets the size of the terminal.
    func resize(width: UInt16, height: UInt16) throws(SysError) {
        guard let master else { return }
        var size = winsize(ws_row: height, ws_col: width, ws_xpixel: 0, ws_ypixel: 0)
        let number = master.raw
        try sys("ioctl(TIOCSWINSZ)", "terminal") { unsafe ioctl(number, UInt(TIOCSWINSZ), &size) }
    }

    /// Lets the process see the end of its input once the client's bytes are through.
    func closeInput() { stdinKeeper = nil }

    /// Empties the output of a process that has ended, then calls `done` (at once, if nothing is left).
    ///
    /// What exec left is passed on at the pace of its client, for as long as the client is there; `giveUp` ends that. A
    /// container's end is told after two seconds at the latest.
    func drain(_ done: @escaping () -> Void) {
        stdinPump?.finish()
        stdinPump = nil
        for reader in readers {
            if isExec, let pump = reader as? Pump {
                pump.onRoom = { [weak self] in self?.drainOn() }
                pump.finishWithWhatIsThere(atMost: request.terminal ? Self.terminalRest : nil)
            } else {
                reader.readAvailable()
            }
        }
        if readers.allSatisfy(\.isDone) {
            close()
            done()
            return
        }
        onDrained = done
        drainOn()
    }

    /// Nobody wants to know what is left of the output of a process that has ended.
    func giveUp() { finishDrain() }

    /// Closes everything; what was not read is lost.
    func close() {
        if let drainTimer { loop.cancel(drainTimer) }
        drainTimer = nil
        stdinPump?.finish()
        stdinPump = nil
        stdinKeeper = nil
        for reader in readers { reader.finish() }
        readers = []
        keepers = []
        master = nil
        childEnds = nil
        logs = [:]
        attach?.close()
        attach = nil
        logger?.close()
        logger = nil
    }

    private var bytesMoved: Int { readers.reduce(0) { $0 + $1.bytesMoved } }
    private var isCongested: Bool { readers.contains { ($0 as? Pump)?.isCongested ?? false } }

    private func drainOn() {
        guard onDrained != nil, drainTimer == nil else { return }
        watchDrain(deadline: EventLoop.now + Self.longestDrain)
    }

    private func watchDrain(deadline: UInt64) {
        // The pump says when it goes on, or when the client has gone.
        if isExec, isCongested { return }
        let before = bytesMoved
        drainTimer = loop.after(nanoseconds: Self.quiet) { [weak self] in
            guard let self else { return }
            drainTimer = nil
            if isCongested || bytesMoved > before, EventLoop.now < deadline {
                watchDrain(deadline: deadline)
            } else if !(isExec && isCongested) {
                finishDrain()
            }
        }
    }

    private func readerEnded() {
        if onDrained != nil, readers.allSatisfy(\.isDone) { finishDrain() }
    }

    private func finishDrain() {
        guard let done = onDrained else { return }
        onDrained = nil
        close()
        done()
    }

    // MARK: Opening

    private var stdinTarget: StdioTarget {
        // Parsed before anything was opened; a URI that makes no sense for input is no input.
        (try? StdioTarget(request.stdin)) ?? .none
    }

    private func openInput() throws(SysError) -> Handle {
        switch stdinTarget {
        case .fifo(let path, _):
            let pipe = try Pipe()
            let readEnd = Handle(try Descriptor.duplicate(of: pipe.readEnd.raw))
            let writeEnd = Handle(try Descriptor.duplicate(of: pipe.writeNumber))
            try pumpInput(from: path, to: writeEnd)
            return readEnd
        case .file(let path): return Handle(try Descriptor.open(path, O_RDONLY))
        case .none, .binary, .cri: return Handle(try Descriptor.open("/dev/null", O_RDONLY))
        }
    }

    private func pumpInput(from path: String, to sink: Handle) throws(SysError) {
        // Our own writing end keeps the fifo from ending before the first client came, until CloseIO.
        stdinKeeper = try Self.openFIFO(path)
        let source = Handle(try Descriptor.open(path, O_RDONLY | O_NONBLOCK))
        stdinPump = try Pump(from: source, to: sink, on: loop) { [weak self] in self?.stdinPump = nil }
    }

    private func isShareable(_ target: StdioTarget) -> Bool {
        switch target {
        case .fifo, .file, .none: true
        case .cri, .binary: false
        }
    }

    private func open(_ target: StdioTarget, _ stream: ContainerLog.Stream) throws(SysError) -> Handle {
        switch target {
        case .none: return Handle(try Descriptor.open("/dev/null", O_WRONLY))
        case .fifo(let path, false) where copies:
            let pipe = try Pipe()
            let source = Handle(try Descriptor.duplicate(of: pipe.readEnd.raw))
            let sink = try Self.openFIFO(path)
            readers.append(try Pump(from: source, to: sink, on: loop) { [weak self] in self?.readerEnded() })
            return Handle(try Descriptor.duplicate(of: pipe.writeNumber))
        case .fifo(let path, _):
            keepers.append(try Self.openFIFO(path))
            return Handle(try Descriptor.open(path, O_WRONLY))
        case .file(let path): return try Self.openFile(path)
        case .binary:
            let end = stream == .standardOutput ? logger?.output : logger?.errors
            if let end { return end }
            return Handle(try Descriptor.open("/dev/null", O_WRONLY))
        case .cri(let path, let limits):
            let pipe = try Pipe()
            try addReader(Handle(try Descriptor.duplicate(of: pipe.readEnd.raw)), try log(path, limits), stream)
            return Handle(try Descriptor.duplicate(of: pipe.writeNumber))
        }
    }

    private func log(_ path: String, _ limits: LogLimits) throws(SysError) -> ContainerLog {
        if let log = logs[path] { return log }
        let log = try ContainerLog(path: path, limits: limits)
        logs[path] = log
        if attach == nil, let socket = limits.attachSocket { attach = try AttachServer(path: socket, on: loop) }
        return log
    }

    private func addReader(_ source: Handle, _ log: ContainerLog, _ stream: ContainerLog.Stream) throws(SysError) {
        readers.append(
            try LogReader(source, into: log, as: stream, attach: attach, on: loop) { [weak self] in self?.readerEnded()
            }
        )
    }

    /// Opens a fifo in both directions, which never waits for the other side.
    private static func openFIFO(_ path: String) throws(SysError) -> Handle {
        let handle = Handle(try Descriptor.open(path, O_RDWR | O_NONBLOCK))
        var status = stat()
        try sys("fstat", path) { unsafe fstat(handle.raw, &status) }
        guard status.st_mode & S_IFMT == S_IFIFO else {
            throw SysError(call: "open fifo", subject: path, errno: .invalidArgument)
        }
        return handle
    }

    /// Opens a file to append to, and makes it and its directories where they are missing, as containerd's shim does.
    private static func openFile(_ path: String) throws(SysError) -> Handle {
        func open() throws(SysError) -> Handle {
            Handle(try Descriptor.open(path, O_WRONLY | O_APPEND | O_CREAT, mode: 0o640))
        }
        do {
            return try open()
        } catch {
            guard error.errno == .noEntry, let slash = path.lastIndex(of: "/") else { throw error }
            try Files.makeDirectories(String(path[..<slash]))
            return try open()
        }
    }
}
