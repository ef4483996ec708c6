import Glibc

/// The proxies that the environment names, by the rules of Go programs such as docker and containerd: upper-case names
/// count as well as lower-case ones, and this machine is never reached through a proxy.
package struct ProxyEnvironment: Hashable, Sendable {
    /// For https://; empty is none.
    package var https: String
    /// For http://.
    package var http: String
    /// Hosts, domains and networks that are reached directly, separated by commas; "*" is all.
    package var exceptions: String

    /// - Parameter variable: The value of an environment variable.
    package init(_ variable: (String) -> String?) {
        func value(_ name: String) -> String? {
            [name, name.uppercased()].lazy.compactMap(variable).first { !$0.isEmpty }
        }
        https = value("https_proxy") ?? ""
        http = value("http_proxy") ?? ""
        let direct = value("no_proxy")
        exceptions = direct == "*" ? "*" : ([direct].compactMap(\.self) + ProxyEnvironment.local).joined(separator: ",")
    }

    /// This process's environment.
    package static var process: ProxyEnvironment {
        ProxyEnvironment { name in unsafe getenv(name).map { unsafe String(cString: $0) } }
    }

    private static let local = ["localhost", "127.0.0.0/8", "::1"]

    func proxy(for url: String) -> String { url.hasPrefix("https://") ? https : http }
}
