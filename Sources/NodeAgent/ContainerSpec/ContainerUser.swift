import KubernetesAPI
import OCI

/// Who a container's first process is.
package struct ContainerUser: Hashable, Sendable {
    package var uid: UInt32
    package var gid: UInt32
    package var additionalGroups: [UInt32]

    package init(uid: UInt32, gid: UInt32, additionalGroups: [UInt32] = []) {
        self.uid = uid
        self.gid = gid
        self.additionalGroups = additionalGroups
    }
}

/// Finds out who, from the pod, the image and the image's /etc/passwd and /etc/group (image-spec config.md "User").
enum UserResolution {
    /// - Parameters:
    ///   - file: Reads a file of the image; nil if there is none.
    static func resolve(
        pod: Pod,
        container: Container,
        image: ImageConfig,
        file: (String) throws(ContainerConfigError) -> String?
    ) throws(ContainerConfigError) -> ContainerUser {
        let context = container.securityContext
        let podContext = pod.spec.securityContext
        let asked = context?.runAsUser ?? podContext?.runAsUser
        let askedGroup = context?.runAsGroup ?? podContext?.runAsGroup
        let fromImage = image.config?.user ?? ""
        var text = fromImage
        if let asked { text = try number(asked, "runAsUser").description }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let name = parts.first ?? ""

        let mustBeOther = (context?.runAsNonRoot ?? podContext?.runAsNonRoot) == true
        if mustBeOther, asked == nil, !name.isEmpty, !isNumber(name) {
            throw ContainerConfigError(
                "container has runAsNonRoot and image has non-numeric user (\(name)), cannot verify user is non-root"
            )
        }
        let passwd = PasswordFile.users(try file("/etc/passwd") ?? "")
        let groups = PasswordFile.groups(try file("/etc/group") ?? "")
        var user = ContainerUser(uid: 0, gid: 0)
        var login: PasswordFile.User?
        if name.isEmpty || isNumber(name) {
            if !name.isEmpty { user.uid = try parse(name, "user \(text)") }
            login = passwd.first { $0.uid == user.uid }
        } else {
            guard let found = passwd.first(where: { $0.name == name }) else {
                throw ContainerConfigError(
                    "unable to find user \(name): no matching entries in passwd file of image \(container.image)"
                )
            }
            user.uid = try number(Int64(found.uid), "user \(text)")
            login = found
        }
        user.gid = login?.gid ?? 0
        if asked == nil, parts.count == 2, !parts[1].isEmpty {
            user.gid = try group(parts[1], in: groups, image: container.image)
        }
        user.gid = try number(Int64(user.gid), "group of user \(text)")
        if let askedGroup { user.gid = try number(askedGroup, "runAsGroup") }

        if mustBeOther, user.uid == 0 {
            throw ContainerConfigError(
                asked == nil
                    ? "container has runAsNonRoot and image will run as root"
                    : "container's runAsUser breaks non-root policy"
            )
        }

        // The primary group is named again: without it a process that clears its supplementary groups would be let into
        // files that exclude the group (CVE-2022-36109, CVE-2023-25173).
        var additional = [user.gid]
        if podContext?.supplementalGroupsPolicy != "Strict", let login {
            additional += groups.filter { $0.members.contains(login.name) }.map(\.gid)
        }
        for value in podContext?.supplementalGroups ?? [] { additional.append(try number(value, "supplementalGroups")) }
        if let fsGroup = podContext?.fsGroup { additional.append(try number(fsGroup, "fsGroup")) }
        var seen: Set<UInt32> = []
        user.additionalGroups = additional.filter { seen.insert($0).inserted }
        return user
    }

    private static func group(
        _ text: String,
        in groups: [PasswordFile.Group],
        image: String
    ) throws(ContainerConfigError) -> UInt32 {
        if isNumber(text) { return try parse(text, "group \(text)") }
        guard let found = groups.first(where: { $0.name == text }) else {
            throw ContainerConfigError(
                "unable to find group \(text): no matching entries in group file of image \(image)"
            )
        }
        return found.gid
    }

    private static func isNumber(_ text: String) -> Bool { text.utf8.allSatisfy { (0x30...0x39).contains($0) } }

    /// Ids are 0 ... 2^31 - 1, as Kubernetes and the distributions' tools have it (CVE-2024-40635).
    private static func parse(_ text: String, _ what: String) throws(ContainerConfigError) -> UInt32 {
        guard let value = Int64(text) else { throw ContainerConfigError("\(what) is not a valid id") }
        return try number(value, what)
    }

    private static func number(_ value: Int64, _ what: String) throws(ContainerConfigError) -> UInt32 {
        guard value >= 0, value <= Int64(Int32.max) else {
            throw ContainerConfigError("\(what): \(value) is outside of 0 to 2147483647")
        }
        return UInt32(value)
    }
}

/// The lines of passwd(5) and group(5) that make sense; others are skipped.
enum PasswordFile {
    struct User: Hashable {
        var name: String
        var uid: UInt32
        var gid: UInt32
    }

    struct Group: Hashable {
        var name: String
        var gid: UInt32
        var members: [String]
    }

    static func users(_ text: String) -> [User] {
        fields(text).compactMap { fields in
            guard fields.count >= 4, let uid = UInt32(fields[2]), let gid = UInt32(fields[3]) else { return nil }
            return User(name: fields[0], uid: uid, gid: gid)
        }
    }

    static func groups(_ text: String) -> [Group] {
        fields(text).compactMap { fields in
            guard fields.count >= 3, let gid = UInt32(fields[2]) else { return nil }
            let members = fields.count > 3 ? fields[3].split(separator: ",").map(String.init) : []
            return Group(name: fields[0], gid: gid, members: members)
        }
    }

    private static func fields(_ text: String) -> [[String]] {
        text.split(separator: "\n").map { line in
            line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }
    }
}
