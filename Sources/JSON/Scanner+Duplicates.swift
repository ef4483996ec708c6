extension Scanner {
    /// Marks keys that occur again. Few keys are compared with each other, and only when some might be equal; many go
    /// through a table with a random seed, so that no text makes this quadratic.
    mutating func findDuplicates(in frame: Frame, _ text: Span<UInt8>) throws(JSONError) {
        let end = nodes.count
        guard frame.count > 32 else {
            if mayRepeatKeys(from: frame.container + 1, to: end, text) {
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

    /// Whether two keys share a length and an ending, as far as 64 bits can tell.
    private func mayRepeatKeys(from first: Int, to end: Int, _ text: Span<UInt8>) -> Bool {
        var seen: UInt64 = 0
        var key = first
        while key < end {
            let node = nodes[key]
            let length = Int(node.end - node.start)
            if node.flags.contains(.escaped) || length == 0 { return true }
            let last = Int(text[Int(node.end) - 1])
            let middle = Int(text[Int(node.start) + length / 2])
            let bit: UInt64 = 1 << UInt64(truncatingIfNeeded: (length &* 7 &+ last &* 5 &+ middle &* 11) & 63)
            if seen & bit != 0 { return true }
            seen |= bit
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
        if a.flags.contains(.escaped) || b.flags.contains(.escaped) {
            return keyBytes(left, text) == keyBytes(right, text)
        }
        let length = Int(a.end - a.start)
        guard length == Int(b.end - b.start) else { return false }
        for offset in 0..<length where text[Int(a.start) + offset] != text[Int(b.start) + offset] { return false }
        return true
    }

    func keyBytes(_ index: Int, _ text: Span<UInt8>) -> [UInt8] {
        let node = nodes[index]
        let raw = (Int(node.start)..<Int(node.end)).map { text[$0] }
        return node.flags.contains(.escaped) ? Unescaping.bytes(raw[...]) : raw
    }
}
