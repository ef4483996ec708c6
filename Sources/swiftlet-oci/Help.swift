/// What `--help` prints.
enum Help {
    static let program = "swiftlet-oci"

    static var text: String {
        let commands = CommandTable.all.map { ($0.name, $0.summary) } + [("help", "show this, or the help of a command")]
        return """
            NAME:
               \(program) - Open Container Initiative runtime, with runc's command line

            USAGE:
               \(program) [global options] command [command options] [arguments...]

            VERSION:
               \(Version.text)
            spec: \(Version.specification)

            COMMANDS:
            \(columns(commands))
            GLOBAL OPTIONS:
            \(columns(CommandTable.globalFlags.map { (title($0), $0.help) }))
            """
    }

    static func text(of command: Command) -> String {
        let arguments = command.operands.isEmpty ? "" : " " + command.operands
        let flags = command.flags + [.toggle("help", "h", "show this")]
        return """
            NAME:
               \(program) \(command.name) - \(command.summary)

            USAGE:
               \(program) \(command.name) [command options]\(arguments)

            OPTIONS:
            \(columns(flags.map { (title($0), $0.help) }))
            """
    }

    private static func title(_ flag: Flag) -> String {
        let value = flag.value.map { " " + $0 } ?? ""
        return "--\(flag.name)\(value)" + (flag.short.map { ", -\($0)\(value)" } ?? "")
    }

    private static func columns(_ rows: [(String, String)]) -> String {
        let width = (rows.map(\.0.utf8.count).max() ?? 0) + 2
        return rows.map { name, help in
            "   " + name + String(repeating: " ", count: width - name.utf8.count) + help + "\n"
        }.joined()
    }
}
