import Testing

@testable import Systemd

@Suite("D-Bus messages")
struct BusMessageTests {
    private var start: BusMessage {
        BusMessage(
            .call,
            serial: 5,
            path: "/org/freedesktop/systemd1",
            interface: "org.freedesktop.systemd1.Manager",
            member: "StartTransientUnit",
            destination: "org.freedesktop.systemd1",
            body: [
                .string("a.scope"), .string("fail"),
                .array(
                    "(sv)",
                    [
                        .structure([.string("Delegate"), .variant(.boolean(true))]),
                        .structure([.string("PIDs"), .variant(.array("u", [.uint32(7), .uint32(8)]))]),
                        .structure([.string("MemoryMax"), .variant(.uint64(1 << 26))]),
                        .structure([.string("AllowedCPUs"), .variant(.bytes([5]))]),
                    ]
                ),
                .array("(sa(sv))", []),
            ]
        )
    }

    /// Written by another implementation (jeepney) from the same values.
    private static let golden =
        "6c0100019800000005000000b600000001016f00190000002f6f72672f667265656465736b746f702f73797374656d643100000000000000"
        + "02017300200000006f72672e667265656465736b746f702e73797374656d64312e4d616e6167657200000000000000000301730012000000"
        + "53746172745472616e7369656e74556e697400000000000006017300180000006f72672e667265656465736b746f702e73797374656d6431"
        + "000000000000000008016700107373612873762961287361287376292900000007000000612e73636f706500040000006661696c00000000"
        + "71000000000000000800000044656c65676174650001620001000000000000000400000050494473000261750000000008000000070000000"
        + "800000000000000090000004d656d6f72794d6178000174000000000000000000000004000000000b000000416c6c6f776564435055730002"
        + "617900010000000500000000000000"

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test("a call has the bytes that another implementation writes")
    func encoding() { #expect(Self.hex(start.bytes) == Self.golden) }

    @Test("what is written is read back, whatever the types")
    func roundTrip() throws {
        #expect(try BusMessage(start.bytes) == start)
        let values: [BusValue] = [
            .byte(1), .int16(-2), .uint16(3), .int32(-4), .int64(.min), .uint64(.max), .double(0.5), .boolean(false),
            .objectPath("/a"), .signature("a{sv}"), .strings(["", "ä"]),
            .array("{sv}", [.entry(.string("k"), .variant(.structure([.byte(1), .uint64(2)])))]),
            .variant(.variant(.array("at", [.array("t", [.uint64(1)]), .array("t", [])]))),
        ]
        let message = BusMessage(.error, serial: 9, errorName: "x.y", replySerial: 8, body: values)
        #expect(try BusMessage(message.bytes) == message)
    }

    @Test("a message that is cut anywhere is refused, and so is one that goes on")
    func truncated() {
        let bytes = start.bytes
        for count in bytes.indices {
            #expect(throws: BusError.self) { try BusMessage(Array(bytes[..<count])) }
        }
        #expect(throws: BusError.self) { try BusMessage(bytes + [0]) }
    }

    @Test("whatever bytes come, reading them ends in a value or an error")
    func hostile() {
        var generator = SystemRandomNumberGenerator()
        let good = start.bytes
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0...Int.random(in: 0...3, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            _ = try? BusMessage(bytes)  // either is right; that it returns is the test
        }
    }

    @Test("lengths that nobody could mean are refused before anything is read")
    func tooLong() {
        var bytes = start.bytes
        bytes[7] = 0x7F
        #expect(throws: BusError.self) { try BusMessage.length(bytes) }
        bytes = start.bytes
        bytes[0] = UInt8(ascii: "B")
        #expect(throws: BusError.self) { try BusMessage.length(bytes) }
    }

    @Test("nested variants end somewhere")
    func nesting() {
        var value = BusValue.byte(1)
        for _ in 0..<70 { value = .variant(value) }
        let message = BusMessage(.signal, serial: 1, body: [value])
        #expect(throws: BusError.self) { try BusMessage(message.bytes) }
    }
}

@Suite("Units of systemd")
struct UnitNameTests {
    @Test(
        "a slice is below the slices that its name says",
        arguments: [
            ("system.slice", "/system.slice"), ("a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice"), ("-.slice", ""),
            ("kubepods-pod1_2.slice", "/kubepods.slice/kubepods-pod1_2.slice"),
            ("a.scope", nil), ("a--b.slice", nil), ("-a.slice", nil), ("a-.slice", nil), ("a/b.slice", nil),
            (".slice", nil), ("a b.slice", nil), ("", nil),
        ] as [(String, String?)]
    )
    func slices(_ name: String, _ path: String?) { #expect(UnitName.path(ofSlice: name) == path) }

    @Test("only scopes and slices with plain names are units of ours")
    func units() {
        for name in ["a.scope", "a:b-c_d\\x2d.scope", "a.slice"] { #expect(UnitName.isUnit(name)) }
        for name in ["a", ".scope", "a.service", "a/b.scope", "a b.scope", String(repeating: "a", count: 300) + ".scope"] {
            #expect(!UnitName.isUnit(name))
        }
    }

    @Test("systemd itself is asked before a bus, and a user's where the environment says")
    func sockets() {
        #expect(SystemdManager.sockets(.system) { _ in nil }.map(\.0).first == "/run/systemd/private")
        let environment = [
            "XDG_RUNTIME_DIR": "/run/user/7", "DBUS_SESSION_BUS_ADDRESS": "tcp:host=x;unix:path=/tmp/b,guid=1",
        ]
        #expect(
            SystemdManager.sockets(.user) { environment[$0] }.map(\.0)
                == ["/run/user/7/systemd/private", "/run/user/7/bus", "/tmp/b"]
        )
        #expect(SystemdManager.sockets(.user) { _ in nil }.isEmpty)
    }
}
