/// Writes a seccomp filter from its end to its beginning, because jumps lead forwards only.
///
/// Places are counted from the end: they stay what they are while more comes in front.
struct FilterWriter {
    /// A conditional jump reaches this far, less the two long jumps that may come between.
    private static let reach = 253

    private var reversed: [FilterInstruction] = []
    private var places: [FilterFolding.Outcome: Int] = [:]

    var program: [FilterInstruction] { reversed.reversed() }

    /// Begins with what of `program` is reachable by the outcomes that go on there.
    init(keeping program: [FilterInstruction], for ranges: [FilterFolding.Range]) {
        var kept = Set<Int>()
        var open: [Int] = []
        for case .goesOn(let index) in ranges.map(\.outcome) { open.append(index) }
        while let index = open.popLast() {
            if kept.insert(index).inserted { open += program[index].successors(of: index) }
        }
        for index in kept.sorted(by: >) {
            var instruction = program[index]
            let targets = instruction.successors(of: index).map { places[.goesOn(at: $0)].map(distance) ?? 0 }
            if instruction.isConditional {
                // Never further than they were.
                instruction.whenTrue = UInt8(targets[0])
                instruction.whenFalse = UInt8(targets[1])
            } else if instruction.code == FilterInstruction.jump {
                instruction.value = UInt32(targets[0])
            }
            places[.goesOn(at: index)] = append(instruction)
        }
    }

    /// A search for the number of the call among ranges.
    mutating func search(_ ranges: [FilterFolding.Range]) -> Int {
        let tree = tree(ranges[...])
        return ranges.count > 1 ? load(FilterInstruction.callOffset, before: tree) : tree
    }

    private mutating func tree(_ ranges: ArraySlice<FilterFolding.Range>) -> Int {
        guard ranges.count > 1 else { return place(of: ranges[ranges.startIndex].outcome) }
        let middle = ranges.startIndex + ranges.count / 2
        let upper = tree(ranges[middle...])
        let lower = tree(ranges[..<middle])
        return branch(FilterInstruction.jumpIfAtLeast, ranges[middle].first, upper, lower)
    }

    private mutating func place(of outcome: FilterFolding.Outcome) -> Int {
        if let place = places[outcome], distance(place) < Self.reach { return place }
        let place =
            switch outcome {
            case .answer(let value): append(FilterInstruction(FilterInstruction.answer, value))
            // Kept from the beginning.
            case .goesOn: jump(to: places[outcome] ?? 0)
            }
        places[outcome] = place
        return place
    }

    /// A comparison of what is loaded.
    mutating func branch(_ code: UInt16, _ value: UInt32, _ whenTrue: Int, _ whenFalse: Int) -> Int {
        let (whenTrue, whenFalse) = (near(whenTrue), near(whenFalse))
        return append(
            FilterInstruction(code, value, true: UInt8(distance(whenTrue)), false: UInt8(distance(whenFalse)))
        )
    }

    /// A load right before the instruction that is for what was loaded.
    mutating func load(_ offset: UInt32, before place: Int) -> Int {
        if distance(place) > 0 { _ = jump(to: place) }
        return append(FilterInstruction(FilterInstruction.load, offset))
    }

    private mutating func near(_ place: Int) -> Int { distance(place) < Self.reach ? place : jump(to: place) }

    private mutating func jump(to place: Int) -> Int {
        append(FilterInstruction(FilterInstruction.jump, UInt32(distance(place))))
    }

    private mutating func append(_ instruction: FilterInstruction) -> Int {
        reversed.append(instruction)
        return reversed.count - 1
    }

    /// How many instructions the next one has to jump over.
    private func distance(_ place: Int) -> Int { reversed.count - place - 1 }
}
