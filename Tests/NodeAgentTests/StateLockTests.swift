import Linux
import TestSupport
import Testing

@testable import NodeAgent

struct StateLockTests {
    @Test("a second agent is kept out of a state directory, with the pid of the first, and let in afterwards")
    func exclusive() throws {
        let directory = try TemporaryDirectory()
        do {
            let held = try StateLock(directory: directory.path)
            let error = try #require(throws: ConfigurationError.self) {
                _ = try StateLock(directory: directory.path)
            }
            #expect("\(error)".contains(directory.path))
            #expect("\(error)".contains("pid "))
            _ = consume held
        }
        _ = try StateLock(directory: directory.path)
    }
}
