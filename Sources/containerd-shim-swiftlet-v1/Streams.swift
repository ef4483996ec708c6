import Glibc
import Linux

/// A descriptor that several owners may share; closed with the last of them.
final class Handle {
    private let descriptor: Descriptor
    var raw: Int32 { descriptor.raw }
    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    /// Reads and writes return EAGAIN instead of waiting, for everybody who has this open file.
    func stopBlocking() throws(SysError) {
        let raw = raw
        let flags = try sys("fcntl(F_GETFL)", "descriptor \(raw)") { fcntl(raw, F_GETFL) }
        try sys("fcntl(F_SETFL)", "descriptor \(raw)") { fcntl(raw, F_SETFL, flags | O_NONBLOCK) }
    }
}

/// Something that empties a process's output, to be finished after the process has ended.
protocol OutputReader: AnyObject {
    /// True when everything was read and the descriptor is closed.
    var isDone: Bool { get }
    /// How many bytes were read so far, and written if it copies.
    var bytesMoved: Int { get }
    /// Reads what is there now, because the process has ended.
    func readAvailable()
    /// Gives up what is not there yet.
    func finish()
}

/// Reads a pipe or a terminal into a container's log.
final class LogReader: OutputReader {
    /// One buffer for all streams of the shim: they are read one after the other.
    private static let bufferSize = 64 << 10

    private let loop: EventLoop
    private let log: ContainerLog
    private let stream: ContainerLog.Stream
    private let attach: AttachServer?
    private let onEnd: () -> Void
    private var source: Handle?
    /// Waits for those who listen in.
    private var isPaused = false
    /// The process has ended: what it left goes into the log, whoever listens in.
    private var isEnding = false
    private(set) var bytesMoved = 0
    var isDone: Bool { source == nil }

    init(
        _ source: Handle,
        into log: ContainerLog,
        as stream: ContainerLog.Stream,
        attach: AttachServer?,
        on loop: EventLoop,
        onEnd: @escaping () -> Void
    ) throws(SysError) {
        self.loop = loop
        self.log = log
        self.stream = stream
        self.attach = attach
        self.onEnd = onEnd
        try source.stopBlocking()
        self.source = source
        try watch(source)
    }

    private func watch(_ source: Handle) throws(SysError) {
        try loop.add(source.raw, .readable) { [weak self] _ in self?.readAndPace() }
    }

    /// Reads on only when those who listen in have taken what they were given: the container waits for them, not memory.
    private func readAndPace() {
        readOnce()
        guard !isEnding, let source, let attach, attach.isCongested else { return }
        loop.remove(source.raw)
        isPaused = true
        attach.whenClear { [weak self] in self?.readOn() }
    }

    private func readOn() {
        guard isPaused, let source else { return }
        isPaused = false
        do {
            try watch(source)
        } catch {
            finish()
        }
    }

    func readAvailable() {
        isEnding = true
        readOn()
        // A writer that never stops must not keep the shim here for ever; the loop comes back to it.
        for _ in 0..<64 { if !readOnce() { return } }
    }

    func finish() {
        guard let source else { return }
        log.end(stream, at: Clock.now)
        log.flush()
        loop.remove(source.raw)
        self.source = nil
        onEnd()
    }

    /// False when there was nothing to read.
    @discardableResult
    private func readOnce() -> Bool {
        guard let source else { return false }
        let count = unsafe withUnsafeTemporaryAllocation(byteCount: Self.bufferSize, alignment: 16) { buffer in
            let count = unsafe read(source.raw, buffer.baseAddress, buffer.count)
            if count > 0 {
                let bytes = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
                unsafe log.add(stream, bytes, at: Clock.now)
                unsafe attach?.offer(stream, bytes)
            }
            return count
        }
        if count > 0 {
            bytesMoved += count
            log.flush()
            return true
        }
        let failure = Errno.current
        if count < 0, failure == .again || failure == .interrupted { return false }
        // The end: no writer is left (0), or the terminal's other side is closed (EIO).
        finish()
        return false
    }
}

/// Copies from one descriptor to another; neither side can hold up the loop.
final class Pump: OutputReader {
    private let loop: EventLoop
    private var sink: Handle
    private let onEnd: () -> Void
    /// Called when a sink that was full has taken what it was given.
    var onRoom: (() -> Void)?
    private var source: Handle?
    private var pending: ArraySlice<UInt8> = []
    private var sourceEnded = false
    /// How much of the source may still be read; set when the process has ended.
    private var allowance: Int?
    /// A sink that takes nothing more does not end it: what is read is lost then, but whoever writes it is not held up.
    private let outlivesSink: Bool
    /// The sink is open for writing only: its reader's going away shows.
    private var noticesReader = false
    private(set) var bytesMoved = 0
    var isDone: Bool { source == nil }
    /// The sink is full.
    var isCongested: Bool { !pending.isEmpty }

