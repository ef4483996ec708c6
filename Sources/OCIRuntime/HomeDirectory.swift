import Linux

/// HOME for a process whose environment has none, from the container's own /etc/passwd.
enum HomeDirectory {
    /// - Parameter root: The container's root directory as a path of the host; nothing outside it is read.
    static func find(uid: UInt32, root: String) -> String {
        // Whatever is wrong with the file, the program can still run.
        guard let bytes = try? passwd(root) else { return "/" }
        return home(uid: uid, passwd: bytes)
    }

    /// "name:password:uid:gid:comment:home:shell"
    static func home(uid: UInt32, passwd: [UInt8]) -> String {
        let wanted = Array(String(uid).utf8)[...]
        for line in passwd.split(separator: 0x0A) {
            let fields = line.split(separator: 0x3A, omittingEmptySubsequences: false)
            if fields.count >= 6, fields[2] == wanted, !fields[5].isEmpty, !fields[5].contains(0) {
                return String(decoding: fields[5], as: UTF8.self)
            }
        }
        return "/"
    }

    private static func passwd(_ root: String) throws(SysError) -> [UInt8] {
        let directory = try Descriptor.open(root, PathResolution.pathOnly)
        let name = Array("etc/passwd".utf8)
        guard let file = try PathResolution.openFile(below: directory.raw, name, rules: .inRoot) else { return [] }
        return try Files.readAll(file.raw, subject: "etc/passwd", limit: 1 << 20)
    }

    /// The environment, with HOME added if it is missing or empty.
    static func complete(_ environment: [String], uid: UInt32, root: String) -> [String] {
        if let given = environment.last(where: { $0.hasPrefix("HOME=") }), given != "HOME=" { return environment }
        return environment.filter { !$0.hasPrefix("HOME=") } + ["HOME=" + find(uid: uid, root: root)]
    }
}
