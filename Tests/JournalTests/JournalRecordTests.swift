import Journal
import Testing

struct JournalRecordTests {
    typealias Field = JournalRecord.Field

    @Test("a record is one field a line")
    func plain() throws {
        let id = try #require(MessageID(eventType: "PodCreated"))
        let record = try JournalRecord(
            message: "alice created pod default/web",
            priority: .notice,
            facility: .authorization,
            messageID: id,
            fields: [Field("SWIFTLET_POD", "web"), Field("SWIFTLET_POD", "")]
        )
        #expect(
            String(decoding: record.nativeBytes, as: UTF8.self) == """
                MESSAGE=alice created pod default/web
                PRIORITY=5
                SYSLOG_IDENTIFIER=swiftlet
                SYSLOG_FACILITY=10
                MESSAGE_ID=\(id)
                SWIFTLET_POD=web
                SWIFTLET_POD=

                """
        )
    }

    @Test("a value with a line feed is framed by its length")
    func framed() throws {
        let record = try JournalRecord(message: "m", fields: [Field("X", [0x61, 0x0A, 0xFF, 0x00])])
        let head = Array("MESSAGE=m\nPRIORITY=6\nSYSLOG_IDENTIFIER=swiftlet\nSYSLOG_FACILITY=3\nX\n".utf8)
        #expect(record.nativeBytes == head + [4, 0, 0, 0, 0, 0, 0, 0] + [0x61, 0x0A, 0xFF, 0x00] + [0x0A])
    }

    @Test(
        "a name that journald would drop is refused",
        arguments: ["", "_UID", "1A", "a", "A-B", "A B", "A=B", "A\nB", "Ä", String(repeating: "A", count: 65)]
    )
    func badNames(name: String) {
        #expect(throws: JournalFieldError.badName(name)) {
            try JournalRecord(message: "m", fields: [Field(name, "v")])
        }
    }

    @Test(
        "a field cannot stand in for a property",
        arguments: ["MESSAGE", "PRIORITY", "MESSAGE_ID", "SYSLOG_IDENTIFIER"]
    )
    func reserved(name: String) {
        #expect(throws: JournalFieldError.reserved(name)) {
            try JournalRecord(message: "m", fields: [Field(name, "v")])
        }
    }

    @Test("the longest name and the most fields are taken, one more is not")
    func limits() throws {
        let name = String(repeating: "A", count: 64)
        _ = try JournalRecord(message: "m", fields: Array(repeating: Field(name, "v"), count: JournalRecord.fieldLimit))
        #expect(throws: JournalFieldError.tooMany(JournalRecord.fieldLimit + 1)) {
            try JournalRecord(
                message: "m",
                fields: Array(repeating: Field(name, "v"), count: JournalRecord.fieldLimit + 1)
            )
        }
    }

    @Test("every name of the agent's own fields is one that journald takes")
    func ownNames() throws {
        _ = try JournalRecord(message: "m", fields: Field.Name.all.map { Field($0, "v") })
        #expect(Set(Field.Name.all).count == Field.Name.all.count)
    }
}