    /// - Parameter onEnd: Called once, when the source has ended and its bytes are written, or the sink is gone.
    init(
        from source: Handle,
        to sink: Handle,
        on loop: EventLoop,
        outlivesSink: Bool = false,
        onEnd: @escaping () -> Void
    ) throws(SysError) {
        self.loop = loop
        self.sink = sink
        self.outlivesSink = outlivesSink
        self.onEnd = onEnd
        try source.stopBlocking()
        try sink.stopBlocking()
        self.source = source
        try loop.add(source.raw, .readable) { [weak self] _ in self?.copyOnce() }
    }

    func readAvailable() {
        for _ in 0..<64 { if !copyOnce() { return } }
    }

    /// Passes on what the process left that has ended, and not what others go on writing; done when the sink has taken it, or
    /// nobody reads it any more.
    ///
    /// - Parameter most: How much it may have left; nil is what is in the source now.
    func finishWithWhatIsThere(atMost most: Int? = nil) {
        guard let source, !sourceEnded else { return }
        var count: Int32 = 0
        // A source that cannot tell has nothing more to say.
        allowance = most ?? (unsafe ioctl(source.raw, UInt(FIONREAD), &count) == 0 ? Int(count) : 0)
        if isCongested { waitForRoom() } else { readAvailable() }
        endIfAllowed()
    }

    private func endIfAllowed() {
        if allowance == 0, pending.isEmpty { finish() }
    }

    func finish() {
        guard let source else { return }
        if !sourceEnded { loop.remove(source.raw) }
        if !pending.isEmpty { loop.remove(sink.raw) }
        pending = []
        self.source = nil
        onEnd()
    }

    /// False when there was nothing to read or no room to write.
    @discardableResult
    private func copyOnce() -> Bool {
        guard let source, !sourceEnded, pending.isEmpty else { return false }
        var buffer = [UInt8](repeating: 0, count: 16384)
        let limit = min(buffer.count, allowance ?? .max)
        guard limit > 0 else { return false }
        let count = unsafe read(source.raw, &buffer, limit)
        if count > 0 {
            bytesMoved += count
            if let left = allowance { allowance = left - count }
            pending = buffer[..<count]
            write()
            endIfAllowed()
            return pending.isEmpty
        }
        let failure = Errno.current
        if count < 0, failure == .again || failure == .interrupted { return false }
        sourceEnded = true
        loop.remove(source.raw)
        finish()
        return false
    }

    private func write() {
        guard let source else { return }
        while !pending.isEmpty {
            let count = unsafe pending.withUnsafeBytes { unsafe Glibc.write(sink.raw, $0.baseAddress, $0.count) }
            if count >= 0 {
                pending = pending.dropFirst(count)
                bytesMoved += count
                continue
            }
            let failure = Errno.current
            if failure == .interrupted { continue }
            guard failure == .again else {
                // The process closed its input, the reader of its output is gone, or the disk is full.
                pending = []
                if !outlivesSink { finish() }
                return
            }
            loop.remove(source.raw)
            return waitForRoom()
        }
    }

    /// Goes on when the reader has taken something.
    ///
    /// While the process lives, its reader may come and go: the sink is open in both directions. What a process left that
    /// has ended is for the reader that is there, and for as long as it is there.
    private func waitForRoom() {
        loop.remove(sink.raw)
        do {
            if allowance != nil, !noticesReader {
                let path = "/proc/self/fd/\(sink.raw)"
                sink = Handle(try Descriptor.open(path, O_WRONLY | O_NONBLOCK))
                noticesReader = true
            }
            try loop.add(sink.raw, .writable) { [weak self] _ in self?.resume() }
        } catch {
            // ENXIO: nobody reads.
            pending = []
            finish()
        }
    }

    private func resume() {
        guard let source else { return }
        loop.remove(sink.raw)
        write()
        endIfAllowed()
        defer { if pending.isEmpty, self.source != nil { onRoom?() } }
        guard pending.isEmpty, self.source != nil, !sourceEnded else { return }
        do {
            try loop.add(source.raw, .readable) { [weak self] _ in self?.copyOnce() }
        } catch {
            finish()
        }
    }
}
