package import JSON

/// A fact as the log stores it.
package struct EncodedFact: Hashable, Sendable {
    package var typeName: String
    package var schemaVersion: Int
    /// Canonical JSON.
    package var data: [UInt8]

    package init(typeName: String, schemaVersion: Int, data: [UInt8]) {
        self.typeName = typeName
        self.schemaVersion = schemaVersion
        self.data = data
    }
}

/// Why a stored fact cannot be read, or a fact not be stored.
package enum FactError: Error, Hashable, Sendable, CustomStringConvertible {
    /// This version of Swiftlet has no such type.
    case unknownType(String)
    /// The fact was written by a newer Swiftlet.
    case newerSchema(type: String, found: Int, known: Int)
    /// The payload is older than this version and no upcaster leads from it to the next version.
    case missingUpcaster(type: String, from: Int)
    /// The payload is not what its type and version promise.
    case malformed(type: String, version: Int, detail: String)
    /// The payload cannot be written as JSON.
    case notEncodable(type: String, detail: String)

    package var description: String {
        switch self {
        case .unknownType(let type):
            "the log has an event of type \(type), which this version of swiftlet does not know: "
                + "run the version that wrote it, or a newer one"
        case .newerSchema(let type, let found, let known):
            "the log has an event \(type) of version \(found), but this version of swiftlet knows versions up to "
                + "\(known): run the version that wrote it, or a newer one"
        case .missingUpcaster(let type, let from):
            "no upcaster leads from version \(from) of \(type) to version \(from + 1): this is a bug in swiftlet"
        case .malformed(let type, let version, let detail):
            "the payload of an event \(type) of version \(version) cannot be read: \(detail); "
                + "check the log with `swiftlet db verify`"
        case .notEncodable(let type, let detail):
            "a fact of type \(type) cannot be written: \(detail); this is a bug in swiftlet"
        }
    }
}

/// Translates old payloads. Each upcaster leads from one version of one type to the next, on the JSON text's value.
package struct Upcasters: Sendable {
    package typealias Upcaster = @Sendable (JSONValue) throws -> JSONValue

    private struct Step: Hashable, Sendable {
        var type: String
        var from: Int
    }

    private var steps: [Step: Upcaster] = [:]

    package init() {}

    /// Those of this version. Nothing has been changed yet since version 1.
    package static let current = Upcasters()

    /// Adds the step from `version` of `type` to `version + 1`.
    package mutating func add(type: String, from version: Int, _ upcaster: @escaping Upcaster) {
        steps[Step(type: type, from: version)] = upcaster
    }

    func upcast(_ data: [UInt8], type: String, from version: Int, to target: Int) throws(FactError) -> [UInt8] {
        guard version < target else { return data }
        var value: JSONValue
        do {
            value = try JSONValue(parsing: data)
        } catch {
            throw .malformed(type: type, version: version, detail: "\(error)")
        }
        for step in version..<target {
            guard let upcaster = steps[Step(type: type, from: step)] else {
                throw .missingUpcaster(type: type, from: step)
            }
            do {
                value = try upcaster(value)
            } catch {
                throw .malformed(type: type, version: step, detail: "\(error)")
            }
        }
        return value.bytes()
    }
}

/// Between facts and what the log stores.
package enum FactCoding {
    /// The stored form of a fact.
    package static func encode(_ fact: Fact) throws(FactError) -> EncodedFact {
        try encode(fact.payload)
    }

    /// The stored form of a pod's fact.
    package static func encode(_ fact: PodFact) throws(FactError) -> EncodedFact {
        try encode(fact.payload)
    }

    /// The stored form of one payload.
    package static func encode<Payload: FactPayload>(_ payload: Payload) throws(FactError) -> EncodedFact {
        do {
            return EncodedFact(
                typeName: Payload.typeName,
                schemaVersion: Payload.schemaVersion,
                data: try JSONCoding.encode(payload)
            )
        } catch {
            throw .notEncodable(type: Payload.typeName, detail: "\(error)")
        }
    }

    /// Reads a stored fact, of this version or an older one.
    package static func decode(
        typeName: String,
        schemaVersion: Int,
        data: [UInt8],
        upcasters: Upcasters = .current
    ) throws(FactError) -> Fact {
        guard let type = FactType.byName[typeName] else { throw .unknownType(typeName) }
        guard schemaVersion <= type.version else {
            throw .newerSchema(type: typeName, found: schemaVersion, known: type.version)
        }
        let current = try upcasters.upcast(data, type: typeName, from: schemaVersion, to: type.version)
        do {
            return try type.decode(current)
        } catch {
            throw .malformed(type: typeName, version: schemaVersion, detail: "\(error)")
        }
    }
}
