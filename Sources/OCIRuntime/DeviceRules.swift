package import OCI

/// Which device nodes a container may use: everything is denied, then the configuration's rules apply in order, then the
/// few devices that every container has.
package struct DeviceRules: Hashable, Sendable {
    package struct Rule: Hashable, Sendable {
        package var allow: Bool
        /// "a", "c" or "b".
        package var type: Character
        /// nil: every number.
        package var major: Int64?
        package var minor: Int64?
        package var access: String

        package init(allow: Bool, type: Character, major: Int64?, minor: Int64?, access: String) {
            self.allow = allow
            self.type = type
            self.major = major
            self.minor = minor
            self.access = access
        }

        var matchesAll: Bool { type == "a" }

        /// "c 1:3 rwm", as devices.allow of version 1 takes it.
        package var text: String {
            if matchesAll { return "a" }
            return "\(type) \(major.map(String.init) ?? "*"):\(minor.map(String.init) ?? "*") \(access)"
        }
    }

    /// In the order of application, after an initial "deny everything".
    package let rules: [Rule]

    /// Nothing is denied in the end.
    package var allowsEverything: Bool {
        guard let last = rules.lastIndex(where: { $0.matchesAll }) else { return false }
        return rules[last].allow && rules[last...].allSatisfy { $0.allow }
    }

    package init(_ configured: [RuntimeSpec.DeviceRule]) throws(RuntimeError) {
        var rules: [Rule] = []
        for rule in configured {
            let type: Character
            switch rule.type ?? "a" {
            case "a", "": type = "a"
            case "c", "u": type = "c"
            case "b": type = "b"
            default:
                throw RuntimeError(
                    .invalid,
                    step: "device rule",
                    subject: rule.type ?? "",
                    cause: "the type must be a, b or c"
                )
            }
            let access = rule.access.flatMap { $0.isEmpty ? nil : $0 } ?? "rwm"
            guard access.allSatisfy({ "rwm".contains($0) }) else {
                throw RuntimeError(
                    .invalid,
                    step: "device rule",
                    subject: access,
                    cause: "the access must be of r, w and m"
                )
            }
            func number(_ value: Int64?) throws(RuntimeError) -> Int64? {
                guard let value, value != -1 else { return nil }
                if UInt32(exactly: value) == nil {
                    throw RuntimeError(
                        .invalid,
                        step: "device rule",
                        subject: "number \(value)",
                        cause: "it is no device number (-1 means all)"
                    )
                }
                return value
            }
            // A rule for all types covers all numbers and kinds of access: the kernel knows no other.
            let all = type == "a"
            rules.append(
                Rule(
                    allow: rule.allow,
                    type: type,
                    major: all ? nil : try number(rule.major),
                    minor: all ? nil : try number(rule.minor),
                    access: all ? "rwm" : access
                )
            )
        }
        self.rules = rules + Self.always
    }

    private static let always: [Rule] = {
        var rules = [
            Rule(allow: true, type: "c", major: nil, minor: nil, access: "m"),
            Rule(allow: true, type: "b", major: nil, minor: nil, access: "m"),
            Rule(allow: true, type: "c", major: 136, minor: nil, access: "rwm"),
        ]
        let numbers: [(Int64, Int64)] = [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2)]
        for (major, minor) in numbers {
            rules.append(Rule(allow: true, type: "c", major: major, minor: minor, access: "rwm"))
        }
        return rules
    }()

    /// Writes for a version 1 hierarchy; empty if everything stays allowed, as it is in a new cgroup.
    package var v1: [CgroupWrite] {
        if allowsEverything { return [] }
        // What denies everything first does what is done anyway.
        let rest = rules.drop { $0.matchesAll && !$0.allow }
        return [CgroupWrite("devices", "devices.deny", "a")]
            + rest.map { CgroupWrite("devices", $0.allow ? "devices.allow" : "devices.deny", $0.text) }
    }
}
