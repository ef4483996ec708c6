/// Makes a seccomp filter short without changing any of its answers.
///
/// libseccomp compares with every call number it was told of. Most answers depend on the number alone, and neighbours
/// mostly share them: a search among ranges of numbers needs a fifth of the instructions, and the kernel, which
/// checks and translates the filter at every start of a container, much less time. What looks at arguments is kept
/// as it is.
struct FilterFolding {
    /// What the filter does for some numbers.
    enum Outcome: Hashable {
        case answer(UInt32)
        /// Goes on at an instruction that looks at something else than architecture and number.
        case goesOn(at: Int)
    }

    /// The numbers from one to that of the next range.
    struct Range: Hashable {
        var first: UInt32
        var outcome: Outcome
    }

    /// A program that answers as `program` does; itself if it holds something that is not understood here.
    static func fold(_ program: [FilterInstruction]) -> [FilterInstruction] {
        guard let others = FilterFolding(following: program, on: nil) else { return program }
        var known: [(architecture: UInt32, ranges: [Range])] = []
        for architecture in others.named {
            guard let folding = FilterFolding(following: program, on: architecture) else { return program }
            known.append((architecture, folding.ranges))
        }
        var writer = FilterWriter(keeping: program, for: others.ranges + known.flatMap(\.ranges))
        var next = writer.search(others.ranges)
        for (architecture, ranges) in known.reversed() {
            let search = writer.search(ranges)
            next = writer.branch(FilterInstruction.jumpIfEqual, architecture, search, next)
        }
        _ = writer.load(FilterInstruction.architectureOffset, before: next)
        return writer.program.count < program.count ? writer.program : program
    }

    private let program: [FilterInstruction]
    /// nil: one that the program is not told of.
    private let architecture: UInt32?
    /// Those that the program compares others with.
    private var named: [UInt32] = []
    /// In the order of numbers, no two neighbours alike.
    private var ranges: [Range] = []

    private init?(following program: [FilterInstruction], on architecture: UInt32?) {
        self.program = program
        self.architecture = architecture
        guard follow(0, holding: nil, 0...UInt32.max) else { return nil }
        let found = ranges.sorted { $0.first < $1.first }
        ranges = []
        for range in found where range.outcome != ranges.last?.outcome { ranges.append(range) }
    }

    /// Follows the program for a range of numbers, which is split where the program compares with one inside.
    ///
    /// - Parameter offset: What was loaded last.
    /// - Returns: False for a program that is not understood.
    private mutating func follow(_ start: Int, holding offset: UInt32?, _ numbers: ClosedRange<UInt32>) -> Bool {
        var (index, offset) = (start, offset)
        while program.indices.contains(index) {
            let instruction = program[index]
            let whenTrue = index + 1 + Int(instruction.whenTrue)
            let whenFalse = index + 1 + Int(instruction.whenFalse)
            switch instruction.code {
            case FilterInstruction.load:
                offset = instruction.value
                guard offset == FilterInstruction.callOffset || offset == FilterInstruction.architectureOffset else {
                    ranges.append(Range(first: numbers.lowerBound, outcome: .goesOn(at: index)))
                    return true
                }
                index += 1
            case FilterInstruction.answer:
                ranges.append(Range(first: numbers.lowerBound, outcome: .answer(instruction.value)))
                return true
            case FilterInstruction.jump:
                index += 1 + Int(instruction.value)
            case FilterInstruction.jumpIfEqual where offset == FilterInstruction.architectureOffset:
                if architecture == nil, !named.contains(instruction.value) { named.append(instruction.value) }
                index = architecture == instruction.value ? whenTrue : whenFalse
            case FilterInstruction.jumpIfEqual where offset == FilterInstruction.callOffset:
                let number = instruction.value
                guard numbers.contains(number) else {
                    index = whenFalse
                    continue
                }
                let (below, above) = (number > numbers.lowerBound, number < numbers.upperBound)
                return follow(whenTrue, holding: offset, number...number)
                    && (!below || follow(whenFalse, holding: offset, numbers.lowerBound...(number - 1)))
                    && (!above || follow(whenFalse, holding: offset, (number + 1)...numbers.upperBound))
            case FilterInstruction.jumpIfGreater where offset == FilterInstruction.callOffset,
                FilterInstruction.jumpIfAtLeast where offset == FilterInstruction.callOffset:
                // The last number for which it is false; none for "at least 0".
                let excludes = instruction.code == FilterInstruction.jumpIfAtLeast
                guard !excludes || instruction.value > 0 else {
                    index = whenTrue
                    continue
                }
                let last = excludes ? instruction.value - 1 : instruction.value
                if numbers.upperBound <= last {
                    index = whenFalse
                } else if numbers.lowerBound > last {
                    index = whenTrue
                } else {
                    return follow(whenFalse, holding: offset, numbers.lowerBound...last)
                        && follow(whenTrue, holding: offset, (last + 1)...numbers.upperBound)
                }
            default:
                return false
            }
        }
        return false
    }
}
