package import OCI

/// "uid" or "uid:gid" of a command line: numbers only, for names belong to whoever reads the image's files.
package enum UserArgument {
    /// - Parameter before: Who it would be otherwise; a group that is not named stays.
    package static func parse(_ text: String, _ before: RuntimeSpec.User?) throws(RuntimeError) -> RuntimeSpec.User {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw refusal("user", text, "use uid or uid:gid") }
        var user = before ?? RuntimeSpec.User(uid: 0, gid: 0)
        user.uid = try identifier(String(parts[0]), "user")
        if parts.count == 2 { user.gid = try identifier(String(parts[1]), "group") }
        return user
    }

    /// - Parameter kind: "user" or "group", for the error.
    package static func identifier(_ text: String, _ kind: String) throws(RuntimeError) -> UInt32 {
        // UInt32 would accept "+1"; the all-ones id means "leave as it is" to the kernel.
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt32(text), number != .max else {
            throw refusal("\(kind) id", text, "a number from 0 to 4294967294 is needed")
        }
        return number
    }

    private static func refusal(_ what: String, _ text: String, _ why: String) -> RuntimeError {
        RuntimeError(.invalid, step: "exec", cause: "invalid \(what) \"\(text)\": \(why)")
    }
}
