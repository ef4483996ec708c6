import Facts
import Foundation
import JSON
import Testing

/// What was released once must be readable for ever: one file for every type and version.
///
/// `SWIFTLET_UPDATE_FIXTURES=1 swift test --filter FixtureTests` writes the files that do not exist; it never changes one.
struct FixtureTests {
    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures")
    static let updates = ProcessInfo.processInfo.environment["SWIFTLET_UPDATE_FIXTURES"] == "1"

    static func file(_ type: String, _ version: Int) -> URL {
        directory.appendingPathComponent("\(type).v\(version).json")
    }

    @Test("every type of fact has a sample, and every sample a type")
    func samplesAreComplete() {
        let sampled = Samples.all.map { type(of: $0.payload).typeName }
        #expect(Set(sampled) == Set(FactType.all.map(\.name)))
        #expect(sampled.count == FactType.all.count)
    }

    @Test("a fixture decodes to its fact and encodes to the same bytes", arguments: Samples.all)
    func roundTrip(fact: Fact) throws {
        let encoded = try FactCoding.encode(fact)
        let file = Self.file(encoded.typeName, encoded.schemaVersion)
        if Self.updates, !FileManager.default.fileExists(atPath: file.path) {
            try FileManager.default.createDirectory(at: Self.directory, withIntermediateDirectories: true)
            try Data(encoded.data + [10]).write(to: file)
        }
        var bytes = [UInt8](try Data(contentsOf: file))
        #expect(bytes.popLast() == 10, "a fixture ends with a newline")
        let decoded = try FactCoding.decode(
            typeName: encoded.typeName,
            schemaVersion: encoded.schemaVersion,
            data: bytes
        )
        #expect(decoded == fact)
        #expect(try FactCoding.encode(decoded).data == bytes)
    }

    @Test("every fixture of every version is still readable")
    func allFixturesDecode() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.directory.path)
        #expect(names.count >= FactType.all.count)
        for name in names {
            let parts = name.split(separator: ".")
            let version = try #require(parts.count == 3 ? Int(parts[1].dropFirst()) : nil, "\(name)")
            let data = [UInt8](try Data(contentsOf: Self.directory.appendingPathComponent(name)))
            _ = try FactCoding.decode(typeName: String(parts[0]), schemaVersion: version, data: data)
        }
    }
}
