// Measures the event log alone: CPU and bytes per durable event, by size of the commit; CPU per delivery, by number of
// watchers; the time to open a store after a kill. Rates depend on the machine and its disk; CPU and bytes hardly do.
//
//     event-log-bench [DIRECTORY] [EVENTS]

import EventLog
import Glibc
import Linux
import Synchronization

/// Processor time of the whole process so far, in microseconds.
func processorTime() -> Double {
    var usage = rusage()
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let user = Double(usage.ru_utime.tv_sec) * 1e6 + Double(usage.ru_utime.tv_usec)
    return user + Double(usage.ru_stime.tv_sec) * 1e6 + Double(usage.ru_stime.tv_usec)
}

func now() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1000
}

/// A number with one digit after the point, right-aligned.
func column(_ value: Double, _ width: Int = 12) -> String {
    let text = "\(Int(value)).\(Int((value * 10).rounded(.down)) % 10)"
    return String(repeating: " ", count: max(0, width - text.count)) + text
}

let pods = ResourceKey(group: "", version: "v1", plural: "pods")
let head = Array(#"{"apiVersion":"v1","kind":"Pod","metadata":{"resourceVersion":""#.utf8)
let image = AfterImage(
    bytes: head + Array((#"","annotations":{"x":""# + String(repeating: "y", count: 900) + #""}}}"#).utf8),
    resourceVersionOffset: head.count
)
let data = Array(#"{"container":"main","reason":"Started","attempt":1}"#.utf8)

func update(_ number: Int) -> Proposal {
    Proposal(
        stream: StreamRef(resource: pods, namespace: "default", name: "pod-\(number % 500)"),
        uid: UID(high: 1, low: UInt64(number % 500)),
        expected: .any,
        facts: [NewFact(type: "ContainerStarted", data: data, after: image)],
        actor: "system:reconciler"
    )
}

/// Submits `count` proposals at once and waits for the last one.
func submit(_ store: EventStore, from number: Int, count: Int) async {
    await withCheckedContinuation { continuation in
        let left = Mutex(count)
        for index in 0..<count {
            store.submit(update(number + index)) { _ in
                let isLast = left.withLock { left in
                    left -= 1
                    return left == 0
                }
                if isLast { continuation.resume() }
            }
        }
    }
}

let directory = CommandLine.arguments.count > 1 ? CommandLine.arguments[1] : "/tmp/swiftlet-event-log-bench.\(getpid())"
let total = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 20_000 : 20_000
try Files.removeTree(directory)

print("one event: \(image.bytes.count) bytes of object, \(data.count) bytes of fact; 500 objects")
print("commit of   events/s    CPU us/event  WAL bytes/event")
for batch in [1, 8, 64, 512] {
    let path = directory + "/batch-\(batch)"
    let store = try EventStore.open(directory: path)
    await submit(store, from: 0, count: 500)
    let before = store.statistics
    let events = batch == 1 ? min(total, 2000) : total
    let (cpu, wall) = (processorTime(), now())
    var done = 0
    while done < events {
        await submit(store, from: done, count: batch)
        done += batch
    }
    let (cpuUsed, wallUsed) = (processorTime() - cpu, now() - wall)
    let after = store.statistics
    let count = Double(after.events - before.events)
    let bytes = Double(after.walBytesWritten - before.walBytesWritten)
    let size = "\(Int(count) / max(1, Int(after.commits - before.commits)))"
    print(size.count < 9 ? String(repeating: " ", count: 9 - size.count) + size : size, terminator: "")
    print(column(count / wallUsed * 1e6), column(cpuUsed / count, 15), column(bytes / count, 16))
    await store.close()
}

print("\nwatchers    CPU us/delivery")
for watchers in [1, 100, 10_000] {
    let store = try EventStore.open(directory: directory + "/watch-\(watchers)")
    let rounds = watchers == 10_000 ? 20 : 500
    let cpu = processorTime()
    try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<watchers {
            group.addTask {
                let cursor = try await store.watch(after: 0, resource: pods)
                while cursor.position < rounds { _ = try await cursor.next(max: 100) }
            }
        }
        for number in 0..<rounds { _ = try await store.append(update(number)) }
        try await group.waitForAll()
    }
    let used = processorTime() - cpu
    print(
        String(repeating: " ", count: 8 - "\(watchers)".count) + "\(watchers)",
        column(used / Double(watchers * rounds))
    )
    await store.close()
}

let grown = try EventStore.open(directory: directory + "/batch-512")
let events = grown.head
await grown.close()
let (cpu, wall) = (processorTime(), now())
let opened = try EventStore.open(directory: directory + "/batch-512")
print(
    "\nopening a store of \(events) events: \(column(now() - wall, 0)) us, \(column(processorTime() - cpu, 0)) us of CPU"
)
await opened.close()
try Files.removeTree(directory)
