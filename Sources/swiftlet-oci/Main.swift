import Linux
import OCIRuntime

/// `swiftlet-oci`: the OCI runtime with runc's command line.
@main
enum Main {
    static func main() {
        let words = CommandLine.arguments.dropFirst()
        var log = ErrorLog()
        var failure: Int32 = 1
        do {
            try StandardStreams.openMissing()
            let arguments = try Arguments(words, CommandTable.globalFlags, stopsAtOperand: true)
            log = try ErrorLog(arguments)
            // runc tells a failed exec from an exit code of the program by this number.
            if arguments.rest.first == "exec" { failure = 255 }
            try log.open()
            Program.exit(try Commands.run(arguments, log))
        } catch let error as UsageError {
            log.report("\(error)")
            Program.exit(1)
        } catch {
            log.report(Wording.line(error))
            Program.exit(failure)
        }
    }
}
