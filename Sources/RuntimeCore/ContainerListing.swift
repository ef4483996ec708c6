/// Containers, tasks and sandboxes as they are on this machine, for listings.
extension RuntimeCore {
    /// What was made to run: it is there from before its task until it is removed.
    package struct ContainerInfo: Encodable, Sendable {
        let id: String
        let image: String
        /// The handler's name.
        let runtime: String
        let sandbox: String
        let snapshotKey: String
        let labels: [String: String]
        /// Microseconds since 1970.
        let createdAt: Int64?
    }

    /// The running side of a container.
    package struct TaskInfo: Encodable, Sendable {
        let id: String
        let pid: Int32
        /// containerd's words: "CREATED", "RUNNING", "PAUSED", "STOPPED", "UNKNOWN".
        let status: String
        let exitStatus: Int32?
        /// When its container was made, in microseconds since 1970.
        let createdAt: Int64?
        /// When it ended, likewise.
        let exitedAt: Int64?
    }

    /// What holds the namespaces of a pod.
    package struct SandboxInfo: Encodable, Sendable {
        let id: String
        /// "SANDBOX_READY" or "SANDBOX_NOTREADY".
        let state: String
        let namespaces: [String: String]
        let containers: [String]
        let labels: [String: String]
        /// When its shim came up, in microseconds since 1970; nil if it is gone.
        let createdAt: Int64?
    }

    package func containers() async throws -> [ContainerInfo] {
        try records().map { record in
            ContainerInfo(
                id: record.id,
                image: record.image,
                runtime: record.foreign?.handler ?? RuntimeHandler.ownName,
                sandbox: record.sandboxID,
                snapshotKey: record.id,
                labels: record.labels ?? [:],
                createdAt: createdAt(record)
            )
        }
    }

    package func tasks() async throws -> [TaskInfo] {
        var tasks: [TaskInfo] = []
        for record in try records() {
            let state = try await taskState(record.id, sandboxID: record.sandboxID)
            let status =
                switch state.status {
                case .created: "CREATED"
                case .running: "RUNNING"
                case .paused: "PAUSED"
                case .stopped: "STOPPED"
                case .unknown: "UNKNOWN"
                }
            tasks.append(
                TaskInfo(
                    id: record.id,
                    pid: state.pid,
                    status: status,
                    exitStatus: state.exit?.status,
                    createdAt: createdAt(record),
                    exitedAt: state.exit?.exitedAt
                )
            )
        }
        return tasks
    }

    package func sandboxInfos() async throws -> [SandboxInfo] {
        let records = try records()
        let containers = Set(records.map(\.id))
        var sandboxes: [SandboxInfo] = []
        for id in try bundles() where !containers.contains(id) {
            let inside = records.filter { $0.sandboxID == id }
            let isReady = await isAlive(sandbox: id)
            // One that was lost has none any more.
            let paths = isReady ? (try? await namespaces(ofSandbox: id)) ?? [:] : [:]
            sandboxes.append(
                SandboxInfo(
                    id: id,
                    state: isReady ? "SANDBOX_READY" : "SANDBOX_NOTREADY",
                    namespaces: paths,
                    containers: inside.map(\.id),
                    labels: (inside.first?.labels ?? [:]).filter { $0.key.hasPrefix("io.kubernetes.pod.") },
                    createdAt: ShimAddress.savedAt(bundle(id))
                )
            )
        }
        return sandboxes
    }

    /// The ids of the containers that were made of an image, by its normalised name.
    func containers(ofImage name: String) throws -> [String] {
        try records().filter { $0.image == name }.map(\.id).sorted()
    }

    private func createdAt(_ record: ContainerRecord) -> Int64? { ContainerRecord.writtenAt(bundle(record.id)) }

    private func records() throws -> [ContainerRecord] {
        // One that is removed in this moment is not there any more.
        try bundles().compactMap { (try? containerRecord($0)) ?? nil }
    }
}
