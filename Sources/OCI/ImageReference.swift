/// The name of an image, normalised as docker does: "bb:1" is "docker.io/library/bb:1".
///
/// The grammar is that of the distribution project's reference package: `[domain/]path[:tag][@digest]`. A first
/// component is a domain if it contains a dot or a colon, is "localhost", or contains an upper-case letter; else the
/// domain is docker.io, and a path of one component there is below "library".
package struct ImageReference: Hashable, Sendable, CustomStringConvertible {
    /// A host, with a port if one was given: "docker.io", "localhost:5000", "[::1]:5000".
    package let domain: String
    /// Lower case: "library/bb".
    package let path: String
    package let tag: String?
    package let digest: Digest?

    package static let defaultDomain = "docker.io"
    package static let defaultTag = "latest"
    /// The longest path, in bytes.
    package static let pathLimit = 255

    /// Parses a reference as a person writes it.
    package init(_ text: String) throws(ImageReferenceError) {
        guard !text.isEmpty else { throw .empty }
        if text.utf8.count == 64, text.utf8.allSatisfy(Grammar.isLowerHex) { throw .imageID(text) }

        var rest = text[...]
        var digest: Digest?
        if let at = rest.firstIndex(of: "@") {
            do {
                digest = try Digest(String(rest[rest.index(after: at)...]))
            } catch {
                throw .badDigest(text, error)
            }
            rest = rest[..<at]
        }

        let domain: Substring
        (domain, rest) = ImageReference.splitDomain(rest)

        var tag: String?
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            let given = rest[rest.index(after: colon)...]
            guard Grammar.isTag(given) else { throw .badTag(text, tag: String(given)) }
            tag = String(given)
            rest = rest[..<colon]
        }

        guard !rest.isEmpty else { throw .malformed(text) }
        guard !rest.utf8.contains(where: { (0x41...0x5A).contains($0) }) else { throw .upperCase(text) }
        guard Grammar.isDomain(domain), Grammar.isPath(rest) else { throw .malformed(text) }
        let path = domain == ImageReference.defaultDomain && !rest.contains("/") ? "library/\(rest)" : String(rest)
        guard path.utf8.count <= ImageReference.pathLimit else { throw .tooLong(text, bytes: path.utf8.count) }

        self.domain = String(domain)
        self.path = path
        self.tag = tag
        self.digest = digest
    }

    private init(domain: String, path: String, tag: String?, digest: Digest?) {
        self.domain = domain
        self.path = path
        self.tag = tag
        self.digest = digest
    }

    /// "docker.io/library/bb"
    package var name: String { domain + "/" + path }

    /// All that was given, normalised: "docker.io/library/bb:1@sha256:…".
    package var description: String { name + suffix }

    /// The name under which an image is stored and looked up: with a digest if there is one, else with the tag, else
    /// with ":latest". A tag beside a digest is left out, because the digest decides.
    package var canonical: String {
        if let digest { return "\(name)@\(digest)" }
        return "\(name):\(tag ?? ImageReference.defaultTag)"
    }

    /// The shortest text that parses to this reference: "bb:1".
    package var familiar: String {
        guard domain == ImageReference.defaultDomain else { return description }
        let short = path.hasPrefix("library/") ? String(path.dropFirst("library/".count)) : path
        // "docker.io/library/a/b" must keep its prefix: "a/b" is another image.
        return (short.contains("/") ? path : short) + suffix
    }

    /// The same image with ":latest" if neither a tag nor a digest was given.
    package var withDefaultTag: ImageReference {
        guard tag == nil, digest == nil else { return self }
        return ImageReference(domain: domain, path: path, tag: ImageReference.defaultTag, digest: nil)
    }

    /// The same repository by digest, keeping the tag.
    package func with(digest: Digest) -> ImageReference {
        ImageReference(domain: domain, path: path, tag: tag, digest: digest)
    }

    private var suffix: String {
        var text = ""
        if let tag { text += ":" + tag }
        if let digest { text += "@\(digest)" }
        return text
    }

    private static func splitDomain(_ text: Substring) -> (domain: Substring, rest: Substring) {
        guard let slash = text.firstIndex(of: "/") else { return (defaultDomain[...], text) }
        let first = text[..<slash]
        let isDomain =
            first.contains(".") || first.contains(":") || first == "localhost"
            || first.utf8.contains { (0x41...0x5A).contains($0) }
        guard isDomain else { return (defaultDomain[...], text) }
        return (first == "index.docker.io" ? defaultDomain[...] : first, text[text.index(after: slash)...])
    }
}

