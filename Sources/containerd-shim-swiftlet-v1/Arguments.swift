/// The command line of a shim v2 binary: Go's flags (one or two dashes), then the action.
struct Arguments: Equatable {
    enum Action: Equatable { case start, delete, serve, info, version }

    var namespace = ""
    /// The ttrpc address of containerd's event service is this plus ".ttrpc", unless TTRPC_ADDRESS says otherwise.
    var address = ""
    var publishBinary = ""
    var id = ""
    var bundle = ""
    /// The path of the listening socket (descriptor 3), so that it can be removed at the end.
    var socket = ""
    var debug = false
    var action = Action.serve

    init(_ words: [String]) throws(ShimError) {
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-") else {
                switch word {
                case "start": action = .start
                case "delete": action = .delete
                default: throw ShimError("unknown action \"\(word)\": use start, delete, or none to serve")
                }
                continue
            }
            let text = word.drop { $0 == "-" }
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            switch name {
            case "debug": debug = parts.count == 1 || parts[1] == "true"
            case "info": action = .info
            case "v", "version": action = .version
            case "namespace", "address", "publish-binary", "id", "bundle", "socket":
                guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
                    throw ShimError("flag -\(name) needs a value")
                }
                set(name, value)
            default: throw ShimError("unknown flag \(word)")
            }
        }
        switch action {
        case .start, .delete, .serve:
            try Self.check("-id", id)
            try Self.check("-namespace", namespace)
        case .info, .version: break
        }
    }

    private mutating func set(_ name: String, _ value: String) {
        switch name {
        case "namespace": namespace = value
        case "address": address = value
        case "publish-binary": publishBinary = value
        case "id": id = value
        case "bundle": bundle = value
        default: socket = value
        }
    }

    /// Ids become parts of paths: nothing that could leave a directory.
    static func check(_ flag: String, _ value: String) throws(ShimError) {
        let allowed = value.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "+"):
                true
            default: false
            }
        }
        guard !value.isEmpty, value.utf8.count <= 1024, allowed, value != ".", value != ".." else {
            throw ShimError("\(flag) \"\(value)\": use 1 to 1024 letters, digits and any of _ - . +")
        }
    }
}

/// A failure of the shim itself, as one sentence.
struct ShimError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
