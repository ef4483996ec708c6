import Glibc
import Linux

/// Reads and writes of a socket that does not block.
enum Socket {
    enum ReadResult {
        case bytes(Int)
        case nothingYet
        case closed(String)
    }

    /// Reads once into `buffer`.
    static func read(_ socket: Int32, into buffer: inout [UInt8]) -> ReadResult {
        do throws(SysError) {
            let count = try sys("recv", "") { unsafe recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT)) }
            return count == 0 ? .closed("the other side closed it") : .bytes(count)
        } catch {
            return error.errno == .again ? .nothingYet : .closed(error.description)
        }
    }

    /// Writes as much as the socket takes now.
    ///
    /// - Throws: EPIPE or ECONNRESET when the other side is gone; without SIGPIPE.
    static func flush(_ socket: Int32, _ output: inout OutputBuffer) throws(SysError) {
        while !output.isEmpty {
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
            let pending = output.pending
            do throws(SysError) {
                let count = try sys("send", "") {
                    unsafe pending.withUnsafeBytes { unsafe send(socket, $0.baseAddress, $0.count, flags) }
                }
                output.consume(count)
            } catch {
                if error.errno == .again { return }
                throw error
            }
        }
    }
}
