import JSON
import Testing

@testable import CommandLine

@Suite("Templates of -o jsonpath")
struct JSONPathTests {
    private static let list = """
        {"kind":"List","items":[
          {"metadata":{"name":"a","labels":{"app.io/x":"1"}},"spec":{"nodeName":"n1"},"n":3,
           "c":[{"name":"c1","image":"bb:1"},{"name":"c2","image":"bb:2"}]},
          {"metadata":{"name":"b"},"spec":{},"n":7,"c":[]}
        ]}
        """

    @Test(
        "give what kubectl gives",
        arguments: [
            ("{.kind}", "List"), ("{$.kind}", "List"), ("{kind}", "List"), ("plain", "plain"), ("", ""),
            ("{.items[*].metadata.name}", "a b"), ("{.items[0].metadata.name}", "a"),
            ("{.items[-1].metadata.name}", "b"), ("{.items[0:1].metadata.name}", "a"), ("{.items[5].n}", ""),
            ("{.items[*].spec.nodeName}", "n1"), ("{.items[0].n}", "3"), ("{.items[1].spec}", "{}"),
            (#"{.items[0].metadata.labels.app\.io/x}"#, "1"), ("{.items[0].metadata.labels['app.io/x']}", "1"),
            (#"{range .items[*]}{.metadata.name}{"\t"}{.n}{"\n"}{end}"#, "a\t3\nb\t7\n"),
            (#"{.items[?(@.metadata.name=="b")].n}"#, "7"), ("{.items[?(@.n>3)].metadata.name}", "b"),
            ("{.items[?(@.n!=3)].metadata.name}", "b"), ("{.items[?(@.spec.nodeName)].metadata.name}", "a"),
            (#"{.items[0].c[?(@.name=='c2')].image}"#, "bb:2"), ("a {.kind} b", "a List b"), ("{.nothing.here}", ""),
            ("{.items[0].c[*].name}", "c1 c2"),
        ]
    )
    func values(template: String, text: String) throws {
        #expect(try JSONPath(template).text(of: JSONValue(parsing: Self.list)) == text)
    }

    @Test(
        "that are none are refused",
        arguments: ["{.a", "{.a[}", "{range .a}x", "{end}", "{.a[x]}", "{\"x}", "{.a[?(@.b==1]}", "{..a}"]
    )
    func faults(template: String) {
        let failure = #expect(throws: ClientFailure.self) { try JSONPath(template) }
        #expect(failure?.exitCode == 2)
        #expect(failure?.text.contains("-o jsonpath") == true)
    }
}
