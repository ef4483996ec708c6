package import OCI

/// What the snapshotter keeps about a snapshot, as a small text file that is replaced as a whole.
struct SnapshotRecord: Equatable {
    enum Kind: String {
        /// A layer of an image with everything below it; read-only.
        case committed
        /// A writable directory on top of a committed snapshot.
        case active
        /// A read-only look at a committed snapshot.
        case view
    }

    var kind: Kind
    /// The name of its own directory; a view has none.
    var directory: String?
    var parent: Digest?
    /// The directories of the snapshots below it, the top one first.
    var lowers: [String]

    var bytes: [UInt8] {
        var lines = ["kind \(kind.rawValue)"]
        if let directory { lines.append("directory \(directory)") }
        if let parent { lines.append("parent \(parent)") }
        lines.append("lowers " + lowers.joined(separator: ":"))
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    init(kind: Kind, directory: String?, parent: Digest?, lowers: [String]) {
        self.kind = kind
        self.directory = directory
        self.parent = parent
        self.lowers = lowers
    }

    /// Nil if the text is not one that we wrote.
    init?(_ bytes: [UInt8]) {
        var kind: Kind?
        var lowers: [String]?
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { return nil }
            switch parts[0] {
            case "kind": kind = Kind(rawValue: String(parts[1]))
            case "directory": directory = String(parts[1])
            case "parent":
                // A text that is no digest makes the whole record not ours.
                guard let digest = try? Digest(String(parts[1])) else { return nil }
                parent = digest
            case "lowers": lowers = parts[1].split(separator: ":").map(String.init)
            default: return nil
            }
        }
        guard let kind, let lowers, kind == .view || directory != nil else { return nil }
        let names = lowers + [directory].compactMap(\.self)
        guard names.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else { return nil }
        self.kind = kind
        self.lowers = lowers
    }

    /// The name of a key's file: letters, digits, "_" and "-" stay, everything else is %XX. A name with a dot is that of a
    /// temporary file.
    static func fileName(of key: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var name: [UInt8] = []
        for byte in key.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D: name.append(byte)
            default: name += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: name, as: UTF8.self)
    }

    /// The key of a file's name; nil if `fileName` does not make such names.
    static func key(ofFile name: String) -> String? {
        var key: [UInt8] = []
        var rest = Array(name.utf8)[...]
        while let byte = rest.popFirst() {
            if byte != 0x25 {
                key.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            key.append(value)
            rest = rest.dropFirst(2)
        }
        let text = String(decoding: key, as: UTF8.self)
        return fileName(of: text) == name ? text : nil
    }
}

/// A snapshot, for listings.
package struct SnapshotInfo: Hashable, Sendable {
    package enum Kind: String, Sendable { case committed, active, view }

    package let kind: Kind
    /// The chain id of a committed snapshot, the key of any other.
    package let name: String
    package let parent: Digest?
}
