import Facts
import Synchronization

/// Turns running totals of CPU time into how busy something is, from one sample to the next.
final class CPURates: Sendable {
    private struct Sample {
        var at: Microseconds
        var total: UInt64
        var rate: UInt64?
    }

    /// Samples closer together than this say too little: the rate of before is told again.
    private static let shortest: Microseconds = 100_000

    private let samples = Mutex<[String: Sample]>([:])

    var hasSamples: Bool { samples.withLock { !$0.isEmpty } }

    /// Takes a sample of CPU nanoseconds and returns nanoseconds of CPU per second, nil for the first sample.
    func rate(of key: String, total: UInt64, at now: Microseconds) -> UInt64? {
        samples.withLock { samples in
            guard let last = samples[key], total >= last.total, now > last.at else {
                samples[key] = Sample(at: now, total: total)
                return nil
            }
            guard now - last.at >= Self.shortest else { return last.rate }
            let rate = UInt64(Double(total - last.total) * 1_000_000 / Double(now - last.at))
            samples[key] = Sample(at: now, total: total, rate: rate)
            return rate
        }
    }

    /// Forgets what is not among the keys: containers that are gone.
    func keep(_ keys: Set<String>) { samples.withLock { $0 = $0.filter { keys.contains($0.key) } } }
}
