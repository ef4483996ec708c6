import HTTPTypes
import Hummingbird
import KubernetesAPI
import NIOCore
import NodeAgent
import Testing

@testable import HTTPAPI

/// Requests as handlers get them.
enum Make {
    static func request(_ target: String, headers: HTTPFields = [:], method: HTTPRequest.Method = .get) -> APIRequest {
        APIRequest(
            raw: raw(target, headers: headers, method: method),
            parameters: [:],
            origin: RequestOrigin(actor: "unix:test", request: "r1")
        )
    }

    static func raw(_ target: String, headers: HTTPFields = [:], method: HTTPRequest.Method = .get) -> Request {
        Request(
            head: HTTPRequest(
                method: method,
                scheme: "http",
                authority: "swiftlet",
                path: target,
                headerFields: headers
            ),
            body: RequestBody(buffer: ByteBuffer())
        )
    }
}

@Suite("Requests")
struct RequestTests {
    @Test("query values are decoded; flags are true for 1, true and nothing")
    func query() throws {
        let request = Make.request("/x?labelSelector=app%20in%20%28a%2Cb%29&watch&follow=1&pretty=true&off=false&n=12")
        #expect(request.query("labelSelector") == "app in (a,b)")
        #expect(request.query("none") == nil)
        for name in ["watch", "follow", "pretty"] { #expect(try request.flag(name)) }
        #expect(try !request.flag("off"))
        #expect(try !request.flag("none"))
        #expect(try request.number("n") == 12)
        #expect(try request.number("none") == nil)
    }

    @Test("a number that is none is a 400 that names the parameter")
    func badNumber() {
        let error = #expect(throws: APIError.self) { try Make.request("/x?limit=ten").number("limit") }
        #expect(error?.code == 400)
        #expect(
            error?.description == "strconv.ParseInt: parsing \"ten\": invalid syntax; limit must be a whole number"
        )
    }

    @Test("the media type is the content type without parameters")
    func mediaType() {
        let request = Make.request("/x", headers: [.contentType: "Application/JSON ; charset=utf-8"])
        #expect(request.mediaType == "application/json")
        #expect(Make.request("/x").mediaType == "")
    }

    @Test(
        "an id of the client's is kept if it is well-formed",
        arguments: ["a", "A-b_c.9", String(repeating: "x", count: 64)]
    )
    func ownID(text: String) throws {
        let name = try #require(HTTPField.Name("X-Request-Id"))
        #expect(RequestID.of(Make.raw("/x", headers: [name: text])) == text)
    }

    @Test("other ids are replaced by new ones", arguments: ["", "a b", "a\"b", "ä", String(repeating: "x", count: 65)])
    func otherID(text: String) throws {
        let name = try #require(HTTPField.Name("X-Request-Id"))
        let first = RequestID.of(Make.raw("/x", headers: [name: text]))
        #expect(first != text)
        #expect(first.count == 16)
        #expect(RequestID.isValid(first))
        #expect(RequestID.of(Make.raw("/x")) != RequestID.of(Make.raw("/x")))
    }

    @Test(
        "plain HTTP is for loopback only",
        arguments: [
            ("127.0.0.1:8080", "127.0.0.1", 8080), ("localhost:0", "127.0.0.1", 0), ("[::1]:9", "::1", 9),
            ("127.9.9.9:1", "127.9.9.9", 1),
        ]
    )
    func loopback(text: String, host: String, port: Int) throws {
        let address = try PlainHTTPAddress(text)
        #expect(address.host == host)
        #expect(address.port == port)
    }

    @Test(
        "other addresses are refused with the reason",
        arguments: [
            "0.0.0.0:80", "192.168.0.1:80", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536", "127.evil.example:80", ":80",
            "127.0.0.1.5:80", "[::]:80", "127.0.0.256:80",
        ]
    )
    func refused(text: String) {
        let error = #expect(throws: ConfigurationError.self) { try PlainHTTPAddress(text) }
        #expect(error?.description.hasPrefix("--insecure-http \(text): ") == true)
    }

    @Test(
        "a warning is one line of a header",
        arguments: [
            ("a \"b\" \\c", "a \\\"b\\\" \\\\c"), ("a\r\nX-Evil: 1\u{0}\tb", "a  X-Evil: 1  b"), ("ä", "ä"),
        ]
    )
    func warnings(text: String, expected: String) { #expect(Answer.escaped(text) == expected) }

    @Test("filters read labels and fields of stored objects")
    func filters() throws {
        let text = """
            {"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","labels":{"app":"a"}},"spec":{"containers":[]},\
            "status":{"phase":"Running"}}
            """
        func passes(_ query: String) throws -> Bool {
            try ObjectFilter(Make.request("/x?\(query)"), kind: .pods).matches(Array(text.utf8))
        }
        #expect(try passes(""))
        #expect(try ObjectFilter(Make.request("/x"), kind: .pods).isEmpty)
        #expect(try passes("labelSelector=app%3Da"))
        #expect(try !passes("labelSelector=app%21%3Da"))
        #expect(try passes("labelSelector=%21other"))
        #expect(try passes("fieldSelector=status.phase%3DRunning,metadata.name%3Dp"))
        #expect(try !passes("labelSelector=app%3Da&fieldSelector=metadata.name%3Dq"))
        #expect(throws: APIError.self) { try passes("labelSelector=%3D%3D") }
        #expect(throws: APIError.self) { try passes("fieldSelector=spec.nothing%3D1") }
    }

    @Test("a list is put together from documents as they are")
    func list() throws {
        let text = try ListDocument.of(
            [Array("{\"a\":1}".utf8), Array("{\"b\":2}".utf8)],
            ListMeta(resourceVersion: "7"),
            kind: .pods
        )
        #expect(
            String(decoding: text, as: UTF8.self)
                == #"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[{"a":1},{"b":2}]}"#
        )
        #expect(
            String(decoding: try ListDocument.of([], ListMeta(resourceVersion: "0"), kind: .nodes), as: UTF8.self)
                .hasSuffix("\"items\":[]}")
        )
    }
}
