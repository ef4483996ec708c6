import EventLog
import Glibc
package import KubernetesAPI
package import Linux

/// What a client wants of a container's log (core/v1 PodLogOptions).
package struct LogOptions: Hashable, Sendable {
    package var container: String?
    package var follow = false
    package var previous = false
    package var timestamps = false
    package var tailLines: Int?
    package var limitBytes: Int?
    /// Entries before it are left out.
    package var since: Time?
    /// "stdout", "stderr" or nil for both.
    package var stream: String?

    package init() {}
}

/// One log file being read: entries as text, from wherever the last reading stopped. Follows a rotation by the shim.
///
/// Not Sendable: one reader owns it.
package struct LogReader: ~Copyable {
    private let path: String
    private let options: LogOptions
    private var file: Descriptor
    private var inode: UInt64
    /// The file that took the name of the one being read.
    private var successor: Descriptor?
    private let since: String?
    private var offset = 0
    private var rest: [UInt8] = []
    private var left: Int
    /// True while the next entry begins a new line of the container's.
    private var atLineStart = true

    /// Opens the log and, for `tailLines`, finds where the last lines begin.
    package init(path: String, options: LogOptions) throws(SysError) {
        let opened = try Descriptor.open(path, O_RDONLY)
        let number = try Files.inode(opened.raw, subject: path)
        let begin = try options.tailLines.map { (lines) throws(SysError) in
            try Self.start(ofLast: lines, opened.raw, path)
        }
        self.path = path
        self.options = options
        inode = number
        offset = begin ?? 0
        left = options.limitBytes ?? .max
        since = options.since.map { String($0.description.dropLast()) }
        file = opened
    }

    /// True when `limitBytes` is used up.
    package var isFull: Bool { left <= 0 }

    /// The text of what was written since the last call; empty only if nothing of it is wanted.
    package mutating func next() throws(SysError) -> [UInt8] {
        var text: [UInt8] = []
        // What is filtered out is no reason to stop: behind it may be something.
        while text.isEmpty, left > 0 {
            let bytes = try Files.read(file.raw, at: offset, count: 256 << 10, subject: path)
            if bytes.isEmpty {
                guard try takeOverRotated() else { break }
                continue
            }
            offset += bytes.count
            rest += bytes
            var start = rest.startIndex
            while left > 0, let newline = rest[start...].firstIndex(of: 0x0A) {
                append(rest[start..<newline], to: &text)
                start = newline + 1
            }
            rest.removeSubrange(..<start)
        }
        return text
    }

    private mutating func append(_ line: ArraySlice<UInt8>, to text: inout [UInt8]) {
        guard let entry = LogFile.Entry(line) else { return }
        if let stream = options.stream, entry.stream != stream { return }
        // Without the zone's letter the text of a second comes before all of its fractions.
        if let since, entry.time < since { return }
        var piece: [UInt8] = []
        if options.timestamps, atLineStart { piece += Array(entry.time.utf8) + [0x20] }
        piece += entry.text
        if !entry.isPartial { piece.append(0x0A) }
        atLineStart = !entry.isPartial
        if piece.count > left { piece.removeLast(piece.count - left) }
        left -= piece.count
        text += piece
    }

    /// The shim renames a full file and begins a new one under the old name. The old one is read to its end first: it
    /// may have grown between the last reading and the renaming, but not after it.
    private mutating func takeOverRotated() throws(SysError) -> Bool {
        if successor == nil {
            guard Files.exists(path) else { return false }
            let fresh = try Descriptor.open(path, O_RDONLY)
            let number = try Files.inode(fresh.raw, subject: path)
            guard number != inode else { return false }
            successor = .some(consume fresh)
            inode = number
            return true
        }
        guard let fresh = successor.take() else { return false }
        file = fresh
        offset = 0
        rest = []
        return true
    }

    /// The position of the entry with which the last `lines` lines begin, found from the end of the file. A line is what
    /// the container ended with a newline, in however many entries, and what it has begun.
    private static func start(ofLast lines: Int, _ raw: Int32, _ path: String) throws(SysError) -> Int {
        let size = try Files.size(raw, subject: path)
        if lines <= 0 { return size }
        var found = 0
        // Where the oldest entry that is wanted begins.
        var begin = size
        var end = size
        // The part of a page that belongs to an entry which begins in the page before.
        var carried: [UInt8] = []
        while end > 0 {
            let start = max(0, end - (64 << 10))
            let page = try Files.read(raw, at: start, count: end - start, subject: path) + carried
            var upper = page.count
            while true {
                // An entry lies between two newlines; the one at its end is part of it.
                let last = upper > 0 && page[upper - 1] == 0x0A ? upper - 1 : upper
                guard let newline = page[..<last].lastIndex(of: 0x0A) ?? (start == 0 ? -1 : nil) else { break }
                let entry = LogFile.Entry(page[(newline + 1)..<last])
                let endsLine = entry.map { !$0.isPartial } ?? true
                // The first entry seen is the newest: it is a line of its own even if it goes on.
                if endsLine || begin == size {
                    if found == lines { return begin }
                    found += 1
                }
                begin = start + newline + 1
                upper = newline + 1
                if upper == 0 { return begin }
            }
            carried = Array(page[..<upper])
            end = start
        }
        return 0
    }
}

