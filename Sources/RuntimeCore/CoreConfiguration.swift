/// Where the core keeps things and which programs it starts.
package struct CoreConfiguration: Hashable, Sendable {
    /// Data that survives a reboot: `content/`, `snapshots/`.
    package var root: String
    /// State of this boot: bundles, sockets.
    package var state: String
    /// The absolute path of `containerd-shim-swiftlet-v1`.
    package var shim: String

    package init(root: String, state: String, shim: String) {
        self.root = root
        self.state = state
        self.shim = shim
    }

    /// Where shims forward their events; by containerd's rule the address given to shims plus ".ttrpc".
    var eventsSocket: String { address + ".ttrpc" }
    /// The address that shims are told.
    var address: String { state + "/swiftlet.sock" }
    /// Where shims put their sockets; short, because socket paths hold 107 bytes at most.
    var shimSockets: String { state + "/s" }

    /// The directory of a sandbox's or container's bundle.
    func bundle(namespace: String, id: String) -> String { "\(state)/runtime/\(namespace)/\(id)" }
}
