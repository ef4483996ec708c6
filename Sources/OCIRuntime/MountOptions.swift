package import Linux

/// The options of one entry of `mounts`, sorted by what they mean to the kernel.
package struct MountOptions: Hashable, Sendable {
    package var set: MountAttributes = []
    package var clear: MountAttributes = []
    package var setAll: MountAttributes = []
    package var clearAll: MountAttributes = []
    package var bind = false
    package var recursive = false
    package var propagation: MountPropagation?
    package var copiesUp = false
    package var idMap: Depth?
    /// For the file system.
    package var data: [String] = []

    /// Whether the mounts below are id-mapped too.
    package enum Depth: Hashable, Sendable { case topmost, recursive }

    package init() {}

    private enum Meaning {
        case set(MountAttributes)
        case clear(MountAttributes)
        /// How access times are kept: the value replaces the three bits.
        case accessTime(MountAttributes)
    }

    private static let attributes: [(name: String, meaning: Meaning)] = [
        ("ro", .set(.readOnly)), ("rw", .clear(.readOnly)),
        ("nosuid", .set(.noSetuid)), ("suid", .clear(.noSetuid)),
        ("nodev", .set(.noDevices)), ("dev", .clear(.noDevices)),
        ("noexec", .set(.noExecute)), ("exec", .clear(.noExecute)),
        ("nodiratime", .set(.noDirectoryAccessTime)), ("diratime", .clear(.noDirectoryAccessTime)),
        ("nosymfollow", .set(.noSymlinkFollow)), ("symfollow", .clear(.noSymlinkFollow)),
        ("relatime", .accessTime([])), ("norelatime", .accessTime([])),
        ("noatime", .accessTime(.noAccessTime)), ("atime", .accessTime([])),
        ("strictatime", .accessTime(.strictAccessTime)), ("nostrictatime", .accessTime([])),
    ]

    private static func meaning(of name: some StringProtocol) -> Meaning? {
        attributes.first { $0.name == name }?.meaning
    }

    /// Options of every file system, which the kernel understands by these names.
    private static let forFileSystems = ["async", "dirsync", "lazytime", "mand", "nolazytime", "nomand", "sync"]

    /// The names that are understood here, for `features`; all others go to the file system.
    package static var known: [String] {
        let plain = attributes.map(\.name)
        let kinds = ["shared", "slave", "private", "unbindable"]
        return
            (plain + plain.map { "r" + $0 } + kinds + kinds.map { "r" + $0 }
            + ["bind", "rbind", "defaults", "remount", "tmpcopyup", "idmap", "ridmap"] + forFileSystems).sorted()
    }

    /// Reads the options in order; a later one overrides an earlier one.
    package init(_ list: [String]) {
        for option in list {
            if let meaning = Self.meaning(of: option) {
                Self.apply(meaning, set: &set, clear: &clear)
                continue
            }
            if option.hasPrefix("r"), let meaning = Self.meaning(of: option.dropFirst()) {
                Self.apply(meaning, set: &setAll, clear: &clearAll)
                continue
            }
            if let kind = MountPropagation.named(option) {
                propagation = kind
                continue
            }
            switch option {
            case "bind": bind = true
            case "rbind": (bind, recursive) = (true, true)
            case "tmpcopyup": copiesUp = true
            case "idmap": idMap = .topmost
            case "ridmap": idMap = .recursive
            // Of mount(8) alone, or about another kind of mount call.
            case "", "defaults", "remount", "silent", "loud", "nofail", "auto", "noauto", "user", "nouser",
                "users", "nousers", "owner", "noowner", "group", "nogroup", "_netdev", "iversion", "noiversion", "acl",
                "noacl":
                break
            case let text where text.hasPrefix("x-"): break
            default: data += Self.parts(option)
            }
        }
    }

    /// mount(2) takes all options of a file system as one text and parts it at commas; fsconfig(2) takes one at a time.
    ///
    /// Not in quotation marks, as of an SELinux context, nor behind a backslash, as in a directory's name of overlay.
    private static func parts(_ option: String) -> [String] {
        guard option.utf8.contains(0x2C) else { return [option] }
        var (parts, part, quoted, escaped) = ([String](), "", false, false)
        for character in option.unicodeScalars {
            if character == ",", !quoted, !escaped {
                parts.append(part)
                part = ""
                continue
            }
            escaped = character == "\\" && !escaped
            if character == "\"" { quoted.toggle() }
            part.unicodeScalars.append(character)
        }
        return (parts + [part]).filter { !$0.isEmpty }
    }

    private static func apply(_ meaning: Meaning, set: inout MountAttributes, clear: inout MountAttributes) {
        switch meaning {
        case .set(let bits):
            set.formUnion(bits)
            clear.subtract(bits)
        case .clear(let bits):
            set.subtract(bits)
            clear.formUnion(bits)
        case .accessTime(let bits):
            set.subtract(.accessTimeMask)
            set.formUnion(bits)
            clear.formUnion(.accessTimeMask)
        }
    }
}
