/// The header of every ttrpc message: payload length, stream, type, flags, big-endian.
package struct FrameHeader: Hashable, Sendable {
    package static let size = 10
    /// The largest payload that ttrpc peers accept: 4 MiB.
    package static let maximumPayload = 4 << 20

    package enum Kind {
        package static let request: UInt8 = 1
        package static let response: UInt8 = 2
        package static let data: UInt8 = 3
    }

    package var length: UInt32
    package var stream: UInt32
    package var kind: UInt8
    package var flags: UInt8 = 0

    package init(length: UInt32, stream: UInt32, kind: UInt8, flags: UInt8 = 0) {
        self.length = length
        self.stream = stream
        self.kind = kind
        self.flags = flags
    }

    /// Reads the first ten bytes of `bytes`.
    fileprivate init(_ bytes: ArraySlice<UInt8>) {
        let number = { (offset: Int) in
            bytes[(bytes.startIndex + offset)..<(bytes.startIndex + offset + 4)].reduce(UInt32(0)) {
                $0 << 8 | UInt32($1)
            }
        }
        length = number(0)
        stream = number(4)
        kind = bytes[bytes.startIndex + 8]
        flags = bytes[bytes.startIndex + 9]
    }

    fileprivate func append(to bytes: inout [UInt8]) {
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: length >> UInt32(shift))) }
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: stream >> UInt32(shift))) }
        bytes.append(kind)
        bytes.append(flags)
    }
}

/// One message of a connection.
package struct Frame: Hashable, Sendable {
    package var stream: UInt32
    package var kind: UInt8
    package var flags: UInt8 = 0
    package var payload: [UInt8]

    package init(stream: UInt32, kind: UInt8, flags: UInt8 = 0, payload: [UInt8]) {
        self.stream = stream
        self.kind = kind
        self.flags = flags
        self.payload = payload
    }

    /// The frame's bytes. The payload must not be larger than `FrameHeader.maximumPayload`.
    package func append(to bytes: inout [UInt8]) {
        FrameHeader(length: UInt32(payload.count), stream: stream, kind: kind, flags: flags).append(to: &bytes)
        bytes.append(contentsOf: payload)
    }
}

/// Cuts a stream of bytes into frames, whatever the pieces in which the bytes arrive.
package struct FrameDecoder: Sendable {
    package enum Event: Hashable, Sendable {
        case frame(Frame)
        /// A payload above the limit; its bytes are thrown away as they come, and the connection goes on.
        case oversized(FrameHeader)
    }

    private var buffer: [UInt8] = []
    private var start = 0
    private var discard = 0

    package init() {}

    /// Adds bytes, and returns what is complete now.
    package mutating func feed(_ bytes: some Collection<UInt8>) -> [Event] {
        buffer.append(contentsOf: bytes)
        var events: [Event] = []
        while true {
            let dropped = min(discard, buffer.count - start)
            start += dropped
            discard -= dropped
            guard buffer.count - start >= FrameHeader.size else { break }
            let header = FrameHeader(buffer[start...])
            let length = Int(header.length)
            if length > FrameHeader.maximumPayload {
                events.append(.oversized(header))
                start += FrameHeader.size
                discard = length
                continue
            }
            let end = start + FrameHeader.size + length
            guard buffer.count >= end else { break }
            let payload = Array(buffer[(start + FrameHeader.size)..<end])
            events.append(
                .frame(Frame(stream: header.stream, kind: header.kind, flags: header.flags, payload: payload))
            )
            start = end
        }
        if start == buffer.count {
            // A big message must not keep its memory for the life of the connection.
            buffer.removeAll(keepingCapacity: buffer.capacity <= 16384)
            start = 0
        } else if start > 65536 {
            buffer.removeFirst(start)
            start = 0
        }
        return events
    }
}

/// Bytes that wait for their socket.
package struct OutputBuffer: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var start = 0

    package init() {}

    package var isEmpty: Bool { start == bytes.count }
    package var count: Int { bytes.count - start }
    package var pending: ArraySlice<UInt8> { bytes[start...] }

    package mutating func append(_ frame: Frame) { frame.append(to: &bytes) }

    /// Forgets the first `count` pending bytes: they were written.
    package mutating func consume(_ count: Int) {
        start += count
        if start == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= 16384)
            start = 0
        } else if start > 65536 {
            bytes.removeFirst(start)
            start = 0
        }
    }
}
