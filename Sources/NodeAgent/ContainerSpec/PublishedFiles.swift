import Glibc
import Linux

/// Puts a set of files into a directory so that readers see the old set or the new one, never a mixture: kubelet's layout.
///
/// The files are in a directory of their own, `..data` is a link to it, and each name that is seen is a link into `..data`.
enum PublishedFiles {
    /// - Parameter group: To whom the files belong beside root; its members may read them.
    static func publish(
        _ files: [String: ProjectedFiles.File],
        in directory: String,
        group: UInt32?
    ) throws(SysError) {
        try Files.makeDirectories(directory)
        try own(directory, mode: 0o755, group)
        let before = try Files.list(directory).filter { $0.hasPrefix("..") && $0 != data }
        let generation = ".." + String(UInt64.random(in: .min ... .max), radix: 16)
        let place = directory + "/" + generation
        try Files.makeDirectories(place)
        try own(place, mode: 0o755, group)
        for (path, file) in files.sorted(by: { $0.key < $1.key }) {
            var parent = place
            for part in path.split(separator: "/").dropLast() {
                parent += "/" + part
                try Files.makeDirectories(parent)
                try own(parent, mode: 0o755, group)
            }
            try Files.write("\(place)/\(path)", file.bytes, mode: 0o600)
            try own("\(place)/\(path)", mode: mode_t(file.mode) | (group == nil ? 0 : 0o440), group)
        }
        try link(generation, at: directory + "/" + data)
        let names = Set(files.keys.map { String($0.prefix { $0 != "/" }) })
        for name in names where !Files.exists("\(directory)/\(name)") {
            try link("\(data)/\(name)", at: "\(directory)/\(name)")
        }
        for name in try Files.list(directory) where !name.hasPrefix("..") && !names.contains(name) {
            try sys("unlink", "\(directory)/\(name)") { unsafe unlink("\(directory)/\(name)") }
        }
        for old in before { try Files.removeTree("\(directory)/\(old)") }
    }

    private static let data = "..data"

    private static func own(_ path: String, mode: mode_t, _ group: UInt32?) throws(SysError) {
        if let group { try Files.setGroup(path, group) }
        try Files.setMode(path, mode)
    }

    /// Makes or replaces a symbolic link in one step.
    private static func link(_ target: String, at path: String) throws(SysError) {
        let temporary = path + ".new"
        _ = unsafe unlink(temporary)  // what a crash has left
        try sys("symlink", temporary) { unsafe symlink(target, temporary) }
        try sys("rename", "\(temporary) -> \(path)") { unsafe rename(temporary, path) }
    }
}
