/// One message of D-Bus (D-Bus specification, "Message Format").
package struct BusMessage: Hashable, Sendable {
    package enum Kind: UInt8, Sendable {
        case call = 1
        case reply = 2
        case error = 3
        case signal = 4
    }

    package var kind: Kind
    package var serial: UInt32
    package var path: String?
    package var interface: String?
    package var member: String?
    package var errorName: String?
    /// Which call this answers.
    package var replySerial: UInt32?
    package var destination: String?
    package var body: [BusValue]

    package init(
        _ kind: Kind,
        serial: UInt32,
        path: String? = nil,
        interface: String? = nil,
        member: String? = nil,
        errorName: String? = nil,
        replySerial: UInt32? = nil,
        destination: String? = nil,
        body: [BusValue] = []
    ) {
        self.kind = kind
        self.serial = serial
        self.path = path
        self.interface = interface
        self.member = member
        self.errorName = errorName
        self.replySerial = replySerial
        self.destination = destination
        self.body = body
    }

    /// The bytes that go over the socket.
    package var bytes: [UInt8] {
        var content = BusWriter()
        for value in body { content.put(value) }
        var fields: [BusValue] = []
        func field(_ code: UInt8, _ value: BusValue?) {
            if let value { fields.append(.structure([.byte(code), .variant(value)])) }
        }
        field(1, path.map { .objectPath($0) })
        field(2, interface.map { .string($0) })
        field(3, member.map { .string($0) })
        field(4, errorName.map { .string($0) })
        field(5, replySerial.map { .uint32($0) })
        field(6, destination.map { .string($0) })
        if !body.isEmpty { field(8, .signature(body.map(\.signature).joined())) }
        var message = BusWriter()
        message.put(.byte(UInt8(ascii: "l")))
        message.put(.byte(kind.rawValue))
        message.put(.byte(0))
        message.put(.byte(1))
        message.put(.uint32(UInt32(content.bytes.count)))
        message.put(.uint32(serial))
        message.put(.array("(yv)", fields))
        message.align(8)
        return message.bytes + content.bytes
    }

    /// How long the message is that starts with these 16 bytes.
    package static func length(_ start: [UInt8]) throws(BusError) -> Int {
        guard start.count >= 16 else { throw BusReader.cut }
        guard start[0] == UInt8(ascii: "l"), start[3] == 1 else {
            throw BusError(.malformed, "the peer does not speak little-endian D-Bus 1")
        }
        var reader = BusReader(start, from: 4)
        let body = Int(try reader.unsigned())
        _ = try reader.unsigned()
        let fields = Int(try reader.unsigned())
        let whole = (16 + fields + 7) / 8 * 8 + body
        guard whole <= 64 << 20 else { throw BusError(.malformed, "a D-Bus message of \(whole) bytes is too long") }
        return whole
    }

    /// Reads a whole message.
    package init(_ bytes: [UInt8]) throws(BusError) {
        guard try Self.length(bytes) == bytes.count else { throw BusReader.cut }
        guard let kind = Kind(rawValue: bytes[1]) else { throw BusError(.malformed, "a D-Bus message of unknown type") }
        var reader = BusReader(bytes, from: 8)
        self.init(kind, serial: try reader.unsigned())
        var signature = ""
        guard case .array(_, let fields)? = try reader.values("a(yv)").first else { throw BusReader.cut }
        for field in fields {
            guard case .structure(let parts) = field, parts.count == 2, case .byte(let code) = parts[0],
                case .variant(let value) = parts[1]
            else { throw BusReader.cut }
            switch (code, value) {
            case (1, .objectPath(let text)): path = text
            case (2, .string(let text)): interface = text
            case (3, .string(let text)): member = text
            case (4, .string(let text)): errorName = text
            case (5, .uint32(let number)): replySerial = number
            case (6, .string(let text)): destination = text
            case (8, .signature(let text)): signature = text
            default: continue
            }
        }
        try reader.align(8)
        body = try reader.values(signature)
        guard reader.position == bytes.count else { throw BusReader.cut }
    }
}
