import JSON
import Testing

/// What Codable types may do, beyond what the compiler makes for them.
struct CodingTests {
    private func text<T: Encodable>(_ value: T) throws -> String {
        String(decoding: try JSONCoding.encode(value), as: UTF8.self)
    }

    private func read<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
        try JSONCoding.decode(type, from: Array(text.utf8))
    }

    enum Shape: Codable, Hashable {
        case circle(radius: Double)
        case square(Int)
        case none
    }

    @Test("enums with values, raw values and no values survive")
    func enums() throws {
        enum Colour: String, Codable { case red, green }
        let shapes: [Shape] = [.circle(radius: 1.5), .square(2), .none]
        #expect(try text(shapes) == #"[{"circle":{"radius":1.5}},{"square":{"_0":2}},{"none":{}}]"#)
        #expect(try read([Shape].self, text(shapes)) == shapes)
        #expect(try text([Colour.red]) == #"["red"]"#)
        #expect(try read(Colour.self, #""green""#) == .green)
        let error = #expect(throws: JSONError.self) { try read([String: Colour].self, #"{"a":"blue"}"#) }
        #expect(error?.path == "a")
    }

    @Test("dictionaries are written in the order of their keys, whatever Swift's order is")
    func sortedDictionaries() throws {
        let keys = (0..<50).map { "k\($0)" }
        let expected = "{" + keys.sorted().map { "\"\($0)\":[1]" }.joined(separator: ",") + "}"
        #expect(try text(Dictionary(uniqueKeysWithValues: keys.map { ($0, [1]) })) == expected)
        #expect(try text(["b": ["d": 1, "c": 2], "a": [:]]) == #"{"a":{},"b":{"c":2,"d":1}}"#)
        #expect(try text(["b": "2", "a": "1"]) == #"{"a":"1","b":"2"}"#)
        #expect(try text([3: "c", 1: "a"]) == #"{"1":"a","3":"c"}"#)
        #expect(try text([String: String]()) == "{}")
        #expect(try text(["b": JSONValue.object(["z": 1, "y": 2]), "a": nil]) == #"{"a":null,"b":{"z":1,"y":2}}"#)
    }

    /// One JSON object read and written by two Swift values.
    struct Flat: Codable, Hashable {
        struct Meta: Codable, Hashable { var name: String }
        struct Body: Codable, Hashable { var size: Int }
        var meta: Meta
        var body: Body

        init(meta: Meta, body: Body) { (self.meta, self.body) = (meta, body) }
        init(from decoder: any Decoder) throws { (meta, body) = (try Meta(from: decoder), try Body(from: decoder)) }
        func encode(to encoder: any Encoder) throws {
            try meta.encode(to: encoder)
            try body.encode(to: encoder)
        }
    }

    @Test("two values may share one object")
    func flattened() throws {
        let flat = Flat(meta: .init(name: "a"), body: .init(size: 1))
        #expect(try text([flat, flat]) == #"[{"name":"a","size":1},{"name":"a","size":1}]"#)
        #expect(try read(Flat.self, text(flat)) == flat)
        let (_, issues) = try JSONCoding.decodeStrictly(Flat.self, from: Array(#"{"size":1,"x":2,"name":"a"}"#.utf8))
        #expect(issues == [.unknownField("x")])
    }

    class Base: Codable {
        var name = "base"
        init() {}
    }

    final class Derived: Base {
        var size = 1
        enum Keys: String, CodingKey { case size }
        override init() { super.init() }
        required init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            size = try container.decode(Int.self, forKey: .size)
            try super.init(from: container.superDecoder())
        }
        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            try super.encode(to: container.superEncoder())
            try container.encode(size, forKey: .size)
        }
    }

    @Test("classes keep their base under the key super")
    func classes() throws {
        let value = Derived()
        value.name = "x"
        value.size = 7
        #expect(try text(value) == #"{"super":{"name":"x"},"size":7}"#)
        let again = try read(Derived.self, text(value))
        #expect(again.name == "x")
        #expect(again.size == 7)
    }

    /// Uses nested containers of every kind.
    struct Nested: Codable, Hashable {
        var numbers: [Int] = [1, 2]
        var name = "n"
        enum Keys: String, CodingKey { case outer, name, list }

        init() {}
        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            let inner = try container.nestedContainer(keyedBy: Keys.self, forKey: .outer)
            name = try inner.decode(String.self, forKey: .name)
            var list = try inner.nestedUnkeyedContainer(forKey: .list)
            numbers = []
            while !list.isAtEnd {
                if try list.decodeNil() { continue }
                var pair = try list.nestedUnkeyedContainer()
                numbers.append(try pair.decode(Int.self))
            }
        }
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            var inner = container.nestedContainer(keyedBy: Keys.self, forKey: .outer)
            try inner.encode(name, forKey: .name)
            var list = inner.nestedUnkeyedContainer(forKey: .list)
            for number in numbers {
                var pair = list.nestedUnkeyedContainer()
                try pair.encode(number)
                try list.encodeNil()
            }
            try container.encode(name, forKey: .name)
        }
    }

    @Test("nested containers of every kind survive")
    func nested() throws {
        #expect(try text([Nested()]) == #"[{"outer":{"name":"n","list":[[1],null,[2],null]},"name":"n"}]"#)
        #expect(try read(Nested.self, text(Nested())) == Nested())
        let (_, issues) = try JSONCoding.decodeStrictly(
            Nested.self,
            from: Array(#"{"outer":{"name":"n","list":[],"x":1},"name":"n","y":{}}"#.utf8)
        )
        // `name` is in the object, and this type never asks for it.
        #expect(issues == [.unknownField("outer.x"), .unknownField("name"), .unknownField("y")])
    }

    @Test("a type that writes to a container it has left gets an error, not wrong text")
    func leftContainer() {
        struct Late: Encodable {
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: Nested.Keys.self)
                var inner = container.nestedContainer(keyedBy: Nested.Keys.self, forKey: .outer)
                try container.encode(1, forKey: .name)
                try inner.encode(2, forKey: .name)
            }
        }
        struct Both: Encodable {
            func encode(to encoder: any Encoder) throws {
                _ = encoder.container(keyedBy: Nested.Keys.self)
                _ = encoder.unkeyedContainer()
            }
        }
        struct Twice: Encodable {
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                try container.encode(1)
                try container.encode(2)
            }
        }
        #expect(throws: JSONError.self) { try JSONCoding.encode([Late()]) }
        #expect(throws: JSONError.self) { try JSONCoding.encode([Both()]) }
        #expect(throws: JSONError.self) { try JSONCoding.encode([Twice()]) }
    }

    @Test("a type that writes nothing becomes an empty object, and unused encoders too")
    func nothing() throws {
        struct Empty: Codable {}
        struct Silent: Encodable {
            func encode(to encoder: any Encoder) throws {}
        }
        struct Unused: Encodable {
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: Nested.Keys.self)
                _ = container.superEncoder(forKey: .outer)
                try container.encode(1, forKey: .name)
                _ = container.superEncoder()
            }
        }
        #expect(try text([Empty()]) == "[{}]")
        #expect(try text([Silent()]) == "[{}]")
        #expect(try text([Unused()]) == #"[{"outer":{},"name":1,"super":{}}]"#)
        #expect(try text([Int]()) == "[]")
    }

    @Test("a type may try one shape after another")
    func trials() throws {
        enum Port: Codable, Hashable {
            case number(Int)
            case name(String)
            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let number = try? container.decode(Int.self) {  // fails: not a number, so it is a name
                    self = .number(number)
                } else {
                    self = .name(try container.decode(String.self))
                }
            }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                switch self {
                case .number(let number): try container.encode(number)
                case .name(let name): try container.encode(name)
                }
            }
        }
        #expect(try read([Port].self, #"[80,"http"]"#) == [.number(80), .name("http")])
        #expect(try text([Port.number(80), .name("http")]) == #"[80,"http"]"#)
        let error = #expect(throws: JSONError.self) { try read([Port].self, "[true]") }
        #expect(error?.path == "[0]")
    }

    @Test("bytes travel as base64")
    func base64() throws {
        for (bytes, text) in [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            #expect(Base64Bytes(Array(bytes.utf8)).text == text)
            #expect(Base64Bytes(text: text)?.bytes == Array(bytes.utf8))
        }
        let all = Base64Bytes((0...255).map { UInt8($0) })
        #expect(try read(Base64Bytes.self, text(all)) == all)
        #expect(Base64Bytes(text: "Zm9v\nYmFy\r\n")?.bytes == Array("foobar".utf8))
        for bad in ["Z", "Zg", "Zg=", "Zg===", "=", "====", "Zm9v=", "Zm9vYg=a", "Zm 9v", "Zm9-", "Z===", "Zg==Zg=="] {
            #expect(Base64Bytes(text: bad) == nil, "\(bad)")
        }
    }

    @Test("nil is left out of synthesised types and null in arrays")
    func optionals() throws {
        #expect(try text(SmallPod.Container(name: "a")) == #"{"name":"a"}"#)
        #expect(try text([1, nil, 2] as [Int?]) == "[1,null,2]")
        #expect(try text(Int?.none) == "null")
    }

    @Test("objects and numbers may be properties, and refuse other kinds")
    func wholeProperties() throws {
        struct Holder: Codable, Hashable {
            var options: JSONObject
            var number: JSONNumber
        }
        let holder = try read(Holder.self, #"{"options":{"b":1,"a":[1.50]},"number":1.10}"#)
        #expect(try text(holder) == #"{"options":{"b":1,"a":[1.50]},"number":1.10}"#)
        let error = #expect(throws: JSONError.self) { try read(Holder.self, #"{"options":[],"number":1}"#) }
        #expect(error?.description == "options: expected an object, found an array")
        #expect(throws: JSONError.self) { try read(Holder.self, #"{"options":{},"number":"1"}"#) }
    }

    @Test("the writer puts commas where they belong")
    func writer() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("a")
        writer.beginArray()
        writer.int(1)
        writer.int(-20)
        writer.string("x\n")
        writer.bool(true)
        writer.null()
        writer.beginObject()
        writer.endObject()
        writer.raw("[2]".utf8)
        writer.endArray()
        writer.key("b")
        writer.value(["c": 1.5])
        writer.endObject()
        #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"a":[1,-20,"x\n",true,null,{},[2]],"b":{"c":1.5}}"#)
    }

    @Test("members are found, set and removed, and keep their order")
    func objects() {
        var object = JSONObject()
        for number in 0..<100 { object["k\(number)"] = .number(JSONNumber(number)) }
        object["k50"] = nil
        object["k10"] = "ten"
        object["k50"] = "back"
        #expect(object.count == 100)
        #expect(object.keys.last == "k50")
        #expect(object.keys[10] == "k10")
        #expect(object["k10"] == "ten")
        #expect(object.removeValue(forKey: "k0") == 0)
        #expect(object["k0"] == nil)
        #expect(object["k99"] == 99)
        var value: JSONValue = ["a": ["b": 1]]
        value["a"]?["c"] = 2
        value["d"] = ["e"]
        #expect(value.text() == #"{"a":{"b":1,"c":2},"d":["e"]}"#)
        #expect(value["d"]?[0]?.stringValue == "e")
        #expect(value["d"]?[1] == nil)
    }
}
