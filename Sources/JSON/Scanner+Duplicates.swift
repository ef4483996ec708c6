extension Scanner {
    /// Marks keys that occur again. Few keys are compared with each other, and only when some might be equal; many go
    /// through a table with a random seed, so that no text makes this quadratic.
    mutating func findDuplicates(in frame: Frame, _ text: Span<UInt8>) throws(JSONError) {
        let end = nodes.count
        guard frame.count > 32 else {
            if mayRepeatKeys(from: frame.container + 1, to: end) {
                try compareKeys(from: frame.container + 1, to: end, text)
            }
            return
        }
        var seen: [[UInt8]: Int] = [:]
        seen.reserveCapacity(Int(frame.count))
        var key = frame.container + 1
        while key < end {
            if let earlier = seen.updateValue(key, forKey: keyBytes(key, text)) {
                try markDuplicate(earlier, key, text)
            }
            key = Int(nodes[key].next)
        }
    }

    /// Whether two keys may be equal, as far as two sets of 64 bits can tell.
    private func mayRepeatKeys(from first: Int, to end: Int) -> Bool {
        var seen: UInt64 = 0
        var otherSeen: UInt64 = 0
        var key = first
        while key < end {
            let node = nodes[key]
            if seen & node.sketch.bit != 0, otherSeen & node.sketch.otherBit != 0 { return true }
            seen |= node.sketch.bit
            otherSeen |= node.sketch.otherBit
            key = Int(node.next)
        }
        return false
    }

    private mutating func compareKeys(from first: Int, to end: Int, _ text: Span<UInt8>) throws(JSONError) {
        var later = first
        while later < end {
            var earlier = first
            while earlier < later {
                if !nodes[earlier].flags.contains(.shadowed), sameKey(earlier, later, text) {
                    try markDuplicate(earlier, later, text)
                }
                earlier = Int(nodes[earlier].next)
            }
            later = Int(nodes[later].next)
        }
    }

    private mutating func markDuplicate(_ earlier: Int, _ later: Int, _ text: Span<UInt8>) throws(JSONError) {
        // With three equal keys the pairs (1,2) and (2,3) come here.
        if !nodes[earlier].flags.contains(.again) { nodes[later].flags.insert(.repeated) }
        nodes[earlier].flags.insert(.shadowed)
        nodes[later].flags.insert(.again)
        guard limits.duplicateKeys == .reject else { return }
        let name = String(decoding: keyBytes(later, text), as: UTF8.self)
        throw failure(.duplicateField(name), at: Int(nodes[later].start) - 1, text)
    }

    private func sameKey(_ left: Int, _ right: Int, _ text: Span<UInt8>) -> Bool {
        let (a, b) = (nodes[left], nodes[right])
        guard a.sketch == b.sketch else { return false }
        if a.flags.contains(.escaped) || b.flags.contains(.escaped) {
            return keyBytes(left, text) == keyBytes(right, text)
        }
        return text.extracting(Int(a.start)..<Int(a.end)).elementsEqual(text.extracting(Int(b.start)..<Int(b.end)))
    }

    func keyBytes(_ index: Int, _ text: Span<UInt8>) -> [UInt8] {
        let node = nodes[index]
        let raw = (Int(node.start)..<Int(node.end)).map { text[$0] }
        return node.flags.contains(.escaped) ? Unescaping.bytes(raw[...]) : raw
    }
}
