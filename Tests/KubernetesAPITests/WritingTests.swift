import Foundation
import JSON
import KubernetesAPI
import Testing

/// Types that write themselves (`JSONObjectWritable`) against the coding that the compiler makes for the same types.
///
/// Seen to fail: without the line of `stopSignal` in ContainerStatus.swift both tests do, the first with the name of the type
/// and of all around it, and so does `EveryFieldTests`; with the lines of HTTPHeader exchanged, only the first does.
@Suite("Types that write themselves")
struct WritingTests {
    private static let seed = UInt64(ProcessInfo.processInfo.environment["SWIFTLET_TEST_SEED"] ?? "") ?? 20_261_128

    /// Hides that a type writes itself, so that the compiler's coding is used for it and all that it contains.
    private struct Compiled<Value: Encodable>: Encodable {
        let value: Value
        func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
    }

    private let objects: JSONValue

    init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = root.appendingPathComponent("api/golden/kubernetes-every-field.json")
        objects = try JSONValue(parsing: Array(Data(contentsOf: file)))
    }

    @Test("write the bytes that the compiler's coding would, at every depth, for random values")
    func sameBytes() throws {
        var random = RandomObjects(seed: Self.seed)
        var seen: Set<String> = []
        for round in 0..<20 {
            let pod = try random.object(Pod.self, like: objects["Pod"])
            let event = try random.object(Event.self, like: objects["Event"])
            try check(PodList(items: [pod]), round, &seen)
            try check(EventList(items: [event, event]), round, &seen)
        }
        // No fewer than there are, so that none drops out unseen.
        #expect(seen.count >= 66, "only \(seen.sorted())")
        #expect(seen.isSuperset(of: ["PodList", "Container", "ContainerStateTerminated", "EventSeries", "KeyToPath"]))
    }

    @Test("mean the same as what Foundation's encoder makes of them, for random values")
    func sameMeaning() throws {
        var random = RandomObjects(seed: Self.seed ^ 1)
        for round in 0..<20 {
            let pod = try random.object(Pod.self, like: objects["Pod"])
            let event = try random.object(Event.self, like: objects["Event"])
            #expect(try meaning(pod) == JSONValue(parsing: JSONCoding.encode(pod)), "seed \(Self.seed), round \(round)")
            #expect(
                try meaning(event) == JSONValue(parsing: JSONCoding.encode(event)),
                "seed \(Self.seed), round \(round)"
            )
        }
    }

    private func meaning(_ value: some Encodable) throws -> JSONValue {
        try JSONValue(parsing: JSONEncoder().encode(value))
    }

    /// Compares a value, and every value in it that writes itself.
    private func check(_ value: Any, _ round: Int, _ seen: inout Set<String>) throws {
        if let object = value as? any JSONObjectWritable {
            seen.insert("\(type(of: object))")
            try compare(object, round)
        }
        for child in Mirror(reflecting: value).children { try check(child.value, round, &seen) }
    }

    private func compare(_ value: some JSONWritable, _ round: Int) throws {
        let (own, compiled) = (try JSONCoding.encode(value), try JSONCoding.encode(Compiled(value: value)))
        if own != compiled {
            Issue.record(
                """
                seed \(Self.seed), round \(round), \(type(of: value))
                itself:   \(String(decoding: own, as: UTF8.self))
                compiler: \(String(decoding: compiled, as: UTF8.self))
                """
            )
        }
    }
}

/// Makes objects with some of the fields of an example and random values in them.
private struct RandomObjects {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }
    private mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }

    mutating func object<T: Decodable>(_ type: T.Type, like example: JSONValue?) throws -> T {
        try JSONCoding.decode(type, from: vary(#require(example), [], keeping: 50 + below(51)))
    }

    /// The path tells where a text is an amount.
    private mutating func vary(_ value: JSONValue, _ path: [String], keeping percent: Int) -> JSONValue {
        switch value {
        case .object(let object):
            var varied = JSONObject()
            for (key, member) in object where below(100) < percent {
                // A field that is there and empty is another case than one that is absent.
                let isDictionary = object.keys.elementsEqual(["k"])
                for _ in 0..<(isDictionary ? below(4) : 1) {
                    varied[isDictionary ? text() : key] = vary(member, path + [key], keeping: percent)
                }
            }
            return .object(varied)
        case .array(let elements):
            guard let first = elements.first else { return value }
            return .array((0..<below(3)).map { _ in vary(first, path, keeping: percent) })
        case .string(let text) where text.hasSuffix("Z") && text.contains("T"):
            return .string(pick(["0001-01-01T00:00:00Z", "2026-02-28T23:59:59Z", "9999-12-31T00:00:00.000007Z"]))
        case .string:
            if path.suffix(2).contains(where: RandomObjects.amounts.contains) {
                return .string(pick(["0", "1", "100m", "64Mi", "1.5", "1e3", "-3Gi", "0.0001"]))
            }
            return .string(text())
        case .number: return .number(JSONNumber(pick([0, 0, 1, 9, 10, -1, 65_535, 2_147_483_647, -2_147_483_648])))
        case .bool: return .bool(below(2) == 0)
        case .null: return .null
        }
    }

    private static let amounts: Set = [
        "limits", "requests", "allocatedResources", "overhead", "divisor", "sizeLimit", "capacity",
    ]
    private static let pieces = [
        "a", "B c", "!", "\"", "\\", "/", "\n", "\u{0}", "\u{1F}", "\u{7F}", "ü", "中文", "😀", "0123456789",
    ]

    private mutating func text() -> String { (0..<below(5)).map { _ in pick(RandomObjects.pieces) }.joined() }
}
