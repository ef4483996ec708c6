#if DEBUG
@testable import Images
@testable import JSON
@testable import Linux
@testable import OCI

extension FuzzTarget {
    static let images: [FuzzTarget] = [
        FuzzTarget("reference") { bytes in
            guard let reference = try? ImageReference(text(bytes)) else { return }  // refused is fine
            guard let again = try? ImageReference(reference.description) else {  // must not happen
                fatalError("\(reference) cannot be read again")
            }
            precondition(again == reference, "\(again) is not \(reference)")
        },
        FuzzTarget("digest") { bytes in
            guard let digest = try? Digest(text(bytes)) else { return }  // refused is fine
            precondition("\(digest)" == text(bytes))
        },
        FuzzTarget("platform") { bytes in _ = try? Platform(parsing: text(bytes)) },
        FuzzTarget("tar") { bytes in
            guard let file = try? MemoryFile.holding(bytes, name: "fuzz"),  // without memory there is nothing to test
                let copy = try? Descriptor.open("/proc/self/fd/\(file.descriptor.raw)", Descriptor.readOnly)
            else { return }
            do {
                let reader = TarReader(try ByteStream(copy, label: "fuzz", limit: 1 << 20))
                while let entry = try reader.next() {
                    precondition(entry.size >= 0 && entry.storedSize >= 0)
                    if let path = try? EntryPath(entry.path) {
                        precondition(!path.bytes.contains(0) && path.bytes.first != 0x2F)
                        precondition(!path.bytes.split(separator: 0x2F).contains { $0.elementsEqual([0x2E, 0x2E]) })
                        _ = try? path.purpose()  // refused is fine
                    }
                    if entry.storedSize < 1 << 20 { _ = try reader.readAll(limit: 1 << 20) }
                }
            } catch {
                precondition(!"\(error)".isEmpty)
            }
        },
        FuzzTarget("pax") { bytes in
            _ = try? PaxRecords(bytes)  // refused is fine
            _ = try? TarHeader(Array((bytes + [UInt8](repeating: 0, count: 512)).prefix(512)))  // as above
        },
        FuzzTarget("entry-path") { bytes in
            // Refused is fine.
            guard let path = try? EntryPath(bytes), let purpose = try? path.purpose() else { return }
            if case .whiteout(let hidden) = purpose {
                precondition(!hidden.isRoot && !hidden.name.elementsEqual([0x2E, 0x2E]) && !hidden.name.isEmpty)
            }
        },
        FuzzTarget("challenge") { bytes in _ = Challenge.parse(lines(bytes)) },
        FuzzTarget("docker-config") { bytes in
            // Refused is fine.
            _ = (try? DockerConfiguration(bytes))?.credentials(for: "registry.example:5000/a/b")
        },
        FuzzTarget("documents") { bytes in
            _ = try? ImageDocument.manifest(bytes, what: "fuzz", layerLimit: 100)  // refused is fine
            _ = try? ImageDocument.index(bytes, what: "fuzz")  // as above
            _ = try? ImageDocument.config(bytes, what: "fuzz", layers: 1)  // as above
        },
    ]
}
#endif
