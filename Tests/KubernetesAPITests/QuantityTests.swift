import KubernetesAPI
import Testing

@Suite("Quantities")
struct QuantityTests {
    @Test(
        "a quantity prints in Kubernetes' canonical form",
        arguments: [
            ("0", "0"), ("1", "1"), ("0.5", "500m"), ("1000m", "1"), ("1500m", "1500m"), ("1024Mi", "1Gi"),
            ("1536Mi", "1536Mi"), ("512Ki", "512Ki"), ("1000", "1k"), ("1023Ki", "1023Ki"), ("0.5Gi", "512Mi"),
            ("1.5Gi", "1536Mi"), ("100Mi", "100Mi"), ("1e3", "1e3"), ("1E3", "1e3"), ("12e6", "12e6"), ("10e-1", "1"),
            ("0.0000000001", "1n"), ("1n", "1n"), ("1u", "1u"), ("1000u", "1m"), ("-1", "-1"), ("+5", "5"),
            ("-1.5Ki", "-1536"), ("1Ki", "1Ki"), ("1023", "1023"), ("0.1Ki", "102400m"), ("00001", "1"),
            (".5", "500m"), ("5.", "5"), ("9999999999999999999999", "9223372036854775807"),
            ("8Ei", "9223372036854775807"), ("1e100", "9223372036854775807"), ("1e-100", "1e-9"), ("0e100", "0"),
            ("123456789012345678901234n", "123456789012345678901234n"),
        ]
    )
    func canonical(text: String, expected: String) throws {
        let quantity = try Quantity(parsing: text)
        #expect(quantity.canonicalText == expected)
        #expect(quantity.description == text)
    }

    @Test(
        "what is not a quantity is refused with Kubernetes' message",
        arguments: [
            ("", QuantityError.format), ("abc", .format), ("1 Gi", .format), ("1.2.3", .number), (".", .number),
            ("1KiB", .format), ("1K", .suffix), ("1ki", .suffix), ("1mm", .suffix), ("--1", .format), ("1e", .suffix),
            ("1Zi", .format), ("1e1.5", .format),
        ]
    )
    func refused(text: String, reason: QuantityError) {
        #expect(throws: reason) { try Quantity(parsing: text) }
    }

    @Test("values and thousandths round away from zero")
    func rounding() throws {
        #expect(try Quantity(parsing: "1500m").value == 2)
        #expect(try Quantity(parsing: "-1500m").value == -2)
        #expect(try Quantity(parsing: "100u").milliValue == 1)
        #expect(try Quantity(parsing: "2").milliValue == 2_000)
        #expect(try Quantity(parsing: "64Mi").value == 67_108_864)
        #expect(try Quantity(parsing: "8Ei").milliValue == Int64.max)
    }

    @Test("quantities compare and hash by value, whatever their spelling")
    func comparison() throws {
        #expect(try Quantity(parsing: "1") == Quantity(parsing: "1000m"))
        #expect(try Quantity(parsing: "1Gi") > Quantity(parsing: "1G"))
        #expect(Set([try Quantity(parsing: "1Ki"), try Quantity(parsing: "1024")]).count == 1)
    }

    @Test("a sum keeps the format of its left side")
    func arithmetic() throws {
        #expect(try (Quantity(parsing: "1Gi") + Quantity(parsing: "512Mi")).canonicalText == "1536Mi")
        #expect(try (Quantity.zero + Quantity(parsing: "512Mi")).canonicalText == "512Mi")
        #expect(try (Quantity(parsing: "1") - Quantity(parsing: "250m")).canonicalText == "750m")
    }
}
