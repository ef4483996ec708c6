import JSON
import Testing

@testable import KubernetesAPI

@Suite("Options of lists and watches")
struct ListOptionsTests {
    private static func options(_ query: [String: String]) throws(APIError) -> ListOptions {
        try ListOptions { query[$0] }
    }

    @Test("values that are none are refused in kube-apiserver's words")
    func wrong() {
        let cases: [([String: String], String)] = [
            (["limit": "ten"], "strconv.ParseInt: parsing \"ten\": invalid syntax"),
            (["limit": "9223372036854775808"], "strconv.ParseInt: parsing \"9223372036854775808\": value out of range"),
            (["limit": "-1"], "limit: Invalid value: -1: must be greater than or equal to 0"),
            (["watch": "maybe"], "strconv.ParseBool: parsing \"maybe\": invalid syntax"),
            (["allowWatchBookmarks": "2"], "strconv.ParseBool: parsing \"2\": invalid syntax"),
            (["watch": "1", "timeoutSeconds": "1.5"], "strconv.ParseInt: parsing \"1.5\": invalid syntax"),
            (
                ["resourceVersion": "abc"],
                "invalid resource version: resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": "
                    + "invalid syntax"
            ),
            (["resourceVersion": "-7"], "invalid resource version: resourceVersion: Invalid value: \"-7\""),
            (["continue": "!"], "continue key is not valid"),
            (["continue": "e30"], "continue key is not valid"),
            (
                [
                    "continue": ListContinuation(resourceVersion: 7, namespace: "n", name: "a").token,
                    "resourceVersion": "7",
                ],
                "specifying resource version is not allowed when using continue"
            ),
        ]
        for (query, message) in cases {
            let error = #expect(throws: APIError.self) { try Self.options(query) }
            #expect(error?.code == 400, "\(query)")
            #expect(error?.description.hasPrefix(message) == true, "\(query): \(error?.description ?? "")")
        }
    }

    @Test("values that exclude each other are refused as kube-apiserver refuses them")
    func contradictory() {
        let token = ListContinuation(resourceVersion: 7, namespace: "n", name: "a").token
        let cases: [([String: String], String)] = [
            (["resourceVersionMatch": "Exact"], "resourceVersionMatch is forbidden unless resourceVersion is provided"),
            (
                ["resourceVersionMatch": "Exact", "resourceVersion": "0"],
                "\"exact\" is forbidden for resourceVersion \"0\""
            ),
            (["resourceVersionMatch": "Newer", "resourceVersion": "1"], "Unsupported value: \"Newer\""),
            (["resourceVersionMatch": "Exact", "continue": token], "is forbidden when continue is provided"),
            (["sendInitialEvents": "true"], "sendInitialEvents is forbidden for list"),
            (["watch": "1", "sendInitialEvents": "true"], "sendInitialEvents requires setting resourceVersionMatch"),
            (["watch": "1", "resourceVersionMatch": "NotOlderThan"], "resourceVersionMatch is forbidden for watch"),
            (["watch": "1", "continue": token], "continue is forbidden for watch"),
        ]
        for (query, message) in cases {
            let error = #expect(throws: APIError.self) { try Self.options(query) }
            #expect(error?.code == 422, "\(query)")
            #expect(error?.description.hasPrefix("ListOptions.meta.k8s.io \"\" is invalid: ") == true, "\(query)")
            #expect(error?.description.contains(message) == true, "\(query): \(error?.description ?? "")")
        }
    }

    @Test("what is not said has the meaning of nothing")
    func empty() throws {
        let none = try Self.options(["limit": "", "resourceVersion": "", "watch": "false", "timeoutSeconds": "0"])
        #expect(!none.isWatch)
        #expect(none.limit == nil)
        #expect(none.resourceVersion == nil)
        #expect(try Self.options(["limit": "0"]).limit == nil)
        let watch = try Self.options([
            "watch": "", "resourceVersion": "0", "sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan",
        ])
        #expect(watch.isWatch && watch.sendsInitialEvents)
        #expect(watch.resourceVersion == 0)
    }

    @Test(
        "a token says where the list goes on, whatever the names are",
        arguments: [(7 as Int64?, "default", "web-1"), (nil, "", "n1"), (.max, "ä", "b.c?>~")]
    )
    func token(version: Int64?, namespace: String, name: String) throws {
        let continuation = ListContinuation(resourceVersion: version, namespace: namespace, name: name)
        #expect(continuation.token.utf8.allSatisfy { UInt8(ascii: "0") <= $0 || $0 == UInt8(ascii: "-") })
        #expect(try ListContinuation(token: continuation.token) == continuation)
        #expect(!continuation.precedes(namespace: namespace, name: name))
        #expect(continuation.precedes(namespace: namespace, name: name + "0"))
    }
}
