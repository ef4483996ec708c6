import Foundation
import JSON
import Testing

struct PropertyTests {
    let seed = RandomJSON.seed(ProcessInfo.processInfo.environment["SWIFTLET_TEST_SEED"])

    @Test("writing and reading give the value back, compact, pretty and sorted")
    func roundTrip() throws {
        print("seed \(seed)")
        var random = RandomJSON(seed: seed)
        for _ in 0..<4000 {
            let value = random.value()
            let bytes = value.bytes()
            #expect(try JSONValue(parsing: bytes) == value, "seed \(seed)")
            #expect(try JSONValue(parsing: bytes).bytes() == bytes, "seed \(seed)")
            #expect(try JSONValue(parsing: value.bytes(pretty: true)).bytes() == bytes, "seed \(seed)")
            #expect(try JSONValue(parsing: value.bytes(sortedKeys: true)) == value, "seed \(seed)")
            #expect(try JSONCoding.decode(JSONValue.self, from: bytes) == value, "seed \(seed)")
            #expect(try JSONCoding.encode(value) == bytes, "seed \(seed)")
            #expect(try JSONCoding.encode([value]) == [UInt8(ascii: "[")] + bytes + [UInt8(ascii: "]")], "seed \(seed)")
        }
    }

    @Test("equal values have equal hashes whatever the order of keys and the spelling of numbers")
    func hashing() throws {
        print("seed \(seed)")
        var random = RandomJSON(seed: seed ^ 3)
        for _ in 0..<2000 {
            guard case .object(let object) = random.value(depth: 3) else { continue }
            let other = JSONObject(object.reversed().map { ($0.key, $0.value) })
            #expect(JSONValue.object(object) == .object(other))
            #expect(JSONValue.object(object).hashValue == JSONValue.object(other).hashValue)
        }
        let equal = ["1", "1.0", "10e-1", "0.1e1", "1E0", "100e-2"].compactMap { JSONNumber(literal: $0) }
        #expect(equal.count == 6)
        #expect(Set(equal).count == 1)
        let fractions = ["0.5", "5e-1", "0.50", "50E-2"].compactMap { JSONNumber(literal: $0) }
        #expect(Set(fractions).count == 1)
        #expect(JSONNumber(literal: "1e400") != JSONNumber(literal: "1e401"))
        #expect(JSONNumber(literal: "1e400") == JSONNumber(literal: "10e399"))
        #expect(JSONNumber(literal: "123456789012345678901") != JSONNumber(literal: "123456789012345678902"))
        #expect(JSONNumber(literal: "-0") == JSONNumber(literal: "0"))
        for text in ["", "+1", "01", "1.", ".1", "1e", "0x1", " 1", "1 ", "NaN"] {
            #expect(JSONNumber(literal: text) == nil)
        }
    }

    @Test("doubles survive writing and reading bit by bit")
    func doubles() throws {
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed ^ 4)
        var checked = [
            0, -0.0, 1, -1, 0.1, 1e21, 1e-7, .pi, .greatestFiniteMagnitude, .leastNonzeroMagnitude,
            9_007_199_254_740_991, 9_007_199_254_740_994,
        ]
        for _ in 0..<5000 { checked.append(Double(bitPattern: generator.next())) }
        for value in checked where value.isFinite {
            let read = try JSONCoding.decode(Double.self, from: JSONCoding.encode(value))
            #expect(read.bitPattern == value.bitPattern)
            let small = Float(value)
            guard small.isFinite else { continue }
            #expect(try JSONCoding.decode(Float.self, from: JSONCoding.encode(small)).bitPattern == small.bitPattern)
        }
        #expect(throws: JSONError.self) { try JSONCoding.encode([Double.infinity]) }
        #expect(throws: JSONError.self) { try JSONCoding.encode(Double.nan) }
    }

    @Test("no damaged text brings the reader down, and every verdict has a place in the text")
    func fuzz() {
        print("seed \(seed)")
        var random = RandomJSON(seed: seed ^ 5)
        let pod = Array(SampleText.pod.utf8)
        var texts = (0..<50).map { _ in Array(random.text(random.value(depth: 5)).utf8) }
        texts.append(pod)
        for round in 0..<150_000 {
            let original = round % 40 == 0 ? pod : texts[random.below(texts.count - 1)]
            let text = random.damage(original)
            do {
                let value = try JSONValue(parsing: text)
                // What is accepted must survive its own writing.
                if round % 16 == 0 {
                    let again = try JSONValue(parsing: value.bytes())
                    #expect(again == value, "seed \(seed)")
                }
            } catch {
                #expect(error.offset.map { $0 <= text.count } ?? false, "seed \(seed): \(text)")
            }
            if round % 4 == 0 { decode(text) }
        }
    }

    /// Decoding may fail, and must do so by an error with a description.
    private func decode(_ text: [UInt8]) {
        do {
            let (_, issues) = try JSONCoding.decodeStrictly(SmallPod.self, from: text)
            #expect(issues.count <= 100)
        } catch {
            #expect(!error.description.isEmpty)
        }
    }

    @Test("random bytes do not bring the reader down")
    func noise() {
        print("seed \(seed)")
        var random = RandomJSON(seed: seed ^ 6)
        for _ in 0..<25_000 {
            let bytes = (0..<random.below(24)).map { _ in UInt8(truncatingIfNeeded: random.generator.next()) }
            _ = try? JSONValue(parsing: bytes)  // accepted or refused, both are fine
            let letters = Array("{}[]:,\"\\u0dD8eE1-. tfn".utf8)
            let soup = (0..<random.below(24)).map { _ in letters[random.below(letters.count)] }
            _ = try? JSONValue(parsing: soup)  // accepted or refused, both are fine
        }
    }
}

enum SampleText {
    static let pod = """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","labels":{"app":"web","tier":"front"}},"labels":{"a":"b"},
        "spec":{"containers":[{"name":"web","image":"docker.io/library/nginx:1","args":["-g","daemon off;"],"env":
        [{"name":"A","value":"1"},{"name":"B","value":"\\u00e9\\ud83d\\ude00"}]}],"hostNetwork":false,
        "terminationGracePeriodSeconds":30},"extra":{"numbers":[0,-1,2.5,1e3],"nothing":null,"yes":true}}
        """
}
