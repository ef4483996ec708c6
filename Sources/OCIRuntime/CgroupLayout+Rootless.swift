import Linux

extension CgroupLayout {
    /// The part of a layout in which the caller may make directories, and the directories of the rest.
    ///
    /// For a caller that is not the machine's root: where nobody delegated a cgroup to it, the container stays in the
    /// caller's own cgroup, without limits.
    func delegated() -> (layout: CgroupLayout, missing: [String]) {
        let (kept, missing) = (trees.filter { Self.isWritable($0.path) }, trees.filter { !Self.isWritable($0.path) })
        return (CgroupLayout(mode: mode, trees: kept), missing.map(\.path))
    }

    /// True if the directory, or the next one above it that exists, can be written to.
    private static func isWritable(_ path: String) -> Bool {
        var place = path
        while !Files.exists(place), let slash = place.lastIndex(of: "/"), slash != place.startIndex {
            place = String(place[..<slash])
        }
        return Files.isWritable(place)
    }
}
