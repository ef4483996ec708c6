import CLinux

/// A network device by name.
package enum NetworkDevice {
    /// Moves a device of the caller's network namespace into another one, with its permanent addresses, and sets it up.
    ///
    /// - Parameters:
    ///   - namespace: A descriptor of the network namespace.
    ///   - newName: What it is called there; at most 15 bytes.
    /// - Throws: ENODEV if there is none, EEXIST if the name is taken there.
    package static func move(_ name: String, to namespace: Int32, as newName: String) throws(SysError) {
        try swl("rtnetlink", "\(name) -> \(newName)") { unsafe swl_move_network_device(name, namespace, newName) }
    }
}
