// A small program for the kill -9 tests: it opens a store, writes with many tasks and watches with others, and tells on
// its standard output what was acknowledged and what was seen, one line at a time, until somebody kills it.
//
//     store-hammer DIRECTORY ROUND WATCH-AFTER [compact]
//
// "ack SEQ NAME": the creation of NAME was acknowledged as SEQ. "saw SEQ": the watch delivered SEQ. With `compact` all but
// every tenth object are deleted again ("del NAME"), and history is given up again and again; nothing is watched.

import EventLog
import Glibc

/// One write per line, so that a kill cuts at most the last one.
func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = unsafe write(1, bytes, bytes.count)
}

/// Keeps the newest two hundred events.
func giveUpHistory(_ store: EventStore) async throws {
    var retention = Retention()
    let node = StreamRef(resource: ResourceKey(group: "", version: "v1", plural: "nodes"), namespace: "", name: "n1")
    (retention.minimumAge, retention.maximumAge, retention.minimumEvents) = (0, 0, 200)
    while true {
        if let target = try await store.dueFloor(retention) {
            let isKnown = store.object(node) != nil
            _ = try await store.append(
                Proposal(
                    stream: node,
                    uid: isKnown ? nil : .random(),
                    expected: isKnown ? .exists : .absent,
                    facts: [NewFact(type: "HistoryCompacted", data: Array("{}".utf8), after: nil)],
                    actor: "system:hammer",
                    floor: target.seq
                )
            )
            say("floor \(target.seq)")
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}

let arguments = CommandLine.arguments
guard arguments.count >= 4, let round = Int(arguments[2]), let after = Seq(arguments[3]) else {
    say("usage: store-hammer DIRECTORY ROUND WATCH-AFTER")
    exit(64)
}

do {
    let pods = ResourceKey(group: "", version: "v1", plural: "pods")
    var options = StoreOptions()
    options.ballastBytes = 0
    options.walBytes = 1 << 20
    options.checkpointBytes = 512 << 10
    options.idleCheckpointBytes = 256 << 10
    let store = try EventStore.open(directory: arguments[1], options: options)
    say("open \(store.head)")
    if let reason = store.isReadOnly { say("read-only \(reason)") }
    try await withThrowingTaskGroup(of: Void.self) { group in
        let compacts = arguments.count > 4
        if compacts { group.addTask { try await giveUpHistory(store) } }
        group.addTask {
            if compacts { return }
            let cursor = try await store.watch(after: after)
            while true {
                for event in try await cursor.next(max: 100) { say("saw \(event.seq)") }
            }
        }
        for writer in 0..<16 {
            group.addTask {
                for number in 0... {
                    let name = "r\(round)-w\(writer)-\(number)"
                    let image = AfterImage(bytes: Array(#"{"name":"\#(name)"}"#.utf8), resourceVersionOffset: nil)
                    let created = try await store.append(
                        Proposal(
                            stream: StreamRef(resource: pods, namespace: "default", name: name),
                            uid: .random(),
                            expected: .absent,
                            facts: [NewFact(type: "PodCreated", data: Array("{}".utf8), after: image)],
                            actor: "system:hammer"
                        )
                    )
                    say("ack \(created.first) \(name)")
                    if compacts, number % 10 > 0 {
                        _ = try await store.append(
                            Proposal(
                                stream: StreamRef(resource: pods, namespace: "default", name: name),
                                expected: .exists,
                                facts: [
                                    NewFact(type: "PodRemoved", data: Array("{}".utf8), after: nil, deletesObject: true)
                                ],
                                actor: "system:hammer"
                            )
                        )
                        say("del \(name)")
                    }
                }
            }
        }
        try await group.waitForAll()
    }
} catch {
    say("failed \(error)")
    exit(1)
}
