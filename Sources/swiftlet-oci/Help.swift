/// What `--help` prints.
enum Help {
    static let text = """
        swiftlet-oci - Open Container Initiative runtime, with runc's command line

        USAGE:
           swiftlet-oci [global options] command [command options] [arguments...]

        COMMANDS:
           create    make a container up to its start: [--bundle DIR] [--pid-file F] [--console-socket S] ID
           start     execute the program of a created container: ID
           run       create, start, wait, delete: [--bundle DIR] [--detach] [--keep] ID
           exec      start a further process: [--tty] [--detach] [--process FILE] [--user UID[:GID]] ID COMMAND...
           state     print the state of a container as JSON: ID
           kill      send a signal (SIGTERM) to a container: [--all] ID [SIGNAL]
           delete    remove a container: [--force] ID
           pause     freeze all processes of a container: ID
           resume    thaw them: ID
           list      list containers: [--quiet] [--format table|json]
           ps        list the processes of a container: [--format table|json] ID
           features  print what this runtime can do as JSON
           spec      write a config.json to start from: [--bundle DIR]

        GLOBAL OPTIONS:
           --root DIR             where the state of containers is kept (/run/swiftlet-oci)
           --log FILE             where errors are written, besides standard error
           --log-format text|json
           --debug
           --version, -v

        """
}
