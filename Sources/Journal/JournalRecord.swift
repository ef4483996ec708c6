/// What journald shall keep about one event.
///
/// Names of fields are ours; text of others goes into values only. A value can hold any bytes: it is framed by its
/// length where it has to be, so it cannot end its field and begin another.
package struct JournalRecord: Hashable, Sendable {
    /// One sentence: who did what to what, with which result.
    package let message: String
    package let priority: Priority
    /// SYSLOG_IDENTIFIER, what `journalctl -t` selects by.
    package let identifier: String
    package let facility: Facility
    /// Names the kind of event and its entry in the catalog (`journalctl -x`).
    package let messageID: MessageID?
    package let fields: [Field]

    /// - Throws: `JournalFieldError` if journald would not take a field under its name, or so many.
    package init(
        message: String,
        priority: Priority = .informational,
        identifier: String = "swiftlet",
        facility: Facility = .daemon,
        messageID: MessageID? = nil,
        fields: [Field] = []
    ) throws(JournalFieldError) {
        for field in fields { try JournalRecord.check(field.name) }
        guard fields.count <= JournalRecord.fieldLimit else { throw .tooMany(fields.count) }
        self.message = message
        self.priority = priority
        self.identifier = identifier
        self.facility = facility
        self.messageID = messageID
        self.fields = fields
    }

    /// A name and a value. A name may occur several times.
    package struct Field: Hashable, Sendable {
        package let name: String
        package let value: [UInt8]

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = Array(value.utf8)
        }

        package init(_ name: String, _ value: [UInt8]) {
            self.name = name
            self.value = value
        }
    }

    /// The levels of syslog(3).
    package enum Priority: Int, Sendable {
        case emergency, alert, critical, error, warning, notice, informational, debug
    }

    /// The facilities of syslog(3) that the agent uses.
    package enum Facility: Int, Sendable {
        case daemon = 3
        /// Changes by people and programs over the API, and refusals.
        case authorization = 10
    }

    /// journald takes 1024 fields an entry and adds about 30 of its own.
    package static let fieldLimit = 900

    /// The fields that `init` has parameters for.
    private static let own: Set<String> = [
        "MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "SYSLOG_FACILITY", "MESSAGE_ID",
    ]

    /// A name is 1 to 64 upper-case letters, digits and "_", and begins with a letter: journald drops fields that begin
    /// with "_" (it sets those itself) or with a digit, and says nothing.
    private static func check(_ name: String) throws(JournalFieldError) {
        let bytes = name.utf8
        guard let first = bytes.first, (0x41...0x5A).contains(first), bytes.count <= 64,
            bytes.allSatisfy({ (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F })
        else { throw .badName(name) }
        guard !own.contains(name) else { throw .reserved(name) }
    }
}

extension JournalRecord {
    /// The record in journald's native protocol: a field a line as NAME=value; a value with a line feed is framed
    /// instead: NAME, line feed, its length in 8 bytes (little endian), the value, line feed.
    package var nativeBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256 + fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.count + 10 })
        func append(_ name: String, _ value: some Collection<UInt8>) {
            bytes.append(contentsOf: name.utf8)
            if value.contains(0x0A) {
                bytes.append(0x0A)
                var length = UInt64(value.count)
                for _ in 0..<8 {
                    bytes.append(UInt8(truncatingIfNeeded: length))
                    length >>= 8
                }
            } else {
                bytes.append(0x3D)
            }
            bytes.append(contentsOf: value)
            bytes.append(0x0A)
        }
        append("MESSAGE", message.utf8)
        append("PRIORITY", "\(priority.rawValue)".utf8)
        append("SYSLOG_IDENTIFIER", identifier.utf8)
        append("SYSLOG_FACILITY", "\(facility.rawValue)".utf8)
        if let messageID { append("MESSAGE_ID", messageID.hex.utf8) }
        for field in fields { append(field.name, field.value) }
        return bytes
    }
}

/// Why a record cannot be made.
package enum JournalFieldError: Error, Hashable, Sendable, CustomStringConvertible {
    case badName(String)
    /// A field that the record has a property for.
    case reserved(String)
    case tooMany(Int)

    package var description: String {
        switch self {
        case .badName(let name):
            "journal field \"\(name.prefix(80))\": a name is 1 to 64 of A-Z, 0-9 and _, beginning with a letter"
        case .reserved(let name): "journal field \(name): set it by the record's property, not as a field"
        case .tooMany(let count):
            "journal record with \(count) fields: at most \(JournalRecord.fieldLimit) are possible"
        }
    }
}
