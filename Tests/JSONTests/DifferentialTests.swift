import Foundation
import JSON
import Testing

/// The reader and the writer against Foundation's. Where the two may differ:
/// - Foundation accepts a byte order mark, UTF-16 and UTF-32; Swiftlet reads UTF-8 only (RFC 8259 section 8.1).
/// - Foundation accepts a lone surrogate escape in places and replaces it; Swiftlet refuses it.
/// - Foundation refuses numbers that fit no Swift number; Swiftlet keeps their text.
/// - Foundation accepts a comma before the end of an array or object; RFC 8259 does not.
/// - Of equal keys Foundation keeps any one; Swiftlet keeps the last.
/// - The limits of depth and of number length differ.
struct DifferentialTests {
    let seed = RandomJSON.seed(ProcessInfo.processInfo.environment["SWIFTLET_TEST_SEED"])

    @Test("random texts mean the same to Foundation")
    func sameMeaning() throws {
        print("seed \(seed)")
        var random = RandomJSON(seed: seed)
        for _ in 0..<3000 {
            let value = random.value()
            let text = random.text(value)
            let read = try JSONValue(parsing: text)
            #expect(read == value, "seed \(seed): \(text)")
            for bytes in [Array(text.utf8), read.bytes(), read.bytes(pretty: true, sortedKeys: true)] {
                let other = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
                #expect(Self.same(value, other), "seed \(seed): \(text)")
            }
        }
    }

    @Test("what Foundation writes is read as the same value")
    func readsFoundation() throws {
        print("seed \(seed)")
        var random = RandomJSON(seed: seed ^ 1)
        for _ in 0..<1500 {
            let value = random.value()
            let theirs = try JSONEncoder().encode(value)
            let read = try JSONValue(parsing: theirs)
            #expect(
                read == (try JSONDecoder().decode(JSONValue.self, from: Data(value.bytes()))),
                "seed \(seed): \(value)"
            )
        }
    }

    @Test("damaged texts are accepted and refused as Foundation does")
    func sameVerdict() {
        print("seed \(seed)")
        var random = RandomJSON(seed: seed ^ 2)
        var (accepted, refused) = (0, 0)
        for _ in 0..<12_000 {
            let original = random.value(depth: 3)
            let text = random.damage(Array(random.text(original).utf8))
            guard let theirs = Self.verdict(text) else { continue }
            let ours = try? JSONValue(parsing: text)  // nil: refused
            #expect((ours != nil) == theirs, "seed \(seed): \(String(decoding: text, as: UTF8.self)) \(text)")
            if ours != nil { accepted += 1 } else { refused += 1 }
        }
        // Both outcomes must have been tried often.
        #expect(accepted > 1000)
        #expect(refused > 1000)
    }

    @Test("doubles are read to the last bit as Foundation's decoder reads them")
    func sameDoubles() throws {
        print("seed \(seed)")
        var random = RandomJSON(seed: seed ^ 7)
        for _ in 0..<3000 {
            let digits = (0..<(1 + random.below(20))).map { _ in String(random.below(10)) }.joined()
            let exponent = random.below(640) - 330
            let text = "\(random.chance(50) ? "-" : "")\(1 + random.below(9)).\(digits)e\(exponent)"
            let theirs = try? JSONDecoder().decode(Double.self, from: Data(text.utf8))  // nil: out of range
            let ours = try? JSONCoding.decode(Double.self, from: Array(text.utf8))  // nil: out of range
            // What is too small for a double is zero to Swiftlet and to Go; Foundation refuses it.
            if ours == 0, theirs == nil { continue }
            #expect(ours?.bitPattern == theirs?.bitPattern, "seed \(seed): \(text)")
        }
    }

    /// Whether Foundation accepts a text; nil where the two are known to differ.
    private static func verdict(_ text: [UInt8]) -> Bool? {
        if text.starts(with: [0xEF, 0xBB, 0xBF]) || text.starts(with: [0xFE, 0xFF]) || text.starts(with: [0xFF, 0xFE]) {
            return nil
        }
        // Zero bytes at the front make Foundation take the text for UTF-16 or UTF-32.
        if text.prefix(4).contains(0) { return nil }
        do {
            _ = try JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)
            return isKnownDifference(text) ? nil : true
        } catch {
            let words = "\(error)"
            if words.contains("representable") || words.contains("Number") { return nil }
            return false
        }
    }

    /// Whether a text that Foundation accepts is one that it alone accepts.
    private static func isKnownDifference(_ text: [UInt8]) -> Bool {
        do {
            _ = try JSONValue(parsing: text)
            return false
        } catch {
            guard error.reason != .loneSurrogate else { return true }
            guard let offset = error.offset, offset < text.count, "]}".utf8.contains(text[offset]) else { return false }
            return text[..<offset].last { !" \n\r\t".utf8.contains($0) } == UInt8(ascii: ",")
        }
    }

    private static func same(_ ours: JSONValue, _ theirs: Any) -> Bool {
        switch ours {
        case .null: return theirs is NSNull
        case .bool(let value): return (theirs as? Bool) == value
        case .string(let value): return (theirs as? String).map { $0.utf8.elementsEqual(value.utf8) } ?? false
        case .number(let number):
            guard let other = theirs as? NSNumber else { return false }
            if let value = number.int64 { return other.int64Value == value || other.doubleValue == Double(value) }
            if let value = number.uint64 { return other.uint64Value == value || other.doubleValue == Double(value) }
            // Foundation keeps fractions as decimals and is off in the last digits when it makes doubles of them.
            guard let value = number.double else { return false }
            return abs(other.doubleValue - value) <= abs(value) * 1e-12
        case .array(let elements):
            guard let others = theirs as? [Any], others.count == elements.count else { return false }
            return zip(elements, others).allSatisfy { same($0, $1) }
        case .object(let object):
            guard let others = theirs as? [String: Any] else { return false }
            // Swift's dictionaries hold keys that differ only in normalisation as one.
            guard others.count == Set(object.keys).count else { return false }
            return others.count < object.count
                || object.allSatisfy { member in others[member.key].map { same(member.value, $0) } ?? false }
        }
    }
}
