import Images
import Linux
import OCI
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Where registries are")
struct RegistryHostsTests {
    private func parse(_ text: String, domain: String = "docker.io") throws -> [RegistryEndpoint] {
        try RegistryHosts.parse(text, path: "/etc/x/\(domain)/hosts.toml", domain: domain)
    }

    @Test("mirrors come in the order of the file, and the registry itself last")
    func order() throws {
        let endpoints = try parse(
            """
            server = "https://registry-1.docker.io"
            [host."https://z.example.com"]
              capabilities = ["pull", "resolve"]
            [host."http://a.example.com:5000/cache/v2"]
              capabilities = ["pull"]
              override_path = true
              skip_verify = true
              [host."http://a.example.com:5000/cache/v2".header]
                x-one = "1"
                x-two = ["2", "3"]
            """
        )
        #expect(
            endpoints.map(\.url) == [
                "https://z.example.com/v2", "http://a.example.com:5000/cache/v2", "https://registry-1.docker.io/v2",
            ]
        )
        #expect(endpoints.map(\.isMirror) == [true, true, false])
        #expect(endpoints.map(\.canPush) == [false, false, true])
        #expect(endpoints.map(\.canResolve) == [true, false, true])
        #expect(endpoints[1].headers == ["x-one: 1", "x-two: 2", "x-two: 3"])
        #expect(endpoints[1].trust.skipsVerification)
    }

    // Found by the fuzz target hosts-toml: the parser ended the process, in release builds as well.
    @Test(
        "a table without a name in letters is refused with its line, in hosts.toml and in config.toml",
        arguments: ["[é]", "[", "[[=]]", "[[[a", "  [.a]", "[[ \t", "[\"a\"]\n[\r\n]"]
    )
    func tableWithoutName(_ text: String) {
        let line = text.hasPrefix("[\"") ? 2 : 1
        let words = "line \(line): \"[\" must be followed by the name of a table"
        #expect {
            _ = try parse(text)
        } throws: {
            "\($0)".contains(words)
        }
        #expect {
            _ = try Configuration.parse(text, path: "/c")
        } throws: {
            "\($0)".contains(words)
        }
    }

    @Test("lists of lists may begin a line")
    func listOfLists() throws {
        let text = """
            ca = [
            ]
            [host."https://a"]
            client = [
              ["/etc/hostname", "/etc/hosts"],
              ['/etc/hosts', '/etc/hosts'],
            ]
            """
        #expect(try parse(text).count == 2)
    }

    // Seen failing: each of these was refused for want of a table's name.
    @Test(
        "what begins with a bracket inside of a list or of a long string is no table",
        arguments: [
            "a = [\n[\n1,\n],\n[\n]\n]", "a = [\n[[[1]]],\n[[\n[1]]]\n]", "a = [\n[{b = 1}],\n  [ {b = 2} ]\n]",
            "a = [ # [ \"\n[ # ]]\n1]\n]", "a = [']', \"\\\"]\",\n[\n]]", "a = \"\"\"\n[\n\\\"\"\"\\\\\"\"\"\"\"",
            "a = '''\n[[\n''\n[ \\'''''", "a = \"\"\nb = ''\n[c]", "a = \"x[\"\n\"[\" = 1\n['[x']\nb = 2",
        ]
    )
    func brackets(_ text: String) {
        #expect(throws: Never.self) { _ = try TOMLText.table(text) }
        // The same text, and then a table without a name: that is still found, by its line.
        let line = text.split(separator: "\n", omittingEmptySubsequences: false).count + 1
        #expect {
            _ = try TOMLText.table(text + "\n[")
        } throws: {
            "\($0)".hasPrefix("line \(line):")
        }
    }

    @Test("certificates are found beside the file, and what is wrong is said with its place")
    func certificates() throws {
        let directory = try TemporaryDirectory()
        let place = directory.path + "/r.example.com_5000_"
        try Files.makeDirectories(place)
        for name in ["ca.pem", "one.crt", "two.crt", "me.cert", "me.key"] {
            try Files.replace(place + "/" + name, with: [])
        }
        let hosts = RegistryHosts(directories: ["/nonexistent", directory.path])
        // docker's layout.
        let plain = try hosts.endpoints("r.example.com:5000")
        #expect(plain.count == 1)
        #expect(plain.first?.url == "https://r.example.com:5000/v2")
        #expect(plain.first?.trust.authorities == [place + "/one.crt", place + "/two.crt"])
        #expect(plain.first?.trust.certificate == place + "/me.cert")
        #expect(plain.first?.trust.key == place + "/me.key")
        // containerd's.
        let text = "ca = \"ca.pem\"\nclient = [[\"me.cert\", \"me.key\"]]\n"
        try Files.replace(place + "/hosts.toml", with: Array(text.utf8))
        let endpoint = try #require(try hosts.endpoints("r.example.com:5000").first)
        #expect(endpoint.trust.authorities == [place + "/ca.pem"])
        #expect(endpoint.trust.certificate == place + "/me.cert")
        #expect(!endpoint.isMirror)
        #expect(try hosts.endpoints("other.example.com").isEmpty)
        try Files.makeDirectories(directory.path + "/_default")
        try Files.replace(
            directory.path + "/_default/hosts.toml",
            with: Array("[host.\"https://mirror.example.com\"]\n".utf8)
        )
        #expect(
            try hosts.endpoints("other.example.com").map(\.url) == [
                "https://mirror.example.com/v2", "https://other.example.com/v2",
            ]
        )
        for (bad, word) in [
            ("host = 1", "host must be a table"), ("[host.\"ftp://x\"]", "ftp://x"), ("ca = \"gone.pem\"", "gone.pem"),
            ("[host.\"https://x\"]\ncapabilities = [\"fly\"]", "fly"), ("= 1", "hosts.toml"),
        ] {
            let error = #expect(throws: ImageError.self) { try parse(bad) }
            if let error { #expect("\(error)".contains(word), "\(error)") }
        }
    }

    @Test("logins of config.toml are read, and unknown keys in them refused")
    func logins() throws {
        let text = """
            [registry.auth."r.example.com"]
            username = "u"
            password = "p"
            [registry.auth."*.example.org"]
            auth = "YTpi"
            """
        let configuration = try Configuration.parse(text, path: "config.toml")
        var registries = try configuration.registries()
        registries.proxies = ProxyEnvironment { _ in nil }
        #expect(try registries.credentials(ImageReference("r.example.com/x")).first?.username == "u")
        #expect(try registries.credentials(ImageReference("a.example.org/x")).first?.password == "b")
        #expect(throws: ConfigurationError.self) {
            try Configuration.parse("[registry.auth.x]\npasword = \"p\"\n", path: "config.toml")
        }
    }

    @Test(
        "a hosts.toml with an authority and a certificate of ours opens a registry that wants to see one",
        .enabled(if: DockerRegistry.isInstalled && NginxProxy.isInstalled, "needs docker-registry and nginx"),
        arguments: [true, false]
    )
    func clientCertificate(showsOurs: Bool) throws {
        let registry = try DockerRegistry()
        let proxy = try NginxProxy(
            to: registry.host,
            options: "ssl_client_certificate DIR/ca.pem; ssl_verify_client on;"
        )
        let directory = try TemporaryDirectory()
        let place = "\(directory.path)/\(proxy.host)"
        try Files.makeDirectories(place)
        for name in ["ca.pem", "client.pem", "client.key"] {
            try Files.replace("\(place)/\(name)", with: Files.read("\(proxy.directory.path)/\(name)"))
        }
        let ours = showsOurs ? "client = [[\"client.pem\", \"client.key\"]]" : ""
        let text = "server = \"https://\(proxy.host)\"\nca = \"ca.pem\"\n\(ours)\n"
        try Files.replace(place + "/hosts.toml", with: Array(text.utf8))
        let hosts = RegistryHosts(directories: [directory.path])
        var configuration = RegistryConfiguration()
        configuration.endpoints = { (domain) throws(ImageError) in try hosts.endpoints(domain) }
        let store = try ContentStore(root: directory.path + "/root")
        let client = RegistryClient(store: store, configuration: configuration)
        let error = #expect(throws: ImageError.self) { try client.pull(ImageReference("\(proxy.host)/x/y:1")) }
        // The registry is empty: who is let in is told that.
        let words = showsOurs ? "answered 404" : "No required SSL certificate was sent"
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }
}
