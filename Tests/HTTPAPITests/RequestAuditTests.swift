import Facts
import HTTPTypes
import Testing

@testable import HTTPAPI

@Suite("What is recorded of requests")
struct RequestAuditTests {
    private static func fact(_ method: HTTPRequest.Method, _ path: String, _ query: String? = nil) -> APIRequestAnswered
    {
        RequestAudit(method: method, path: path, query: query, userAgent: "t")
            .fact(status: 200, durationMicroseconds: 1, remote: "unix", peer: nil)
    }

    @Test(
        "verb and resource come from method and path",
        arguments: [
            (HTTPRequest.Method.post, "/api/v1/namespaces/default/pods", "create", "pod/default"),
            (.put, "/api/v1/namespaces/default/pods/web", "update", "pod/default/web"),
            (.patch, "/api/v1/namespaces/default/pods/web/status", "patch", "pod/default/web"),
            (.delete, "/api/v1/namespaces/default/pods/web", "delete", "pod/default/web"),
            (.delete, "/api/v1/namespaces/default/pods", "deletecollection", "pod/default"),
            (.delete, "/api/v1/namespaces/a%2Fb", "delete", "namespace/a/b"),
            (.post, "/api/v1/namespaces", "create", "namespace"),
            (.post, "/v1/images/import", "create", "image/import"),
            (.delete, "/v1/images", "delete", "image"),
            (.post, "/", "create", ""),
        ]
    )
    func target(method: HTTPRequest.Method, path: String, verb: String, resource: String) {
        let fact = Self.fact(method, path)
        #expect(fact.verb == verb)
        #expect(fact.resource == resource)
    }

    @Test("values that sound like secrets are not kept")
    func secrets() {
        #expect(
            Self.fact(.post, "/p", "a=1&token=x&Pass%77ord=y&dryRun=All").uri
                == "/p?a=1&token=…&Pass%77ord=…&dryRun=All"
        )
    }

    @Test("a long line is cut")
    func bounded() { #expect(Self.fact(.delete, "/" + String(repeating: "x", count: 100_000)).uri.utf8.count < 1024) }

    @Test("changes and denials are recorded, what is refused for its content or only tried is not")
    func recorded() {
        #expect(RequestAudit.isRecorded(status: 201, isDryRun: false))
        #expect(RequestAudit.isRecorded(status: 403, isDryRun: true))
        for status in [400, 404, 409, 413, 422, 500] {
            #expect(!RequestAudit.isRecorded(status: status, isDryRun: false))
        }
        #expect(!RequestAudit.isRecorded(status: 200, isDryRun: true))
    }

    @Test("reads are not recorded, nor are questions about rights")
    func reads() {
        #expect(!RequestAudit.covers(.post, path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"))
        #expect(!RequestAudit.covers(.get, path: "/api/v1/pods"))
        #expect(!RequestAudit.covers(.head, path: "/api/v1/pods"))
        #expect(RequestAudit.covers(.delete, path: "/api/v1/pods"))
    }

    @Test(
        "the unit comes from systemd's place of a process",
        arguments: [
            ("12:pids:/x\n1:name=systemd:/system.slice/cron.service\n0::/", "cron.service" as String?),
            ("0::/user.slice/user-1000.slice/session-3.scope", "session-3.scope"),
            ("0::/", nil), ("", nil), ("0::/system.slice/a.service/sub", "a.service"),
        ]
    )
    func unit(cgroups: String, unit: String?) { #expect(PeerIdentity.unit(inCgroups: cgroups) == unit) }
}
