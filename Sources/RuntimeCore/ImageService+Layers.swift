import Images

extension ImageService {
    /// Removes writable layers of containers that are neither known nor have a bundle: an agent that was killed while it
    /// removed a container may leave one.
    ///
    /// Only keys that are ids of containers count: 64 hexadecimal digits. Others are somebody else's.
    func removeUnknownLayers(known: Set<String>) async throws -> (removed: [String], failed: [String: String]) {
        try await pool.run { [snapshots] in
            var removed: [String] = []
            var failed: [String: String] = [:]
            for info in try snapshots.list() where info.kind == .active && !known.contains(info.name) {
                guard info.name.utf8.count == 64, info.name.allSatisfy(\.isHexDigit) else { continue }
                do {
                    try snapshots.remove(key: info.name)
                    removed.append(info.name)
                } catch {
                    failed[info.name] = "\(error)"
                }
            }
            return (removed, failed)
        }
    }
}
