import Linux
import OCI
import OCIRuntime

/// `run`: create, start, wait for the end and clean up, as one command.
enum Foreground {
    static func run(_ arguments: Arguments, _ globals: Globals) throws -> Int32 {
        try Commands.seal()
        let log = globals.log
        let prepared = try Commands.prepare(arguments, globals)
        var options = prepared.1
        let spec = prepared.0
        let detach = arguments.has("detach")
        let terminal = spec.process?.terminal == true && !detach && options.consoleSocket == nil
        if terminal { options.stdio = .console }
        // Orphans of a container without a pid namespace shall not go to somebody else.
        if !detach && !arguments.has("no-subreaper") { try Children.adoptOrphans() }
        let signals = detach ? nil : try SignalDescriptor(Relay.taken)
        options.startsAtOnce = true
        var created = try Container.create(spec, options: options, root: globals.root)
        for warning in created.warnings { log.warn(warning) }
        let container = created.container
        let console = created.console.take()
        let notify: NotifySocket?
        do {
            // In the foreground this process stands for the container.
            notify = try NotifySocket.of(container, mainPid: detach ? container.pid : Program.id)
            try Commands.send(created.process, to: arguments.text("pidfd-socket"))
            try created.start()
        } catch {
            // The failure to start is what the user must see.
            try? container.delete(force: true)
            _ = Children.reap(created.pid)
            throw error
        }
        guard let signals else {
            try notify?.waitUntilReady(container)
            return 0
        }
        let code = try Relay.untilEnd(
            created.pid,
            created.process,
            signals: signals,
            console: console,
            notify: notify
        )
        if !arguments.has("keep") {
            try container.delete(force: true) { log.warn($0) }
        }
        return code
    }
}

/// Passes signals and terminal bytes on while a container runs.
enum Relay {
    static let childEnded: Int32 = 17
    /// What a user or supervisor sends to us and means for the container.
    ///
    /// Not SIGCHLD and SIGURG, which say nothing to it, not SIGPIPE, and none that means a fault of our own.
    static let forwarded: [Int32] =
        [1, 2, 3, 10, 12, 14, 15, 18, 20, 21, 22, 24, 25, 26, 27, 28, 29, 30] + Array(34...64)
    private static let windowChanged: Int32 = 28
    private static let brokenPipe: Int32 = 13
    /// What is read instead of being suffered. A reader of the terminal that is gone must not end us: the container would
    /// stay without its runtime.
    static let taken = forwarded + [childEnded, brokenPipe]

    static func untilEnd(
        _ pid: Int32,
        _ process: borrowing ProcessDescriptor,
        signals: borrowing SignalDescriptor,
        console: consuming Descriptor?,
        notify: NotifySocket? = nil
    ) throws -> Int32 {
        let both = try notify.map { try ReadableSet([signals.raw, $0.raw]) }
        let event = both?.raw ?? signals.raw
        guard let master = console.take() else {
            return try wait(pid, process, signals, notify, wait: { try BlockingWait.untilReadable(event) })
        }
        let terminal = try Terminal(relaying: master)
        defer { terminal.restore() }
        let code = try wait(
            pid,
            process,
            signals,
            notify,
            wait: { try terminal.pump(until: event) },
            resize: { terminal.copySize() }
        )
        try terminal.drain()
        return code
    }

    /// - Parameter wait: Until a signal or a notification is there.
    private static func wait(
        _ pid: Int32,
        _ process: borrowing ProcessDescriptor,
        _ signals: borrowing SignalDescriptor,
        _ notify: consuming NotifySocket?,
        wait: () throws -> Void,
        resize: () -> Void = {}
    ) throws -> Int32 {
        var notify = notify
        while true {
            try wait()
            // Once is enough: the socket is closed then.
            if try notify?.takeReady() == true { notify = nil }
            if let code = try handle(pid, process, signals, resize: resize) { return code }
        }
    }

    /// Handles what is pending; the exit code once the container has ended.
    private static func handle(
        _ pid: Int32,
        _ process: borrowing ProcessDescriptor,
        _ signals: borrowing SignalDescriptor,
        resize: () -> Void
    ) throws -> Int32? {
        while let signal = try signals.next() {
            switch signal {
            case childEnded:
                while let exit = Children.reapNext() {
                    if exit.pid == pid { return Int32(exit.status) }
                }
            case windowChanged: resize()
            case brokenPipe: break
            default:
                // Ended at this moment: its exit comes next.
                try? process.signal(signal)
            }
        }
        return nil
    }
}
