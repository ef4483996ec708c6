import JSON
import Testing

@testable import CommandLine

struct ThreeWayMergeTests {
    private func merge(_ live: String, _ last: String?, _ desired: String) throws -> JSONValue {
        ThreeWayMerge.merge(
            live: try JSONValue(parsing: live),
            last: try last.map { try JSONValue(parsing: $0) },
            desired: try JSONValue(parsing: desired)
        )
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let live: String
        let last: String?
        let desired: String
        let merged: String
    }

    static let cases = [
        Case(
            testDescription: "what the agent added stays",
            live: #"{"a":1,"b":2}"#,
            last: #"{"a":1}"#,
            desired: #"{"a":1}"#,
            merged: #"{"a":1,"b":2}"#
        ),
        Case(
            testDescription: "what changed is changed",
            live: #"{"a":1}"#,
            last: #"{"a":1}"#,
            desired: #"{"a":2}"#,
            merged: #"{"a":2}"#
        ),
        Case(
            testDescription: "what was dropped is removed",
            live: #"{"a":1,"b":2}"#,
            last: #"{"a":1,"b":2}"#,
            desired: #"{"a":1}"#,
            merged: #"{"a":1}"#
        ),
        Case(
            testDescription: "without a last text nothing is removed",
            live: #"{"a":1,"b":2}"#,
            last: nil,
            desired: #"{"c":3}"#,
            merged: #"{"a":1,"b":2,"c":3}"#
        ),
        Case(
            testDescription: "null removes",
            live: #"{"a":1,"b":2}"#,
            last: nil,
            desired: #"{"a":null}"#,
            merged: #"{"b":2}"#
        ),
        Case(
            testDescription: "a drift in a field that is ours is put right",
            live: #"{"m":{"a":"9","x":"y"}}"#,
            last: #"{"m":{"a":"1"}}"#,
            desired: #"{"m":{"a":"1","b":"2"}}"#,
            merged: #"{"m":{"a":"1","x":"y","b":"2"}}"#
        ),
        Case(
            testDescription: "containers are merged by name and keep their defaults",
            live: #"{"containers":[{"name":"a","image":"x:1","p":"d"},{"name":"b","image":"y:1","p":"d"}]}"#,
            last: #"{"containers":[{"name":"a","image":"x:1"},{"name":"b","image":"y:1"}]}"#,
            desired: #"{"containers":[{"name":"b","image":"y:2"},{"name":"a","image":"x:1"}]}"#,
            merged: #"{"containers":[{"name":"b","image":"y:2","p":"d"},{"name":"a","image":"x:1","p":"d"}]}"#
        ),
        Case(
            testDescription: "an element that was dropped goes, one of somebody else stays",
            live: #"{"env":[{"name":"A","value":"1"},{"name":"B","value":"2"},{"name":"X","value":"9"}]}"#,
            last: #"{"env":[{"name":"A","value":"1"},{"name":"B","value":"2"}]}"#,
            desired: #"{"env":[{"name":"A","value":"3"}]}"#,
            merged: #"{"env":[{"name":"A","value":"3"},{"name":"X","value":"9"}]}"#
        ),
        Case(
            testDescription: "other lists are replaced",
            live: #"{"args":["a","b"]}"#,
            last: #"{"args":["a","b"]}"#,
            desired: #"{"args":["c"]}"#,
            merged: #"{"args":["c"]}"#
        ),
        Case(
            testDescription: "a list that did not change keeps its defaults",
            live: #"{"tolerations":[{"key":"a","operator":"Equal"}]}"#,
            last: #"{"tolerations":[{"key":"a"}]}"#,
            desired: #"{"tolerations":[{"key":"a"}]}"#,
            merged: #"{"tolerations":[{"key":"a","operator":"Equal"}]}"#
        ),
        Case(
            testDescription: "a number that the API keeps as text is the same",
            live: #"{"cpu":"1"}"#,
            last: nil,
            desired: #"{"cpu":1}"#,
            merged: #"{"cpu":"1"}"#
        ),
        Case(
            testDescription: "another kind of value replaces",
            live: #"{"a":{"b":1}}"#,
            last: nil,
            desired: #"{"a":"x"}"#,
            merged: #"{"a":"x"}"#
        ),
    ]

    @Test("three texts become one", arguments: cases)
    func merged(entry: Case) throws {
        #expect(try merge(entry.live, entry.last, entry.desired) == JSONValue(parsing: entry.merged))
    }

    @Test("applying the result again changes nothing", arguments: cases)
    func stable(entry: Case) throws {
        let once = try merge(entry.live, entry.last, entry.desired)
        #expect(try merge(once.text(), entry.desired, entry.desired) == once)
    }

    @Test("a manifest remembers itself, without what it remembered before")
    func annotation() throws {
        let manifest: JSONValue = ["kind": "Pod", "metadata": ["name": "a"]]
        let first = Applier.withAnnotation(manifest)
        let text = try #require(first["metadata"]?["annotations"]?[Manifest.lastApplied]?.stringValue)
        #expect(try JSONValue(parsing: text) == manifest)
        #expect(text.hasSuffix("\n"))
        #expect(
            Applier.withAnnotation(first)["metadata"]?["annotations"]?[Manifest.lastApplied]?.stringValue?.contains(
                "last-applied"
            ) == false
        )
        #expect(Applier.change(live: first, desired: first) == nil)
    }
}