extension ImageReference: Codable {
    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        let text = try value.decode(String.self)
        do {
            try self.init(text)
        } catch {
            throw DecodingError.dataCorruptedError(in: value, debugDescription: "\(error)")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        try value.encode(description)
    }
}

/// The grammar of references, one function a rule.
private enum Grammar {
    static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool { isLowerAlphanumeric(byte) || (0x41...0x5A).contains(byte) }

    static func isLowerHex(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) }

    static func isHex(_ byte: UInt8) -> Bool { isLowerHex(byte) || (0x41...0x46).contains(byte) }

    /// `[\w][\w.-]{0,127}`
    static func isTag(_ text: Substring) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, isAlphanumeric(first) || first == 0x5F, bytes.count <= 128 else { return false }
        return bytes.allSatisfy { isAlphanumeric($0) || $0 == 0x5F || $0 == 0x2E || $0 == 0x2D }
    }

    static func isPath(_ text: Substring) -> Bool {
        text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(isPathComponent)
    }

    /// Runs of lower-case letters and digits, between them one ".", one or two "_", or any number of "-".
    private static func isPathComponent(_ text: Substring) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.last, isLowerAlphanumeric(first), isLowerAlphanumeric(last)
        else {
            return false
        }
        var separator: [UInt8] = []
        for byte in bytes {
            guard isLowerAlphanumeric(byte) else {
                separator.append(byte)
                continue
            }
            guard separator.isEmpty || isSeparator(separator) else { return false }
            separator.removeAll()
        }
        return true
    }

    private static func isSeparator(_ bytes: [UInt8]) -> Bool {
        switch bytes {
        case [0x2E], [0x5F], [0x5F, 0x5F]: true
        default: bytes.allSatisfy { $0 == 0x2D }
        }
    }

    /// A host name, an IPv4 address or an IPv6 address in brackets; then an optional port.
    static func isDomain(_ text: Substring) -> Bool {
        var host = text
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { return false }
            let address = text[text.index(after: text.startIndex)..<close]
            guard !address.isEmpty, address.utf8.allSatisfy({ isHex($0) || $0 == 0x3A }) else { return false }
            let port = text[text.index(after: close)...]
            return port.isEmpty || (port.hasPrefix(":") && isPort(port.dropFirst()))
        }
        if let colon = text.firstIndex(of: ":") {
            guard isPort(text[text.index(after: colon)...]) else { return false }
            host = text[..<colon]
        }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.utf8.first, let last = label.utf8.last else { return false }
            return isAlphanumeric(first) && isAlphanumeric(last)
                && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D }
        }
    }

    private static func isPort(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}

/// Why a text is not the name of an image.
package enum ImageReferenceError: Error, Hashable, Sendable, CustomStringConvertible {
    case empty
    /// 64 hexadecimal digits could be an image id as well as a name.
    case imageID(String)
    case upperCase(String)
    case tooLong(String, bytes: Int)
    case badTag(String, tag: String)
    case badDigest(String, DigestError)
    case malformed(String)

    package var description: String {
        switch self {
        case .empty:
            "invalid image reference: it is empty"
        case .imageID(let text):
            "invalid image reference \"\(text)\": 64 hexadecimal digits are an image id; write NAME@sha256:\(text.prefix(8))…"
        case .upperCase(let text):
            "invalid image reference \"\(text.prefix(300))\": the repository name must be lower case"
        case .tooLong(let text, let bytes):
            "invalid image reference \"\(text.prefix(60))…\": the repository name has \(bytes) bytes, at most "
                + "\(ImageReference.pathLimit) are allowed"
        case .badTag(let text, let tag):
            "invalid image reference \"\(text.prefix(300))\": the tag \"\(tag.prefix(140))\" must be 1 to 128 letters, digits, "
                + "\"_\", \".\" or \"-\", not starting with \".\" or \"-\""
        case .badDigest(let text, let reason):
            "invalid image reference \"\(text.prefix(300))\": \(reason)"
        case .malformed(let text):
            "invalid image reference \"\(text.prefix(300))\": expected [DOMAIN[:PORT]/]PATH[:TAG][@DIGEST]"
        }
    }
}
