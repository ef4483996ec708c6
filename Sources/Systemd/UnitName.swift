/// Names of units, and where slices are in the cgroup tree (systemd.slice(5)).
package enum UnitName {
    /// The path of a slice below the root of the hierarchy: "a-b.slice" is "/a.slice/a-b.slice", "-.slice" is "".
    ///
    /// - Returns: nil for what is no name of a slice.
    package static func path(ofSlice name: String) -> String? {
        guard name.hasSuffix(".slice"), !name.contains("/"), name.utf8.count <= 255 else { return nil }
        let stem = name.dropLast(".slice".count)
        if stem == "-" { return "" }
        let parts = stem.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty }), stem.utf8.allSatisfy(isValid) else { return nil }
        var path = ""
        for count in 1...parts.count { path += "/" + parts[..<count].joined(separator: "-") + ".slice" }
        return path
    }

    /// True for what systemd takes as the name of a unit.
    package static func isUnit(_ name: String) -> Bool {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex, name.utf8.count <= 255 else { return false }
        return ["scope", "slice"].contains(name[name.index(after: dot)...]) && name.utf8.allSatisfy(isValid)
    }

    private static func isValid(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: ":-_.\\@".utf8.contains(byte)
        }
    }
}
