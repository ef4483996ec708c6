import KubernetesAPI
import Testing

@testable import HTTPAPI

@Suite("Web pages and plain HTTP")
struct BrowserGuardTests {
    @Test(
        "programs of this machine are served",
        arguments: [
            ("127.0.0.1:7080", nil), ("localhost:1", nil), ("LOCALHOST", nil), ("[::1]:80", nil), (nil, nil),
            ("127.8.9.1", "http://localhost:3000"), ("127.0.0.1", "http://[::1]:1"),
        ] as [(String?, String?)]
    )
    func served(host: String?, origin: String?) throws { try BrowserGuard.check(host: host, origin: origin) }

    @Test(
        "pages of other sites are refused",
        arguments: [
            ("evil.example", nil), ("127.0.0.1.evil.example:80", nil), ("127.0.0.1:80", "http://evil.example"),
            ("127.0.0.1:80", "null"), ("localhost.evil.example", nil), ("[::2]:80", nil), ("10.0.0.1", nil),
        ] as [(String?, String?)]
    )
    func refused(host: String?, origin: String?) {
        #expect(throws: APIError.self) { try BrowserGuard.check(host: host, origin: origin) }
    }
}
