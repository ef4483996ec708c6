import CommandLine
import NodeAgent

/// The `swiftlet` program: the agent (`serve`) and the client of its API (everything else).
@main
enum Main {
    static func main() async {
        LocalActions.install(
            LocalActions(
                version: Version.current,
                defaultConfiguration: { Configuration.defaultText },
                verifyDatabase: { root, report in try DatabaseCheck.run(root: root, report: report) }
            )
        )
        await ClientCommands.main(Root.self, arguments: Array(Swift.CommandLine.arguments.dropFirst()))
    }
}
