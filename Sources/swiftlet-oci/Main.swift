import Linux
import OCIRuntime

/// `swiftlet-oci`: the OCI runtime with runc's command line.
@main
enum Main {
    static func main() {
        let words = CommandLine.arguments.dropFirst()
        var log = ErrorLog()
        do {
            let globals = try Arguments(words, Commands.globalGrammar)
            log = try ErrorLog(globals)
            let code = try Commands.run(globals)
            Program.exit(code)
        } catch {
            log.report("\(error)")
            Program.exit(1)
        }
    }
}
