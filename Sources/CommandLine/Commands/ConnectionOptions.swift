import ArgumentParser
import Glibc

/// Where the agent is.
struct ConnectionOptions: ParsableArguments {
    @Option(help: "The agent's unix socket. (default: $SWIFTLET_SOCKET, or /run/swiftlet/swiftlet.sock)")
    var socket: String?

    @Option(help: "The agent's address instead of a socket, such as http://127.0.0.1:7780.")
    var server: String?

    func endpoint() throws -> Endpoint {
        if let server {
            guard socket == nil else { throw ClientFailure.usage("--socket and --server exclude each other") }
            guard server.hasPrefix("http://") || server.hasPrefix("https://") else {
                throw ClientFailure.usage("--server \(server): expected http://HOST:PORT")
            }
            return .server(server.hasSuffix("/") ? String(server.dropLast()) : server)
        }
        if let socket { return .unixSocket(socket) }
        if let variable = unsafe getenv("SWIFTLET_SOCKET") {
            let path = unsafe String(cString: variable)
            if !path.isEmpty { return .unixSocket(path) }
        }
        return .unixSocket("/run/swiftlet/swiftlet.sock")
    }

    func client(_ console: Console) throws -> APIClient { APIClient(endpoint: try endpoint(), console: console) }
}

/// The namespace of a command that is about one.
struct NamespaceOption: ParsableArguments {
    @Option(name: [.customShort("n"), .long], help: "The namespace. (default: default)")
    var namespace: String?

    var name: String { namespace ?? "default" }
}

/// Runs a command's body, prints what went wrong as kubectl does, and ends with the exit code that says what kind of
/// failure it was.
func reporting(_ body: (Console) throws -> Void) throws {
    let console = Console.standard()
    do {
        try body(console)
    } catch is Console.Closed {
        return
    } catch let failure as ClientFailure {
        console.note(failure.text)
        throw ExitCode(failure.exitCode)
    } catch let exit as ExitCode {
        throw exit
    } catch {
        console.note("error: \(error)")
        throw ExitCode(1)
    }
}
