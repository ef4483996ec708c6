extension JSONValue: Codable {
    package init(from decoder: any Decoder) throws {
        if let node = JSONNode(decoder) {
            self = node.tape.value(at: node.index)
            return
        }
        self = try Self.decodeByTrial(decoder)
    }

    /// For decoders of other formats, which only tell a value's kind by failing on the wrong one.
    private static func decodeByTrial(_ decoder: any Decoder) throws -> JSONValue {
        if let container = try? decoder.container(keyedBy: PathKey.self) {  // fails: not an object
            var object = JSONObject()
            for key in container.allKeys { object[key.stringValue] = try container.decode(JSONValue.self, forKey: key) }
            return .object(object)
        }
        if var container = try? decoder.unkeyedContainer() {  // fails: not an array
            var elements: [JSONValue] = []
            while !container.isAtEnd { elements.append(try container.decode(JSONValue.self)) }
            return .array(elements)
        }
        let container = try decoder.singleValueContainer()
        if container.decodeNil() { return .null }
        if let value = try? container.decode(Bool.self) { return .bool(value) }  // fails: not a boolean
        if let value = try? container.decode(Int64.self) { return .number(JSONNumber(value)) }  // fails: no integer
        if let value = try? container.decode(UInt64.self) { return .number(JSONNumber(value)) }  // fails: no integer
        if let value = try? container.decode(Double.self), let number = JSONNumber(value) {  // fails: not a number
            return .number(number)
        }
        return .string(try container.decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        if let encoder = encoder as? StreamEncoder {
            try encoder.encode(whole: self)
            return
        }
        switch self {
        case .object(let object):
            var container = encoder.container(keyedBy: PathKey.self)
            for (key, value) in object { try container.encode(value, forKey: PathKey(stringValue: key)) }
        case .array(let elements):
            var container = encoder.unkeyedContainer()
            for element in elements { try container.encode(element) }
        case .null:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .bool(let value):
            var container = encoder.singleValueContainer()
            try container.encode(value)
        case .string(let value):
            var container = encoder.singleValueContainer()
            try container.encode(value)
        case .number(let number):
            var container = encoder.singleValueContainer()
            if let value = number.int64 {
                try container.encode(value)
            } else if let value = number.uint64 {
                try container.encode(value)
            } else if let value = number.double {
                try container.encode(value)
            } else {
                let context = EncodingError.Context(codingPath: [], debugDescription: "\(number) fits no Swift number")
                throw EncodingError.invalidValue(number, context)
            }
        }
    }
}

extension JSONObject: Codable {
    package init(from decoder: any Decoder) throws {
        let value = try JSONValue(from: decoder)
        guard case .object(let object) = value else {
            let context = DecodingError.Context(
                codingPath: decoder.codingPath,
                debugDescription: "expected an object, found \(value.kind)"
            )
            throw DecodingError.typeMismatch(JSONObject.self, context)
        }
        self = object
    }

    package func encode(to encoder: any Encoder) throws { try JSONValue.object(self).encode(to: encoder) }
}

extension JSONNumber: Codable {
    package init(from decoder: any Decoder) throws {
        let value = try JSONValue(from: decoder)
        guard case .number(let number) = value else {
            let context = DecodingError.Context(
                codingPath: decoder.codingPath,
                debugDescription: "expected a number, found \(value.kind)"
            )
            throw DecodingError.typeMismatch(JSONNumber.self, context)
        }
        self = number
    }

    package func encode(to encoder: any Encoder) throws { try JSONValue.number(self).encode(to: encoder) }
}
