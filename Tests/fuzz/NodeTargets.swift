#if DEBUG
@testable import Images
@testable import JSON
@testable import KubernetesAPI
@testable import Linux
@testable import NodeAgent
@testable import OCI

extension FuzzTarget {
    static let node: [FuzzTarget] = [
        FuzzTarget("cri-log") { bytes in
            for line in bytes.split(separator: 0x0A) {
                guard let entry = LogFile.Entry(line) else { continue }
                precondition(line.suffix(entry.text.count).elementsEqual(entry.text), "the text is not the line's end")
            }
            logTail(bytes)
        },
        FuzzTarget("hosts-toml") { bytes in
            let endpoints = try? RegistryHosts.parse(text(bytes), path: "/none/hosts.toml", domain: "example.org")
            for endpoint in endpoints ?? [] {  // refused is fine
                precondition(endpoint.url.hasPrefix("http://") || endpoint.url.hasPrefix("https://"))
                precondition(!endpoint.headers.contains { $0.utf8.contains(0x0A) || $0.utf8.contains(0x0D) })
            }
        },
        FuzzTarget("image-user") { bytes in
            // The user of the image, then its passwd, then its group, with zero bytes in between.
            let parts = bytes.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false).map {
                text(Array($0))
            }
            guard let pod, let container = pod.spec.containers.first, var image else { return }
            image.config?.user = parts[0]
            let user = try? UserResolution.resolve(pod: pod, container: container, image: image) { path in
                path == "/etc/passwd" ? parts.dropFirst().first : parts.dropFirst(2).first
            }
            guard let user else { return }  // refused is fine
            let most = UInt32(Int32.max)
            precondition(user.uid <= most && user.gid <= most, "\(user)")
            precondition(user.additionalGroups.contains(user.gid))
        },
    ]

    /// Decoded from a constant: nil would be a mistake in it, and every input of the target would say so.
    private static let pod = try? JSONCoding.decode(
        Pod.self,
        from: Array(#"{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}"#.utf8)
    )
    private static let image = try? JSONCoding.decode(  // as above
        ImageConfig.self,
        from: Array(
            #"{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}"#.utf8
        )
    )

    /// The last lines of a log, found from its end, are the end of all its lines.
    @Sendable private static func logTail(_ bytes: [UInt8]) {
        guard let file = try? MemoryFile.holding(bytes, name: "log") else { return }  // no descriptors left
        let path = "/proc/self/fd/\(file.descriptor.raw)"
        let whole = read(path, LogOptions())
        for count in [0, 1, 3] {
            var options = LogOptions()
            options.tailLines = count
            let tail = read(path, options)
            precondition(whole.suffix(tail.count).elementsEqual(tail), "the last \(count) lines are not at the end")
            let ends = tail.dropLast().count { $0 == 0x0A }
            precondition(tail.isEmpty || ends < max(count, 1), "more than \(count) lines")
        }
    }

    private static func read(_ path: String, _ options: LogOptions) -> [UInt8] {
        guard var reader = try? LogReader(path: path, options: options) else { return [] }
        var all: [UInt8] = []
        while let text = try? reader.next(), !text.isEmpty { all += text }
        return all
    }
}
#endif
