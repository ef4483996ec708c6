/// What an image runs on (image-spec 1.1, image-index.md, "platform").
package struct Platform: Codable, Hashable, Sendable {
    /// In the words of Go: "amd64", "arm64", "arm", "386", "riscv64", …
    package var architecture: String
    package var os: String
    package var osVersion: String?
    package var osFeatures: [String]?
    /// The version of the architecture: "v7", "v8".
    package var variant: String?

    package init(
        architecture: String,
        os: String,
        osVersion: String? = nil,
        osFeatures: [String]? = nil,
        variant: String? = nil
    ) {
        self.architecture = architecture
        self.os = os
        self.osVersion = osVersion
        self.osFeatures = osFeatures
        self.variant = variant
    }

    enum CodingKeys: String, CodingKey {
        case architecture, os
        case osVersion = "os.version"
        case osFeatures = "os.features"
        case variant
    }
}

extension Platform: CustomStringConvertible {
    /// "linux/arm/v7"
    package var description: String {
        let base = "\(os)/\(architecture)"
        guard let variant, !variant.isEmpty else { return base }
        return base + "/" + variant
    }

    /// What this program was compiled for.
    package static var host: Platform {
        #if arch(x86_64)
        Platform(architecture: "amd64", os: "linux")
        #elseif arch(arm64)
        Platform(architecture: "arm64", os: "linux")
        #else
        #error("name the architecture here as Go does (GOARCH)")
        #endif
    }

    /// Parses "OS", "ARCHITECTURE", "OS/ARCHITECTURE" or "OS/ARCHITECTURE/VARIANT"; the result is normalised.
    ///
    /// What is left out is taken from the host; an architecture that was named gets no variant of the host.
    package init(parsing text: String) throws(PlatformError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count),
            parts.allSatisfy({ part in
                !part.isEmpty
                    && part.utf8.allSatisfy { byte in
                        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                            || byte == 0x5F || byte == 0x2E || byte == 0x2D
                    }
            })
        else { throw .malformed(text) }
        let host = Platform.host
        switch parts.count {
        case 1 where Platform.operatingSystems.contains(Platform.normalised(os: parts[0])):
            self = Platform(architecture: host.architecture, os: parts[0], variant: host.variant)
        case 1:
            let named = Platform(architecture: parts[0], os: host.os).normalised
            guard Platform.architectures.contains(named.architecture) else { throw .unknown(text) }
            self = named
        default:
            self = Platform(architecture: parts[1], os: parts[0], variant: parts.count == 3 ? parts[2] : nil)
        }
        self = normalised
    }

    /// The same platform in the one spelling in which platforms are compared: "x86_64" is "amd64", "arm64/v8" is
    /// "arm64", "armhf" is "arm/v7".
    package var normalised: Platform {
        var result = self
        result.os = Platform.normalised(os: os)
        let given = (variant ?? "").lowercased()
        let name: String
        let version: String
        switch (architecture.lowercased(), given) {
        case ("i386", _), ("i486", _), ("i586", _), ("i686", _): (name, version) = ("386", "")
        case ("x86_64", "v1"), ("x86-64", "v1"), ("amd64", "v1"): (name, version) = ("amd64", "")
        case ("x86_64", _), ("x86-64", _), ("amd64", _): (name, version) = ("amd64", given)
        case ("aarch64", "8"), ("aarch64", "v8"), ("arm64", "8"), ("arm64", "v8"): (name, version) = ("arm64", "")
        case ("aarch64", "9"), ("arm64", "9"): (name, version) = ("arm64", "v9")
        case ("aarch64", _), ("arm64", _): (name, version) = ("arm64", given)
        case ("armhf", _): (name, version) = ("arm", "v7")
        case ("armel", _): (name, version) = ("arm", "v6")
        case ("arm", ""), ("arm", "7"): (name, version) = ("arm", "v7")
        case ("arm", "5"), ("arm", "6"), ("arm", "8"): (name, version) = ("arm", "v" + given)
        case (let other, _): (name, version) = (other, given)
        }
        result.architecture = name
        result.variant = version.isEmpty ? nil : version
        return result
    }

    /// The platforms whose programs run on this one, the best first: itself, then older variants, then the 32-bit
    /// architecture of the same processors.
    package var compatible: [Platform] {
        let own = normalised
        func on(_ architecture: String, _ variants: [String?]) -> [Platform] {
            variants.map { Platform(architecture: architecture, os: own.os, variant: $0) }
        }
        let version = own.variant.flatMap { Int($0.dropFirst()) }
        switch own.architecture {
        case "amd64":
            let older = stride(from: version ?? 1, through: 1, by: -1).map { $0 == 1 ? nil : "v\($0)" }
            return on("amd64", older) + on("386", [nil])
        case "arm64":
            let older: [String?] = version == nil ? [nil] : [own.variant, nil]
            return on("arm64", older) + on("arm", ["v8", "v7", "v6", "v5"])
        case "arm":
            return on("arm", stride(from: version ?? 7, through: 5, by: -1).map { "v\($0)" })
        default:
            return on(own.architecture, own.variant == nil ? [nil] : [own.variant, nil])
        }
    }

    /// How well an image's platform suits this one: 0 is best, nil is not at all.
    package func rank(of image: Platform) -> Int? {
        let wanted = image.normalised
        return compatible.firstIndex { candidate in
            candidate.os == wanted.os && candidate.architecture == wanted.architecture
                && candidate.variant == wanted.variant
        }
    }

    /// True if an image's programs run on this platform.
    package func runs(_ image: Platform) -> Bool { rank(of: image) != nil }

    private static func normalised(os: String) -> String {
        let name = os.lowercased()
        return name == "macos" ? "darwin" : name
    }

    private static let operatingSystems: Set<String> = [
        "aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "js", "linux", "netbsd", "openbsd", "plan9",
        "solaris", "wasip1", "windows",
    ]

    private static let architectures: Set<String> = [
        "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le",
        "riscv64",
        "s390x", "wasm",
    ]
}

extension ImageIndex {
    /// The manifest to run on a platform: the best match, and of equals the first.
    ///
    /// A manifest without a platform is taken only if no other suits. Attestations (platform "unknown/unknown") never are.
    package func manifest(for platform: Platform) -> ContentDescriptor? {
        var best: (rank: Int, descriptor: ContentDescriptor)?
        for descriptor in manifests where descriptor.mediaType.isManifest || descriptor.mediaType.isIndex {
            let rank: Int
            if let own = descriptor.platform {
                guard let found = platform.rank(of: own) else { continue }
                rank = found
            } else {
                rank = Int.max
            }
            if best.map({ rank < $0.rank }) ?? true { best = (rank, descriptor) }
        }
        return best?.descriptor
    }
}

/// Why a text is not a platform.
package enum PlatformError: Error, Hashable, Sendable, CustomStringConvertible {
    case malformed(String)
    /// A single word that is neither an operating system nor an architecture.
    case unknown(String)

    package var description: String {
        switch self {
        case .malformed(let text):
            "invalid platform \"\(text.prefix(100))\": expected OS/ARCHITECTURE[/VARIANT], for example linux/arm64"
        case .unknown(let text):
            "unknown operating system or architecture \"\(text.prefix(100))\": write OS/ARCHITECTURE, for example linux/arm64"
        }
    }
}
