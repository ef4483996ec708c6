/// Manifests of pods for tests, in YAML.
enum Manifest {
    /// A pod with one container that runs a shell script.
    ///
    /// - Parameters:
    ///   - container: More lines of the container, as a flow mapping's inside: `env: [...]`.
    ///   - spec: More of the pod's spec, likewise.
    static func pod(
        _ name: String,
        _ script: String,
        restart: String = "Never",
        container: String = "",
        spec: String = ""
    ) -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: "\(name)", labels: {app: "\(name)"}}
        spec:
          restartPolicy: \(restart)
          terminationGracePeriodSeconds: 3
        \(spec.isEmpty ? "" : "  " + spec)
          containers:
          - name: main
            image: bb:1
        \(container.isEmpty ? "" : "    " + container)
            command: [sh, -c, "\(script)"]

        """
    }

    /// Runs until it gets SIGTERM, which it obeys at once.
    static let sleeper = "trap 'exit 0' TERM; while :; do sleep 0.1; done"
}
