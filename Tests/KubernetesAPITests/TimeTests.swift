import KubernetesAPI
import Testing

@Suite("Times")
struct TimeTests {
    @Test(
        "times are read as RFC 3339 and printed in UTC",
        arguments: [
            ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"),
            ("2026-11-23T15:55:48Z", 1_795_449_348, "2026-11-23T15:55:48Z"),
            ("2024-02-29T23:59:59Z", 1_709_251_199, "2024-02-29T23:59:59Z"),
            ("2000-01-01T00:30:00+01:00", 946_683_000, "1999-12-31T23:30:00Z"),
            ("1969-12-31T23:59:59.5Z", -1, "1969-12-31T23:59:59Z"),
            ("0001-01-01T00:00:00Z", -62_135_596_800, "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.999999999Z", 253_402_300_799, "9999-12-31T23:59:59Z"),
        ] as [(String, Int64, String)]
    )
    func parsing(text: String, seconds: Int64, printed: String) throws {
        let time = try #require(Time(parsing: text))
        #expect(time.secondsSince1970 == seconds)
        #expect(time.description == printed)
    }

    @Test(
        "what is no time is refused",
        arguments: [
            "", "2026-11-23", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00", "2026-01-01t00:00:00Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00Zx", "12026-01-01T00:00:00Z", "2026-04-31T00:00:00Z",
        ]
    )
    func refused(text: String) {
        #expect(Time(parsing: text) == nil)
    }

    @Test("every day from 1900 to 2100 survives the way there and back")
    func everyDay() throws {
        for day in stride(from: Int64(-25_567), through: 47_482, by: 1) {
            let time = Time(secondsSince1970: day * 86_400 + 43_261)
            #expect(Time(parsing: time.description) == time)
        }
    }

    @Test("a micro time always has six digits")
    func micro() {
        #expect(MicroTime(microsecondsSince1970: 1_500_000).description == "1970-01-01T00:00:01.500000Z")
        #expect(MicroTime(parsing: "1970-01-01T00:00:01.5000009Z")?.microsecondsSince1970 == 1_500_000)
        #expect(MicroTime(microsecondsSince1970: -1).description == "1969-12-31T23:59:59.999999Z")
        #expect(Time(microsecondsSince1970: -1).description == "1969-12-31T23:59:59Z")
    }
}
