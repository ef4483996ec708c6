import CLinux

/// Kinds of namespaces (namespaces(7)).
package struct NamespaceFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Written out: the standard library's is generic, and finds out about this type when it runs.
    package init(arrayLiteral elements: NamespaceFlags...) {
        rawValue = elements.reduce(0) { $0 | $1.rawValue }
    }

    package static let mount = NamespaceFlags(rawValue: UInt64(SWL_CLONE_NEWNS))
    package static let uts = NamespaceFlags(rawValue: UInt64(SWL_CLONE_NEWUTS))
    package static let ipc = NamespaceFlags(rawValue: UInt64(SWL_CLONE_NEWIPC))
    package static let network = NamespaceFlags(rawValue: UInt64(SWL_CLONE_NEWNET))
    package static let pid = NamespaceFlags(rawValue: UInt64(SWL_CLONE_NEWPID))
    package static let user = NamespaceFlags(rawValue: UInt64(SWL_CLONE_NEWUSER))
    package static let cgroup = NamespaceFlags(rawValue: UInt64(SWL_CLONE_NEWCGROUP))
    package static let time = NamespaceFlags(rawValue: UInt64(SWL_CLONE_NEWTIME))
}
