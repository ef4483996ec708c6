import Glibc

/// Where a command writes: answers to `output`, everything else to `errors`.
package final class Console {
    /// The other end of standard output went away (`| head`): not an error, but there is nothing left to do.
    package struct Closed: Error {}

    private let write: (_ bytes: [UInt8], _ isError: Bool) throws -> Void
    /// True if a person watches standard error, so that a line may be redrawn.
    package let showsProgress: Bool
    private var progressWidth = 0
    private var progressLines = 0

    package init(showsProgress: Bool = false, write: @escaping (_ bytes: [UInt8], _ isError: Bool) throws -> Void) {
        self.showsProgress = showsProgress
        self.write = write
    }

    /// The process's own.
    package static func standard() -> Console {
        signal(SIGPIPE, SIG_IGN)
        return Console(showsProgress: isatty(2) == 1) { bytes, isError in
            var offset = 0
            while offset < bytes.count {
                let count = unsafe bytes.withUnsafeBytes { buffer in
                    unsafe Glibc.write(isError ? 2 : 1, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
                }
                if count < 0 {
                    if errno == EINTR { continue }
                    if isError { return }
                    throw Self.failure(of: "standard output", errno)
                }
                offset += count
            }
        }
    }

    /// What a failed write means: nobody reads any more, or the answer got lost (a full disk).
    static func failure(of stream: String, _ code: Int32) -> any Error {
        code == EPIPE ? Closed() : ClientFailure.failed("\(stream): \(unsafe String(cString: strerror(code)))")
    }

    /// Writes bytes of the answer as they are.
    package func output(_ bytes: [UInt8]) throws { try write(bytes, false) }

    /// Writes a line of the answer.
    package func line(_ text: String) throws { try write(Array((text + "\n").utf8), false) }

    /// Writes a line beside the answer: a warning, a hint, an error.
    package func note(_ text: String) {
        clearProgress()
        emit(text + "\n")
    }

    /// Redraws the line of progress; without a person watching nothing is written.
    package func progress(_ text: String) {
        guard showsProgress else { return }
        emit("\r" + text + String(repeating: " ", count: max(0, progressWidth - text.count)))
        progressWidth = text.count
    }

    /// Redraws several lines of progress; without a person watching nothing is written.
    package func progress(_ lines: [String]) {
        guard showsProgress else { return }
        let width = max(20, Console.size().columns)
        var text = progressLines > 0 ? "\u{1B}[\(progressLines)A\r\u{1B}[J" : ""
        for line in lines { text += String(line.prefix(width - 1)) + "\n" }
        progressLines = lines.count
        emit(text)
    }

    /// Leaves the lines of progress as they are; what is written next comes below them.
    package func keepProgress() { progressLines = 0 }

    /// The terminal's size; 80 by 24 if it does not tell.
    package static func size() -> (columns: Int, rows: Int) {
        var size = winsize()
        guard unsafe ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Takes the line of progress away.
    package func clearProgress() {
        if progressLines > 0 { progress([]) }
        guard progressWidth > 0 else { return }
        emit("\r" + String(repeating: " ", count: progressWidth) + "\r")
        progressWidth = 0
    }

    private func emit(_ text: String) {
        // Nobody can be told that standard error is gone.
        try? write(Array(text.utf8), true)
    }
}
