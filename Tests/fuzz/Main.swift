// Fuzzes the parsers that are written by hand.
//
// Built with libFuzzer (`make fuzz`), the library's own main calls `LLVMFuzzerTestOneInput` with what its coverage leads
// it to. Built plainly, this main repeats files, or mutates the seeds blindly for a number of seconds.
import Glibc
import Linux

#if DEBUG
/// The target, from SWIFTLET_FUZZ; without it all of them share each input.
private let chosen: [FuzzTarget] = {
    guard let name = unsafe getenv("SWIFTLET_FUZZ").map({ unsafe String(cString: $0) }), !name.isEmpty else {
        return FuzzTarget.all
    }
    let found = FuzzTarget.all.filter { $0.name == name }
    precondition(!found.isEmpty, "SWIFTLET_FUZZ is none of \(FuzzTarget.all.map(\.name))")
    return found
}()

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
    for target in chosen { target.body(input) }
    return 0
}
#endif

#if !SWIFTLET_LIBFUZZER
@main enum Main {
    static func main() {
        #if DEBUG
        let words = CommandLine.arguments.dropFirst()
        do {
            switch words.first {
            case "list": print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
            case "replay": for path in words.dropFirst() { try replay(path) }
            case "mutate" where words.count == 4:
                try mutate(seeds: words[2], seconds: Int(words[3]) ?? 1, seed: UInt64(words[4]) ?? 1)
            default:
                print("fuzz list | replay FILE... | mutate SEEDS SECONDS SEED; SWIFTLET_FUZZ chooses a target")
                exit(2)
            }
        } catch {
            print("fuzz: \(error)")
            exit(1)
        }
        #else
        print("fuzz needs a debug build")
        exit(2)
        #endif
    }

    #if DEBUG
    private static func replay(_ path: String) throws {
        let bytes = try Files.read(path)
        for target in chosen { target.body(bytes) }
    }

    /// Mutates the files of SEEDS/TARGET for each target in turn.
    private static func mutate(seeds: String, seconds: Int, seed: UInt64) throws {
        let share = max(1, UInt64(seconds) * 1_000_000_000 / UInt64(chosen.count))
        for target in chosen {
            var random = Random(state: seed)
            let directory = seeds + "/" + target.name
            var inputs: [[UInt8]] = [[]]
            // A target without seeds starts from nothing.
            for name in (try? Files.list(directory)) ?? [] { inputs.append(try Files.read(directory + "/" + name)) }
            let start = now()
            var rounds = 0
            while now() - start < share {
                let input = Mutation.of(inputs, &random)
                // Kept where a crash leaves it: what was tried last is what crashed.
                try? Files.write(seeds + "/last-input", input, mode: 0o644)
                target.body(input)
                rounds += 1
            }
            print("\(target.name): \(rounds) inputs")
        }
        _ = unsafe unlink(seeds + "/last-input")
    }

    private static func now() -> UInt64 {
        var moment = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &moment)
        return UInt64(moment.tv_sec) * 1_000_000_000 + UInt64(moment.tv_nsec)
    }
    #endif
}
#endif
