import NIOCore

/// The client broke the protocol.
struct WebSocketError: Error, Hashable, CustomStringConvertible {
    /// The code for the close frame (RFC 6455, 7.4.1).
    let code: UInt16
    let description: String
}

/// What a client's bytes mean: RFC 6455, sections 5.2 and 5.4, from the side of the server.
///
/// Data comes in pieces as it arrives, so that a frame may be of any size without being held in memory.
struct WebSocketDecoder {
    enum Event: Hashable {
        /// A piece of a message; `isFirst` begins one, `isLast` ends it.
        case data([UInt8], isFirst: Bool, isLast: Bool)
        case ping([UInt8])
        case pong
        case close
    }

    private enum Opcode: UInt8 {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10
        var isControl: Bool { rawValue >= 8 }
    }

    /// The bytes of a head that is not complete.
    private var head: [UInt8] = []
    private var frame: Frame?
    /// A message of several frames is under way.
    private var isFragmented = false
    private var control: [UInt8] = []

    private struct Frame {
        var opcode: Opcode
        var isFinal: Bool
        var left: UInt64
        var mask: (UInt8, UInt8, UInt8, UInt8)
        var position = 0
        var begins: Bool
    }

    /// Takes bytes as they came.
    mutating func feed(_ buffer: ByteBuffer) throws(WebSocketError) -> [Event] {
        var bytes = Array(buffer.readableBytesView)[...]
        var events: [Event] = []
        while true {
            guard var current = frame else {
                guard try readHead(&bytes) else { return events }
                if let begun = frame, begun.left == 0 { try finish(begun, [], &events) }
                continue
            }
            guard !bytes.isEmpty else { return events }
            let count = Int(min(UInt64(bytes.count), current.left))
            let piece = Self.unmasked(bytes.prefix(count), current.mask, from: current.position)
            bytes = bytes.dropFirst(count)
            current.left -= UInt64(count)
            current.position += count
            frame = current
            if current.left == 0 {
                try finish(current, piece, &events)
            } else if current.opcode.isControl {
                control += piece
            } else {
                events.append(.data(piece, isFirst: current.begins, isLast: false))
                frame?.begins = false
            }
        }
    }

    /// False when more bytes are needed.
    private mutating func readHead(_ bytes: inout ArraySlice<UInt8>) throws(WebSocketError) -> Bool {
        while true {
            let wanted = Self.headLength(head)
            if head.count >= wanted, head.count >= 2 { break }
            guard let byte = bytes.popFirst() else { return false }
            head.append(byte)
        }
        let (first, second) = (head[0], head[1])
        guard first & 0x70 == 0 else { throw WebSocketError(code: 1002, description: "reserved bits are set") }
        guard let opcode = Opcode(rawValue: first & 0x0F) else {
            throw WebSocketError(code: 1002, description: "unknown opcode \(first & 0x0F)")
        }
        guard second & 0x80 != 0 else {
            throw WebSocketError(code: 1002, description: "a client's frames must be masked")
        }
        let isFinal = first & 0x80 != 0
        var length = UInt64(second & 0x7F)
        let extra = length == 126 ? 2 : length == 127 ? 8 : 0
        if extra > 0 { length = head[2..<(2 + extra)].reduce(0) { $0 << 8 | UInt64($1) } }
        if opcode.isControl, !isFinal || length > 125 {
            throw WebSocketError(code: 1002, description: "a control frame is too long or in parts")
        }
        guard length < 1 << 62 else { throw WebSocketError(code: 1009, description: "the frame is too long") }
        if !opcode.isControl, (opcode == .continuation) != isFragmented {
            throw WebSocketError(code: 1002, description: "a message begins within another, or goes on without one")
        }
        let mask = head.suffix(4)
        let start = mask.startIndex
        frame = Frame(
            opcode: opcode,
            isFinal: isFinal,
            left: length,
            mask: (mask[start], mask[start + 1], mask[start + 2], mask[start + 3]),
            begins: opcode != .continuation
        )
        head = []
        return true
    }

    private static func headLength(_ head: [UInt8]) -> Int {
        guard head.count >= 2 else { return 2 }
        let extra = head[1] & 0x7F == 126 ? 2 : head[1] & 0x7F == 127 ? 8 : 0
        return 2 + extra + (head[1] & 0x80 != 0 ? 4 : 0)
    }

    private mutating func finish(_ done: Frame, _ piece: [UInt8], _ events: inout [Event]) throws(WebSocketError) {
        frame = nil
        switch done.opcode {
        case .continuation, .text, .binary:
            isFragmented = !done.isFinal
            events.append(.data(piece, isFirst: done.begins, isLast: done.isFinal))
        case .ping: events.append(.ping(control + piece))
        case .pong: events.append(.pong)
        case .close: events.append(.close)
        }
        if done.opcode.isControl { control = [] }
    }

    private static func unmasked(
        _ bytes: ArraySlice<UInt8>,
        _ mask: (UInt8, UInt8, UInt8, UInt8),
        from position: Int
    ) -> [UInt8] {
        let mask = [mask.0, mask.1, mask.2, mask.3]
        var plain = Array(bytes)
        for index in plain.indices { plain[index] ^= mask[(index + position) & 3] }
        return plain
    }
}

/// A server's frames; never masked.
enum WebSocketFrames {
    static func binary(_ parts: [UInt8]..., to allocator: ByteBufferAllocator) -> ByteBuffer {
        frame(0x82, parts, allocator)
    }

    static func pong(_ payload: [UInt8], to allocator: ByteBufferAllocator) -> ByteBuffer {
        frame(0x8A, [payload], allocator)
    }

    static func close(_ code: UInt16, _ reason: String, to allocator: ByteBufferAllocator) -> ByteBuffer {
        let text = reason.utf8.prefix(123)
        return frame(0x88, [[UInt8(code >> 8), UInt8(code & 0xFF)], Array(text)], allocator)
    }

    private static func frame(_ first: UInt8, _ parts: [[UInt8]], _ allocator: ByteBufferAllocator) -> ByteBuffer {
        let count = parts.reduce(0) { $0 + $1.count }
        var buffer = allocator.buffer(capacity: count + 10)
        buffer.writeInteger(first)
        if count < 126 {
            buffer.writeInteger(UInt8(count))
        } else if count <= 0xFFFF {
            buffer.writeInteger(UInt8(126))
            buffer.writeInteger(UInt16(count))
        } else {
            buffer.writeInteger(UInt8(127))
            buffer.writeInteger(UInt64(count))
        }
        for part in parts { buffer.writeBytes(part) }
        return buffer
    }
}
