/// One line of /proc/PID/mountinfo (proc(5)).
package struct MountEntry: Hashable, Sendable {
    /// The directory of the file system that is the root of this mount: "/", or a path below for a bind mount.
    package let root: String
    package let mountPoint: String
    /// "shared:1", "master:2", …; empty for a private mount.
    package let propagation: [String]
    package let type: String
    package let source: String
    /// Options of the file system, for cgroup v1 with its controllers.
    package let superOptions: [String]

    package init(
        root: String,
        mountPoint: String,
        propagation: [String] = [],
        type: String,
        source: String = "none",
        superOptions: [String] = []
    ) {
        self.root = root
        self.mountPoint = mountPoint
        self.propagation = propagation
        self.type = type
        self.source = source
        self.superOptions = superOptions
    }

    package var isShared: Bool { propagation.contains { $0.hasPrefix("shared:") } }
}

/// The mounts that a process sees.
package enum MountTable {
    /// Reads the caller's mount table.
    package static func current() throws(SysError) -> [MountEntry] {
        parse(try Files.read("/proc/self/mountinfo"))
    }

    /// Reads the text of a mountinfo file; lines that are not understood are left out.
    package static func parse(_ text: [UInt8]) -> [MountEntry] {
        var entries: [MountEntry] = []
        var fields: [ArraySlice<UInt8>] = []
        var start = 0
        // Each byte once: every container is made with a look at this table, which on a busy node is long.
        for index in 0...text.count {
            let byte = index < text.count ? text[index] : 0x0A
            guard byte == 0x20 || byte == 0x0A else { continue }
            if index > start { fields.append(text[start..<index]) }
            start = index + 1
            guard byte == 0x0A else { continue }
            if let entry = entry(fields) { entries.append(entry) }
            fields.removeAll(keepingCapacity: true)
        }
        return entries
    }

    private static func entry(_ fields: [ArraySlice<UInt8>]) -> MountEntry? {
        guard fields.count >= 10, let dash = fields[6...].firstIndex(where: { $0.count == 1 && $0.first == 0x2D }),
            fields.count > dash + 3
        else { return nil }
        return MountEntry(
            root: unescape(fields[3]),
            mountPoint: unescape(fields[4]),
            propagation: fields[6..<dash].map { String(decoding: $0, as: UTF8.self) },
            type: String(decoding: fields[dash + 1], as: UTF8.self),
            source: unescape(fields[dash + 2]),
            superOptions: fields[dash + 3].split(separator: 0x2C).map { String(decoding: $0, as: UTF8.self) }
        )
    }

    /// The mount that holds `path` (absolute, without links): the deepest one, and of those the last mounted.
    package static func holding(_ path: String, in entries: [MountEntry]) -> MountEntry? {
        var best: MountEntry?
        for entry in entries {
            let point = entry.mountPoint
            let holds = point == "/" || path == point || path.hasPrefix(point + "/")
            if holds, point.utf8.count >= best?.mountPoint.utf8.count ?? 0 { best = entry }
        }
        return best
    }

    /// One mount of each cgroup hierarchy: the one that shows most of it, and of those the first.
    ///
    /// A hierarchy may be mounted elsewhere, too, such as in the root directory of a container or a chroot: read-only, and
    /// from a cgroup of its own downwards. Nobody else's cgroups are to be made or sought there.
    package static func cgroups(in entries: [MountEntry]) -> [MountEntry] {
        var chosen: [MountEntry] = []
        for entry in entries where entry.type == "cgroup" || entry.type == "cgroup2" {
            // Mounts of one file system have its options in common.
            let same = chosen.firstIndex { $0.type == entry.type && $0.superOptions == entry.superOptions }
            guard let same else {
                chosen.append(entry)
                continue
            }
            if PathText.parts(entry.root).count < PathText.parts(chosen[same].root).count { chosen[same] = entry }
        }
        return chosen
    }

    // Space, tab, newline and backslash are written as "\040" and so on.
    private static func unescape(_ field: ArraySlice<UInt8>) -> String {
        guard field.contains(0x5C) else { return String(decoding: field, as: UTF8.self) }
        var bytes: [UInt8] = []
        var index = field.startIndex
        while index < field.endIndex {
            let digits = field[index...].dropFirst().prefix(3)
            if field[index] == 0x5C, digits.count == 3, digits.allSatisfy({ (0x30...0x37).contains($0) }) {
                bytes.append(UInt8(truncatingIfNeeded: digits.reduce(0) { $0 * 8 + Int($1 - 0x30) }))
                index += 4
            } else {
                bytes.append(field[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
