import Glibc
import JSON
import Linux

/// Joins this process's streams to those of a process in a container, in Kubernetes' form over WebSocket.
struct RemoteSession {
    let connection: StreamConnection
    let sendsInput: Bool
    let isTerminal: Bool

    /// Returns the exit code of the other process; nil if the agent did not say one.
    ///
    /// - Throws: `ClientFailure` with the agent's reason.
    func run() throws -> Int32? {
        var raw: RawTerminal?
        if isTerminal, sendsInput { raw = RawTerminal() }
        defer { raw?.restore() }
        let resizes = try SignalDescriptor([SIGWINCH])
        if isTerminal { sendSize() }
        var inputOpen = sendsInput
        while true {
            try connection.flush()
            var entries = [
                pollfd(fd: connection.socket.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: -1, events: Int16(POLLIN), revents: 0),
            ]
            if !connection.outgoing.isEmpty { entries[0].events |= Int16(POLLOUT) }
            // What was read before goes first: a fast input must not eat memory.
            if inputOpen, connection.outgoing.isEmpty { entries[1].fd = 0 }
            if isTerminal { entries[2].fd = resizes.raw }
            if unsafe poll(&entries, 3, -1) < 0, Errno.current != .interrupted {
                throw ClientFailure.failed("poll: \(Errno.current)")
            }
            if entries[2].revents != 0 {
                _ = try resizes.next()
                sendSize()
            }
            if entries[1].revents != 0 { inputOpen = passInput() }
            guard entries[0].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 else { continue }
            for event in connection.receive() {
                switch event {
                case .ping(let payload): connection.pong(payload)
                case .close: return nil
                case .message(let bytes): if let status = try take(bytes) { return try Self.exitCode(status) }
                }
            }
            if connection.isEnded { throw ClientFailure.failed("the agent closed the connection") }
        }
    }

    private func sendSize() {
        var size = winsize()
        guard unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0 || ioctl(0, UInt(TIOCGWINSZ), &size) == 0 else { return }
        connection.send(4, "{\"Width\":\(size.ws_col),\"Height\":\(size.ws_row)}".utf8)
    }

    /// False at the end of the input.
    private func passInput() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 32768)
        let count = unsafe read(0, &buffer, buffer.count)
        if count > 0 {
            connection.send(0, buffer[..<count])
            return true
        }
        if count < 0, Errno.current == .interrupted || Errno.current == .again { return true }
        connection.send(255, [0])
        return false
    }

    /// The status, if it is one.
    private func take(_ message: [UInt8]) throws -> [UInt8]? {
        guard let channel = message.first, message.count > 1 else { return nil }
        switch channel {
        case 1: try Self.write(1, message.dropFirst())
        case 2: try Self.write(2, message.dropFirst())
        case 3: return Array(message.dropFirst())
        default: break
        }
        return nil
    }

    private static func write(_ number: Int32, _ bytes: ArraySlice<UInt8>) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(number, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            let failure = Errno.current
            if failure == .interrupted { continue }
            guard failure == .again else {
                throw Console.failure(of: number == 1 ? "standard output" : "standard error", failure.code)
            }
            var entry = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
            _ = unsafe poll(&entry, 1, -1)
        }
    }

    /// What the last message of the agent says.
    static func exitCode(_ status: [UInt8]) throws -> Int32 {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: status)
        } catch {
            throw ClientFailure.failed("the agent's last word is not JSON: \(error)")
        }
        if value["status"]?.stringValue == "Success" { return 0 }
        let causes = value["details"]?["causes"]?.arrayValue ?? []
        if value["reason"]?.stringValue == "NonZeroExitCode",
            let cause = causes.first(where: { $0["reason"]?.stringValue == "ExitCode" }),
            let code = cause["message"]?.stringValue.flatMap({ Int32($0) })
        {
            return code
        }
        throw ClientFailure(status: value)
    }
}

/// This process's terminal, without any handling of its own: every key goes to the other side.
final class RawTerminal {
    private var before = termios()

    /// Nil if standard input is no terminal.
    init?() {
        guard isatty(0) == 1, unsafe tcgetattr(0, &before) == 0 else { return nil }
        var settings = before
        unsafe cfmakeraw(&settings)
        _ = unsafe tcsetattr(0, TCSANOW, &settings)
    }

    func restore() { _ = unsafe tcsetattr(0, TCSANOW, &before) }
}