extension Agent {
    /// Where the log of a container is: of the newest attempt, or of the one before it.
    ///
    /// - Throws: 404 for a pod or container that is not there, 400 if there is nothing to read yet; Kubernetes' words.
    package func logPath(namespace: String, pod name: String, options: LogOptions) throws(APIError) -> LogLocation {
        guard let object = store.object(PodStream.reference(namespace: namespace, name: name)) else {
            throw .notFound(resource: "pods", name: name)
        }
        let pod = try decode(Pod.self, object.bytes)
        let names =
            pod.spec.initContainers.map(\.name) + pod.spec.containers.map(\.name)
            + pod.spec.ephemeralContainers.map(\.name)
        let container: String
        if let asked = options.container, !asked.isEmpty {
            guard names.contains(asked) else { throw .badRequest("container \(asked) is not valid for pod \(name)") }
            container = asked
        } else if pod.spec.containers.count == 1, let only = pod.spec.containers.first {
            container = only.name
        } else {
            throw .badRequest(
                "a container name must be specified for pod \(name), choose one of: "
                    + "[\(pod.spec.containers.map(\.name).joined(separator: " "))]"
            )
        }
        let statuses =
            pod.status.initContainerStatuses + pod.status.containerStatuses + pod.status.ephemeralContainerStatuses
        let status = statuses.first { $0.name == container }
        var attempt = Int(status?.restartCount ?? 0)
        let path = { (attempt: Int) in
            self.directories.log(
                namespace: namespace,
                pod: name,
                uid: pod.metadata.uid,
                container: container,
                attempt: attempt
            )
        }
        if options.previous {
            attempt -= 1
            guard attempt >= 0, Files.exists(path(attempt)) else {
                throw .badRequest("previous terminated container \"\(container)\" in pod \"\(name)\" not found")
            }
        } else if !Files.exists(path(attempt)) {
            guard attempt > 0, Files.exists(path(attempt - 1)) else {
                let reason = status?.state.waiting?.reason ?? "ContainerCreating"
                throw .badRequest("container \"\(container)\" in pod \"\(name)\" is waiting to start: \(reason)")
            }
            attempt -= 1
        }
        return LogLocation(
            path: path(attempt),
            namespace: namespace,
            pod: name,
            podUID: pod.metadata.uid,
            container: container,
            attempt: attempt
        )
    }

    /// True while more may be written to a log: its container runs, or has not been seen to end.
    package func isGrowing(_ log: LogLocation) -> Bool {
        guard let object = store.object(PodStream.reference(namespace: log.namespace, name: log.pod)),
            object.uid.description == log.podUID,
            let pod = try? decode(Pod.self, object.bytes)  // unreadable: nothing to follow
        else { return false }
        let statuses =
            pod.status.initContainerStatuses + pod.status.containerStatuses + pod.status.ephemeralContainerStatuses
        guard let status = statuses.first(where: { $0.name == log.container }) else { return false }
        return Int(status.restartCount) == log.attempt && status.state.terminated == nil
            && status.state.waiting?.reason != "CrashLoopBackOff"
    }
}

/// Which log file belongs to which start of which container.
package struct LogLocation: Hashable, Sendable {
    package let path: String
    package let namespace: String
    package let pod: String
    package let podUID: String
    package let container: String
    package let attempt: Int
}
