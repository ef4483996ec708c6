/// Rules for the names of containers, checked before any path is built from one.
package enum ContainerID {
    /// Accepts letters, digits, `_ + - .`, at most 1024 of them, and neither "." nor "..".
    package static func check(_ id: String) throws(RuntimeError) {
        func refuse(_ why: String) -> RuntimeError {
            let shown = id.utf8.count > 64 ? String(id.prefix(61)) + "..." : id
            return RuntimeError(
                .invalid,
                step: "container id",
                subject: "\"\(shown)\"",
                cause: "invalid container id format: \(why)",
                hint: "use letters, digits, '_', '+', '-' and '.'"
            )
        }
        if id.isEmpty { throw refuse("it is empty") }
        if id.utf8.count > 1024 { throw refuse("it is longer than 1024 bytes") }
        for byte in id.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                continue
            default: throw refuse("a character is not allowed")
            }
        }
        // A leading dot is kept for the runtime's own directories.
        if id.hasPrefix(".") { throw refuse("it starts with a dot") }
    }
}
