import JSON

/// A generator whose numbers follow from its seed (SplitMix64), so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Makes random values, random texts for them, and random damage.
struct RandomJSON {
    var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    mutating func value(depth: Int = 4) -> JSONValue {
        switch below(depth > 0 ? 9 : 6) {
        case 0: return .null
        case 1: return .bool(chance(50))
        case 2: return .number(number())
        case 3...5: return .string(string())
        case 6: return .array((0..<below(5)).map { _ in value(depth: depth - 1) })
        default: return .object(JSONObject((0..<below(6)).map { _ in (string(), value(depth: depth - 1)) }))
        }
    }

    mutating func number() -> JSONNumber {
        switch below(5) {
        case 0: return JSONNumber(below(20) - 10)
        case 1: return JSONNumber(Int64.random(in: .min ... .max, using: &generator))
        case 2: return JSONNumber(UInt64.random(in: .min ... .max, using: &generator))
        case 3: return JSONNumber(Double(below(2_000_000) - 1_000_000) / 1000) ?? JSONNumber(0)
        default: return JSONNumber(Double(bitPattern: generator.next())) ?? JSONNumber(0)
        }
    }

    mutating func string() -> String {
        var text = ""
        for _ in 0..<below(chance(10) ? 40 : 8) {
            switch below(12) {
            case 0: text.unicodeScalars.append(scalar(0...0x1F))
            case 1: text += ["\"", "\\", "/", "\u{7F}", "\u{2028}"][below(5)]
            case 2: text.unicodeScalars.append(scalar(0x80...0x7FF))
            case 3: text.unicodeScalars.append(scalar(0x800...0xD7FF))
            case 4: text.unicodeScalars.append(scalar(0x1F600...0x1F64F))
            default: text.unicodeScalars.append(scalar(0x61...0x7A))
            }
        }
        return text
    }

    private mutating func scalar(_ range: ClosedRange<UInt32>) -> Unicode.Scalar {
        Unicode.Scalar(UInt32.random(in: range, using: &generator)) ?? "?"
    }

    /// A text for a value with random white space and escapes.
    mutating func text(_ value: JSONValue) -> String {
        switch value {
        case .array(let elements):
            return space() + "[" + elements.map { text($0) }.joined(separator: ",") + (elements.isEmpty ? space() : "")
                + "]" + space()
        case .object(let object):
            let members = object.map { space() + quoted($0.key) + space() + ":" + text($0.value) }
            return space() + "{" + members.joined(separator: ",") + (members.isEmpty ? space() : "") + "}" + space()
        case .string(let string): return space() + quoted(string) + space()
        default: return space() + value.text() + space()
        }
    }

    private mutating func space() -> String {
        chance(80) ? "" : [" ", "\n", "\t", "\r", "  "][below(5)]
    }

    private mutating func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            if chance(10) {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16, uppercase: chance(50))
                    out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else {
                // As scalars: a mark that combines with the quotation mark is one character with it.
                let plain = JSONValue.string(String(scalar)).text().unicodeScalars
                out.unicodeScalars.append(contentsOf: plain.dropFirst().dropLast())
            }
        }
        return out + "\""
    }

    /// Changes a few bytes: replaces, inserts, removes, swaps or doubles pieces.
    mutating func damage(_ text: [UInt8]) -> [UInt8] {
        var text = text
        for _ in 0...below(3) {
            guard !text.isEmpty else { return [interesting()] }
            let position = below(text.count)
            switch below(6) {
            case 0: text[position] = interesting()
            case 1: text.insert(interesting(), at: position)
            case 2: text.remove(at: position)
            case 3: text.swapAt(position, below(text.count))
            case 4: text.removeSubrange(position..<min(text.count, position + 1 + below(4)))
            default:
                let piece = text[position..<min(text.count, position + 1 + below(6))]
                text.insert(contentsOf: Array(piece), at: below(text.count + 1))
            }
        }
        return text
    }

    private mutating func interesting() -> UInt8 {
        let bytes =
            Array("{}[]:,\"\\/-+.0123456789eEutrfnalsbN \n\t\r".utf8) + [0, 0x1F, 0x7F, 0x80, 0xC3, 0xED, 0xF0, 0xFF]
        return chance(85) ? bytes[below(bytes.count)] : UInt8(truncatingIfNeeded: generator.next())
    }

    /// The seed of this run: of the environment when it names one, else a new one. Tests print it.
    static func seed(_ given: String?) -> UInt64 { given.flatMap { UInt64($0) } ?? .random(in: 0 ... .max) }
}
