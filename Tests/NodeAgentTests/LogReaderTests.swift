import Glibc
import KubernetesAPI
import Linux
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Reading a container's log")
struct LogReaderTests {
    private static func entry(_ second: Int, _ text: String, tag: String = "F", stream: String = "stdout") -> String {
        "2026-01-31T12:00:\(second < 10 ? "0" : "")\(second).500000000Z \(stream) \(tag) \(text)\n"
    }

    private static let three = entry(1, "one") + entry(2, "two", stream: "stderr") + entry(3, "three")

    private func put(_ text: String, _ path: String) throws { try Files.write(path, Array(text.utf8), mode: 0o600) }

    private func add(_ text: String, _ path: String) throws {
        let file = try Descriptor.open(path, O_WRONLY | O_APPEND)
        try Files.writeAll(file.raw, Array(text.utf8), subject: path)
    }

    /// Everything that a reader gives until it gives nothing.
    private func read(_ text: String, _ change: (inout LogOptions) -> Void = { _ in }) throws -> String {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/0.log"
        try put(text, path)
        var options = LogOptions()
        change(&options)
        var reader = try LogReader(path: path, options: options)
        return String(decoding: try Self.drain(&reader), as: UTF8.self)
    }

    private static func drain(_ reader: inout LogReader) throws -> [UInt8] {
        var all: [UInt8] = []
        while case let piece = try reader.next(), !piece.isEmpty { all += piece }
        return all
    }

    @Test("all of it, without times and streams")
    func all() throws {
        #expect(try read(Self.three) == "one\ntwo\nthree\n")
        #expect(try read("") == "")
    }

    @Test(
        "the last N lines",
        arguments: [(0, ""), (1, "three\n"), (2, "two\nthree\n"), (3, "one\ntwo\nthree\n"), (9, "one\ntwo\nthree\n")]
    )
    func tail(lines: Int, expected: String) throws {
        #expect(try read(Self.three) { $0.tailLines = lines } == expected)
    }

    @Test("a line in several entries is one line, also for tailLines")
    func partialLines() throws {
        let log =
            Self.entry(1, "first") + Self.entry(2, "a", tag: "P") + Self.entry(3, "b", tag: "P") + Self.entry(4, "c")
        #expect(try read(log) == "first\nabc\n")
        #expect(try read(log) { $0.tailLines = 1 } == "abc\n")
        #expect(try read(log) { $0.tailLines = 2 } == "first\nabc\n")
        #expect(try read(log + Self.entry(5, "begun", tag: "P")) { $0.tailLines = 1 } == "begun")
        #expect(try read(log + Self.entry(5, "begun", tag: "P")) { $0.tailLines = 2 } == "abc\nbegun")
    }

    @Test("the last lines of a log of many pages are found")
    func manyPages() throws {
        var log = ""
        for number in 0..<20_000 { log += Self.entry(number % 60, "line \(number)") }
        let expected = (15_000..<20_000).map { "line \($0)\n" }.joined()
        #expect(try read(log) { $0.tailLines = 5000 } == expected)
        #expect(try read(log) { $0.tailLines = 20_001 }.hasPrefix("line 0\n"))
        #expect(try read(log).hasSuffix("line 19999\n"))
    }

    @Test("an entry longer than a page is one entry")
    func longEntry() throws {
        let long = String(repeating: "x", count: 700_000)
        let log = Self.entry(1, "before") + Self.entry(2, long) + Self.entry(3, "after")
        #expect(try read(log) == "before\n\(long)\nafter\n")
        #expect(try read(log) { $0.tailLines = 2 } == "\(long)\nafter\n")
    }

    @Test("times are printed once a line")
    func timestamps() throws {
        let log = Self.entry(1, "a", tag: "P") + Self.entry(2, "b") + Self.entry(3, "c")
        let found = try read(log) { $0.timestamps = true }
        #expect(found == "2026-01-31T12:00:01.500000000Z ab\n2026-01-31T12:00:03.500000000Z c\n")
    }

    @Test("one stream only")
    func streams() throws {
        #expect(try read(Self.three) { $0.stream = "stderr" } == "two\n")
        #expect(try read(Self.three) { $0.stream = "stdout" } == "one\nthree\n")
    }

