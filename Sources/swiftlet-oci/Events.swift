import JSON
import Linux
import OCIRuntime

/// `events`: figures and out-of-memory events, one JSON object a line.
enum Events {
    static func run(_ arguments: Arguments, _ container: Container) throws -> Int32 {
        let interval = try milliseconds(arguments.text("interval") ?? "5s")
        guard let process = try container.running() else {
            throw RuntimeError(
                .wrongState,
                step: "events",
                subject: container.id,
                cause: "container with id \(container.id) is not running"
            )
        }
        if arguments.has("stats") {
            print("stats", container, .object(container.cgroup.statistics()))
            return 0
        }
        var memory = try watch(container)
        var next = MonotonicClock.milliseconds
        while true {
            let now = MonotonicClock.milliseconds
            if now >= next {
                print("stats", container, .object(container.cgroup.statistics()))
                next += interval
                continue
            }
            let waits = BlockingWait.Event(
                readable: process.descriptor.raw,
                other: memory?.raw ?? -1,
                otherIsPriority: memory?.interest == .priority
            )
            let ready = try BlockingWait.until(waits, milliseconds: Int32(clamping: next - now))
            if ready.other, memory?.hasKilled() == true { print("oom", container, nil) }
            if ready.first { return 0 }
        }
    }

    private static func watch(_ container: Container) throws -> OutOfMemoryEvents? {
        switch container.oomSource {
        case .eventControl(let directory): try OutOfMemoryEvents(eventControlOf: directory)
        case .memoryEvents(let file) where Files.exists(file): try OutOfMemoryEvents(memoryEvents: file)
        default: nil
        }
    }

    private static func print(_ type: String, _ container: Container, _ data: JSONValue?) {
        var record: JSONObject = ["type": .string(type), "id": .string(container.id)]
        if let data { record["data"] = data }
        StandardStreams.output(JSONValue.object(record).text() + "\n")
    }

    /// "5s", "500ms", "1m30s": as Go writes durations.
    static func milliseconds(_ text: String) throws(UsageError) -> Int64 {
        let wrong = UsageError(description: "invalid duration \"\(text)\" for --interval: write 5s or 500ms")
        var rest = text[...]
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            let units = ["ms": 1.0, "s": 1000, "m": 60_000, "h": 3_600_000]
            guard let value = Double(digits), let factor = units[String(unit)] else { throw wrong }
            total += value * factor
        }
        guard total >= 1, total < 1e12 else {
            throw UsageError(description: "duration interval must be greater than 0")
        }
        return Int64(total)
    }
}
