import HTTPTypes
import Hummingbird
import Testing

@testable import HTTPAPI

@Suite("Routing")
struct RouteTableTests {
    private static func route(_ method: HTTPRequest.Method, _ pattern: String) -> Route {
        Route(method, pattern, "") { _ in Answer.text(pattern) }
    }

    private let table = RouteTable(routes: [
        route(.get, "/api/v1/namespaces/{namespace}/pods"), route(.post, "/api/v1/namespaces/{namespace}/pods"),
        route(.get, "/api/v1/namespaces/{namespace}/pods/{name}"), route(.get, "/version"), route(.get, "/"),
        route(.get, "/api/v1/{kind}"),
    ])

    private func found(_ method: HTTPRequest.Method, _ path: String) -> (String, [String: String])? {
        guard case .found(let route, let values) = table.match(method, path) else { return nil }
        return (route.pattern, values)
    }

    @Test("a path gives the values that its pattern names")
    func values() throws {
        let match = try #require(found(.get, "/api/v1/namespaces/a/pods/b"))
        #expect(match.0 == "/api/v1/namespaces/{namespace}/pods/{name}")
        #expect(match.1 == ["namespace": "a", "name": "b"])
    }

    @Test("a slash at the end does not matter", arguments: ["/version", "/version/", "//version"])
    func slashes(path: String) { #expect(found(.get, path)?.0 == "/version") }

    @Test("the root is a path too")
    func root() { #expect(found(.get, "/")?.0 == "/") }

    @Test(
        "values are percent-decoded after the path is split; what is no escape stays",
        arguments: [
            ("a%2Fb", "a/b"), ("%C3%A4", "ä"), ("100%25", "100%"), ("50%", "50%"), ("%zz", "%zz"), ("%+f", "%+f"),
            ("%4", "%4"), ("a+b", "a+b"),
        ]
    )
    func decoding(part: String, value: String) {
        #expect(found(.get, "/api/v1/namespaces/n/pods/\(part)")?.1["name"] == value)
    }

    @Test("HEAD goes where GET goes")
    func head() { #expect(found(.head, "/version")?.0 == "/version") }

    @Test("another method on a known path names those that are possible")
    func otherMethods() {
        guard case .otherMethods(let methods) = table.match(.delete, "/api/v1/namespaces/a/pods") else {
            Issue.record("expected other methods")
            return
        }
        #expect(methods == [.get, .post])
    }

    @Test("unknown paths lead nowhere", arguments: ["/nope", "/version/x", "/api/v1/namespaces/a/pods/b/c/d"])
    func unknown(path: String) {
        guard case .none = table.match(.get, path) else {
            Issue.record("expected nothing for \(path)")
            return
        }
    }
}
