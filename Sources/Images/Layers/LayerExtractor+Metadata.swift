import Glibc
import Linux

/// What is hidden, and what objects look like: whiteouts, owners, modes, attributes.
extension LayerExtractor {
    // MARK: Whiteouts

    func makeWhiteout(_ path: EntryPath) throws(LayerTree.Obstacle) {
        // In a layer that nothing lies below, or where nothing has that name, there is nothing to hide.
        let hides = try system { () throws(SysError) in
            if !tree.parents.exist { return false }
            return try tree.parents.find(path.bytes) != nil
        }
        guard hides else { return }
        let directory = try tree.directory(path.parent)
        try system { () throws(SysError) in
            let name = try PathResolution.cPath(path.name)
            if unsafe mknodat(directory, name, S_IFCHR, 0) == 0 { return }
            let failure = Errno.current
            guard failure == .exists else { throw SysError(call: "mknod", subject: "", errno: failure) }
            // This layer has something of its own under the name, which hides a lower file; a directory must not merge.
            var status = stat()
            try sys("fstatat", "") { unsafe fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) }
            if status.st_mode & S_IFMT == S_IFDIR {
                let own = try tree.open(name, in: directory)
                try tree.makeOpaque(own.raw)
            }
        }
    }

    func makeOpaque(_ path: ArraySlice<UInt8>) throws(LayerTree.Obstacle) {
        if !tree.parents.exist { return }
        let directory = try tree.directory(path)
        try system { () throws(SysError) in try tree.makeOpaque(directory) }
    }

    // MARK: Metadata

    func describeRoot(_ entry: TarEntry) throws(LayerTree.Obstacle) {
        guard entry.kind == .directory else {
            throw .refused(.malformed(what: label, reason: "its root is not a directory"))
        }
        if let reason = EntryRefusal.reason(entry) { throw .refused(impossible(entry, reason)) }
        try describe(entry, tree.root.raw)
        describesRoot = true
        tree.setLater(entry.modified, ofDirectory: [])
    }

    /// Sets owner, mode and attributes of an open file or directory.
    func describe(_ entry: TarEntry, _ descriptor: Int32) throws(LayerTree.Obstacle) {
        let owner = LayerExtractor.owner(entry)
        try system { () throws(SysError) in
            try sys("fchown", "") { fchown(descriptor, owner.uid, owner.gid) }
            try sys("fchmod", "") { fchmod(descriptor, entry.mode) }
        }
        for attribute in entry.attributes where !Overlay.owns(attribute.name) {
            try setAttribute(attribute, of: entry) { () throws(SysError) in
                try ExtendedAttributes.set(attribute.name, to: attribute.value, of: descriptor, subject: entry.name)
            }
        }
    }

    func setAttributes(_ entry: TarEntry, ofPathOnly descriptor: Int32) throws(LayerTree.Obstacle) {
        for attribute in entry.attributes where !Overlay.owns(attribute.name) {
            try setAttribute(attribute, of: entry) { () throws(SysError) in
                try ExtendedAttributes.set(
                    attribute.name,
                    to: attribute.value,
                    ofPathOnly: descriptor,
                    subject: entry.name
                )
            }
        }
    }

    /// Forgives a file system that cannot keep an attribute, but never for file capabilities: a program that lost them
    /// would fail later and for no visible reason.
    private func setAttribute(
        _ attribute: TarEntry.Attribute,
        of entry: TarEntry,
        _ body: () throws(SysError) -> Void
    ) throws(LayerTree.Obstacle) {
        do {
            try body()
        } catch {
            let forgivable = error.errno == .notSupported || error.errno == .notPermitted
            if forgivable, !attribute.name.elementsEqual("security.capability".utf8) { return }
            if let reason = EntryRefusal.reason(attribute, error.errno, hasRoom: tree.hasRoom) {
                throw .refused(impossible(entry, reason))
            }
            throw .system(error)
        }
    }

    /// The owner of an entry that `EntryRefusal` has nothing against.
    static func owner(_ entry: TarEntry) -> (uid: uid_t, gid: gid_t) {
        (uid_t(truncatingIfNeeded: entry.uid), gid_t(truncatingIfNeeded: entry.gid))
    }

    /// An entry that can be made on no machine.
    func impossible(_ entry: TarEntry, _ reason: String) -> ImageError {
        .malformed(what: label, reason: "\"\(entry.name)\" \(reason)")
    }
}
