import Linux

/// A connection to a message bus, or directly to a service that speaks D-Bus.
package struct BusConnection: ~Copyable {
    private let socket: Descriptor
    private let path: String
    private var serial: UInt32 = 0
    private var buffer: [UInt8] = []
    /// Signals that came while an answer was awaited.
    private var signals: [BusMessage] = []

    /// Connects and proves the caller's identity by the credentials of the socket (SASL EXTERNAL).
    package static func open(_ path: String) throws(BusError) -> BusConnection {
        let socket: Descriptor
        do {
            socket = try UnixSocket.connect(path)
        } catch {
            throw BusError(error)
        }
        var connection = BusConnection(socket, path)
        try connection.authenticate()
        return connection
    }

    private init(_ socket: consuming Descriptor, _ path: String) {
        self.socket = socket
        self.path = path
    }

    private mutating func authenticate() throws(BusError) {
        let identity = String(Privileges.userID).utf8.map { String($0, radix: 16) }.joined()
        try send([0] + Array("AUTH EXTERNAL \(identity)\r\n".utf8))
        let deadline = MonotonicClock.milliseconds + 10_000
        while true {
            if let end = buffer.firstIndex(of: 0x0A) {
                let line = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeSubrange(...end)
                guard line.hasPrefix("OK ") else {
                    throw BusError(.authentication, "\(path) does not accept user \(Privileges.userID): \(line.prefix(100))")
                }
                break
            }
            guard buffer.count < 16384 else { throw BusError(.malformed, "\(path) does not speak D-Bus") }
            try receive(until: deadline, waitingFor: "the handshake")
        }
        try send(Array("BEGIN\r\n".utf8))
    }

    private borrowing func send(_ bytes: [UInt8]) throws(BusError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            do {
                rest = rest.dropFirst(try Descriptor.sendSome(socket.raw, Array(rest), subject: path))
            } catch  where error.errno == .again {
                do {
                    _ = try BlockingWait.until(socket.raw, writable: true, milliseconds: 10_000)
                } catch {
                    throw BusError(error)
                }
            } catch {
                throw BusError(error)
            }
        }
    }

    private mutating func receive(until deadline: Int64, waitingFor what: String) throws(BusError) {
        let left = deadline - MonotonicClock.milliseconds
        do {
            guard left > 0, try BlockingWait.until(socket.raw, writable: false, milliseconds: Int32(clamping: left))
            else { throw BusError(.timeout, "\(path) gave no answer to \(what)") }
            let more = try Descriptor.receiveSome(socket.raw, limit: 65536, subject: path)
            if more.isEmpty { throw BusError(.unreachable, "\(path) closed the connection during \(what)") }
            buffer += more
        } catch let error as SysError {
            if error.errno == .again { return }
            throw BusError(error)
        } catch let error as BusError {
            throw error
        } catch {
            throw BusError(.unreachable, "\(error)")
        }
    }

    private mutating func nextMessage(until deadline: Int64, waitingFor what: String) throws(BusError) -> BusMessage {
        while true {
            if buffer.count >= 16 {
                let length = try BusMessage.length(buffer)
                if buffer.count >= length {
                    let message = try BusMessage(Array(buffer[..<length]))
                    buffer.removeSubrange(..<length)
                    return message
                }
            }
            try receive(until: deadline, waitingFor: what)
        }
    }

    /// Calls a method and waits for its answer.
    ///
    /// - Throws: `.refused` with the name of the error that came back; `.timeout` after 25 seconds.
    package mutating func call(
        _ member: String,
        on interface: String,
        at object: String,
        of destination: String?,
        _ body: [BusValue] = []
    ) throws(BusError) -> [BusValue] {
        serial += 1
        let message = BusMessage(
            .call,
            serial: serial,
            path: object,
            interface: interface,
            member: member,
            destination: destination,
            body: body
        )
        try send(message.bytes)
        let deadline = MonotonicClock.milliseconds + 25_000
        while true {
            let answer = try nextMessage(until: deadline, waitingFor: member)
            switch answer.kind {
            case .signal: signals.append(answer)
            case .reply where answer.replySerial == serial: return answer.body
            case .error where answer.replySerial == serial:
                throw BusError(.refused, name: answer.errorName, answer.body.first?.text ?? "")
            default: continue
            }
        }
    }

    /// Waits for a signal that `matches`; those that came before and were not taken count.
    package mutating func signal(
        milliseconds: Int64,
        waitingFor what: String,
        _ matches: (BusMessage) -> Bool
    ) throws(BusError) -> BusMessage {
        if let index = signals.firstIndex(where: matches) { return signals.remove(at: index) }
        let deadline = MonotonicClock.milliseconds + milliseconds
        while true {
            let message = try nextMessage(until: deadline, waitingFor: what)
            if message.kind == .signal, matches(message) { return message }
        }
    }
}