    @Test("since a second includes all of that second")
    func since() throws {
        let time = try #require(Time(parsing: "2026-01-31T12:00:02Z"))
        #expect(try read(Self.three) { $0.since = time } == "two\nthree\n")
        let later = try #require(Time(parsing: "2026-01-31T12:00:04Z"))
        #expect(try read(Self.three) { $0.since = later } == "")
    }

    @Test("what is filtered out does not hide what comes behind it, however much it is")
    func filteredPages() throws {
        var log = ""
        for number in 0..<10_000 { log += Self.entry(1, "noise \(number)", stream: "stderr") }
        log += Self.entry(2, "signal")
        #expect(try read(log) { $0.stream = "stdout" } == "signal\n")
    }

    @Test(
        "limitBytes counts bytes of the answer",
        arguments: [(0, ""), (1, "o"), (4, "one\n"), (6, "one\ntw"), (99, "one\ntwo\nthree\n")]
    )
    func limit(bytes: Int, expected: String) throws {
        #expect(try read(Self.three) { $0.limitBytes = bytes } == expected)
    }

    @Test("bytes that are no text come out as they went in")
    func binary() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/0.log"
        let text: [UInt8] = [0xFF, 0x00, 0xCC, 0x81, 0x0D]
        try Files.write(path, Array("2026-01-31T12:00:01.000000000Z stdout F ".utf8) + text + [0x0A], mode: 0o600)
        var reader = try LogReader(path: path, options: LogOptions())
        #expect(try Self.drain(&reader) == text + [0x0A])
    }

    @Test("a text that begins with a combining character, with blanks, or is empty is kept")
    func blanks() throws {
        #expect(
            try read(Self.entry(1, "\u{301}a b  c ") + Self.entry(2, "") + Self.entry(3, " "))
                == "\u{301}a b  c \n\n \n"
        )
    }

    @Test("a growing file is followed; half an entry waits for its end")
    func growing() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/0.log"
        try put(Self.entry(1, "one"), path)
        var reader = try LogReader(path: path, options: LogOptions())
        #expect(try reader.next() == Array("one\n".utf8))
        #expect(try reader.next() == [])
        let second = Self.entry(2, "two")
        try add(String(second.prefix(40)), path)
        #expect(try reader.next() == [])
        try add(String(second.dropFirst(40)), path)
        #expect(try reader.next() == Array("two\n".utf8))
    }

    @Test("a rotated file is read to its end, then the new one from its beginning")
    func rotation() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/0.log"
        try put(Self.entry(1, "one"), path)
        var reader = try LogReader(path: path, options: LogOptions())
        #expect(try reader.next() == Array("one\n".utf8))
        // Between two readings: more in the old file, then the renaming, then more in the new one.
        try add(Self.entry(2, "two"), path)
        #expect(unsafe rename(path, path + ".1") == 0)
        try put(Self.entry(3, "three"), path)
        #expect(String(decoding: try Self.drain(&reader), as: UTF8.self) == "two\nthree\n")
        try add(Self.entry(4, "four"), path)
        #expect(try reader.next() == Array("four\n".utf8))
    }

    @Test("what the old file got after the reader has seen its end is not lost by the rotation")
    func lateRotation() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/0.log"
        try put("", path)
        var reader = try LogReader(path: path, options: LogOptions())
        #expect(try reader.next() == [])
        try add(Self.entry(1, "late"), path)
        #expect(unsafe rename(path, path + ".1") == 0)
        try put("", path)
        #expect(try reader.next() == Array("late\n".utf8))
        #expect(try reader.next() == [])
    }

    @Test("several rotations between two readings lose nothing, and files that were removed meanwhile are still read")
    func manyRotations() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/0.log"
        try put(Self.entry(1, "one"), path)
        var reader = try LogReader(path: path, options: LogOptions())
        #expect(try reader.next() == Array("one\n".utf8))
        for number in 2...4 {
            #expect(unsafe rename(path, path + ".20260131-12000\(number)") == 0)
            try put(Self.entry(number, "number \(number)"), path)
        }
        #expect(try reader.next() == Array("number 2\n".utf8))
        for number in 2...4 { #expect(unsafe unlink(path + ".20260131-12000\(number)") == 0) }
        #expect(String(decoding: try Self.drain(&reader), as: UTF8.self) == "number 3\nnumber 4\n")
    }

    @Test("a log is all of its files, also for tailLines")
    func allFiles() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/0.log"
        try put(Self.entry(1, "one") + Self.entry(2, "two"), path + ".20260131-120002")
        try put(Self.entry(3, "three"), path + ".20260131-120003")
        try put(Self.entry(4, "four"), path)
        for (lines, expected) in [
            (nil, "one\ntwo\nthree\nfour\n"), (1, "four\n"), (2, "three\nfour\n"), (3, "two\nthree\nfour\n"),
            (9, "one\ntwo\nthree\nfour\n"),
        ] as [(Int?, String)] {
            var options = LogOptions()
            options.tailLines = lines
            var reader = try LogReader(path: path, options: options)
            #expect(String(decoding: try Self.drain(&reader), as: UTF8.self) == expected)
        }
    }

    @Test("as JSON, a line in several entries is one object, and what is no UTF-8 is replaced")
    func json() throws {
        let log = Self.entry(1, "a", tag: "P") + Self.entry(2, "b\"") + Self.entry(3, "c", stream: "stderr")
        #expect(
            try read(log) { $0.asJSON = true }
                == "{\"time\":\"2026-01-31T12:00:02.500000000Z\",\"stream\":\"stdout\",\"log\":\"ab\\\"\"}\n"
                + "{\"time\":\"2026-01-31T12:00:03.500000000Z\",\"stream\":\"stderr\",\"log\":\"c\"}\n"
        )
    }

    @Test("a log that is removed while it is read just ends")
    func removed() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/0.log"
        try put(Self.three, path)
        var reader = try LogReader(path: path, options: LogOptions())
        _ = try Self.drain(&reader)
        #expect(unsafe unlink(path) == 0)
        #expect(try reader.next() == [])
    }

    @Test("a log that is not there is an error with its path")
    func missing() {
        let error = #expect(throws: SysError.self) {
            _ = try LogReader(path: "/nonexistent/0.log", options: LogOptions())
        }
        #expect(error?.description.contains("/nonexistent/0.log") == true)
    }
}

