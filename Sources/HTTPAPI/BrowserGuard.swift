import HTTPTypes
import KubernetesAPI

/// Keeps web pages away from plain HTTP on loopback: a page that a browser shows could reach it, directly (a form, a
/// fetch: they send `Origin`) or by a name that its owner points to 127.0.0.1 (DNS rebinding: it sends a foreign `Host`).
enum BrowserGuard {
    /// - Throws: 403 if the request comes from a page of another site.
    static func check(host: String?, origin: String?) throws(APIError) {
        if let host, !isLoopback(host) {
            throw refusal("the request is for host \"\(host)\", which is not this machine's loopback")
        }
        guard let origin else { return }
        let address = origin.firstRange(of: "://").map { String(origin[$0.upperBound...]) } ?? origin
        if !isLoopback(address) { throw refusal("the request comes from a web page of \(origin)") }
    }

    private static func refusal(_ why: String) -> APIError {
        APIError(.forbidden, "\(why): plain HTTP serves programs of this machine only; use http://127.0.0.1:PORT")
    }

    /// True for `localhost`, 127.0.0.0/8 and `[::1]`, with or without a port.
    static func isLoopback(_ address: String) -> Bool {
        var name = Substring(address)
        if name.hasPrefix("[") {
            guard let end = name.firstIndex(of: "]") else { return false }
            return name[...end] == "[::1]"
        }
        if let colon = name.lastIndex(of: ":") { name = name[..<colon] }
        if name.lowercased() == "localhost" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