@Suite("Entries and tails of log files")
struct LogFileTests {
    private func entry(_ line: String) -> LogFile.Entry? { LogFile.Entry(Array(line.utf8)[...]) }

    @Test("an entry has a time, a stream, a tag and a text")
    func parts() throws {
        let found = try #require(entry("2026-01-31T12:00:01.500000000Z stderr P some text "))
        #expect(found.time == "2026-01-31T12:00:01.500000000Z")
        #expect(found.stream == "stderr")
        #expect(found.isPartial)
        #expect(Array(found.text) == Array("some text ".utf8))
        #expect(entry("T stdout F")?.text.isEmpty == true)
        #expect(entry("T stdout P:tag x")?.isPartial == true)
        #expect(entry("T stdout F:tag x")?.isPartial == false)
    }

    @Test(
        "what is not in CRI format is no entry",
        arguments: ["", "text", "T stdout", "T stdin F x", "{\"log\":1}", "T stdout X x"]
    )
    func others(line: String) { #expect(entry(line) == nil) }

    @Test("the tail for a termination message has at most so many lines and bytes")
    func tail() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/0.log"
        let log = (1...100).map { "2026-01-31T12:00:01.500000000Z stdout F line \($0)\n" }.joined()
        try Files.write(path, Array(log.utf8), mode: 0o600)
        #expect(try LogFile.tail(path, lines: 2, limit: 2048) == "line 99\nline 100\n")
        #expect(try LogFile.tail(path, lines: 80, limit: 9) == "line 100\n")
        #expect(try LogFile.tail(path, lines: 80, limit: 2048).split(separator: "\n").count == 80)
        #expect(try LogFile.tail(directory.path + "/1.log", lines: 2, limit: 10) == "")
    }
}
