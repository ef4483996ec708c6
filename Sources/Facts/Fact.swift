import JSON

/// Any fact of the log.
package enum Fact: Hashable, Sendable {
    case pod(PodFact)
    case node(NodeFact)
    case namespace(NamespaceFact)
    case configuration(ConfigurationFact)
    case image(ImageFact)
    case store(StoreFact)
    case request(RequestFact)

    /// The value that is written into the log.
    package var payload: any FactPayload {
        switch self {
        case .pod(let fact): fact.payload
        case .node(let fact): fact.payload
        case .namespace(let fact): fact.payload
        case .configuration(let fact): fact.payload
        case .image(let fact): fact.payload
        case .store(let fact): fact.payload
        case .request(let fact): fact.payload
        }
    }
}

/// One entry of the table of all types: its name, its version, and how its payload is read.
package struct FactType: Sendable {
    package let name: String
    package let version: Int
    let decode: @Sendable ([UInt8]) throws -> Fact

    static func of<Payload: FactPayload>(
        _ type: Payload.Type,
        _ wrap: @escaping @Sendable (Payload) -> Fact
    ) -> FactType {
        FactType(name: type.typeName, version: type.schemaVersion) { bytes in
            wrap(try JSONCoding.decode(type, from: bytes))
        }
    }

    /// Every type that this version knows, in a fixed order.
    package static let all: [FactType] =
        podTypes + nodeTypes + namespaceTypes + configurationTypes + imageTypes + storeTypes + requestTypes

    /// The same by name.
    static let byName: [String: FactType] = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    private static let podTypes: [FactType] = [
        .of(PodCreated.self) { .pod(.created($0)) },
        .of(PodReplaced.self) { .pod(.replaced($0)) },
        .of(PodPatched.self) { .pod(.patched($0)) },
        .of(PodDeletionRequested.self) { .pod(.deletionRequested($0)) },
        .of(ReconcileStepPlanned.self) { .pod(.stepPlanned($0)) },
        .of(ImagePullStarted.self) { .pod(.imagePullStarted($0)) },
        .of(ImagePulled.self) { .pod(.imagePulled($0)) },
        .of(ImagePullFailed.self) { .pod(.imagePullFailed($0)) },
        .of(ImagePullBackedOff.self) { .pod(.imagePullBackedOff($0)) },
        .of(SandboxCreated.self) { .pod(.sandboxCreated($0)) },
        .of(SandboxFailed.self) { .pod(.sandboxFailed($0)) },
        .of(SandboxLost.self) { .pod(.sandboxLost($0)) },
        .of(SandboxRemoved.self) { .pod(.sandboxRemoved($0)) },
        .of(ContainerCreated.self) { .pod(.containerCreated($0)) },
        .of(ContainerStarted.self) { .pod(.containerStarted($0)) },
        .of(ContainerStartFailed.self) { .pod(.containerStartFailed($0)) },
        .of(ContainerExited.self) { .pod(.containerExited($0)) },
        .of(ContainerKillRequested.self) { .pod(.containerKillRequested($0)) },
        .of(ContainerBackedOff.self) { .pod(.containerBackedOff($0)) },
        .of(ContainerRemoved.self) { .pod(.containerRemoved($0)) },
        .of(ProbeChanged.self) { .pod(.probeChanged($0)) },
        .of(ExecStarted.self) { .pod(.execStarted($0)) },
        .of(ExecFinished.self) { .pod(.execFinished($0)) },
        .of(ContainerAttached.self) { .pod(.attached($0)) },
        .of(PodDeadlineExceeded.self) { .pod(.deadlineExceeded($0)) },
        .of(PodWarned.self) { .pod(.warned($0)) },
        .of(PodRemoved.self) { .pod(.removed($0)) },
    ]

    private static let nodeTypes: [FactType] = [
        .of(NodeRegistered.self) { .node(.registered($0)) },
        .of(NodeStarted.self) { .node(.started($0)) },
        .of(NodeStopped.self) { .node(.stopped($0)) },
        .of(NodeConditionChanged.self) { .node(.conditionChanged($0)) },
        .of(NodeReplaced.self) { .node(.replaced($0)) },
        .of(NodePatched.self) { .node(.patched($0)) },
        .of(HistoryCompacted.self) { .node(.historyCompacted($0)) },
    ]

    private static let namespaceTypes: [FactType] = [
        .of(NamespaceCreated.self) { .namespace(.created($0)) },
        .of(NamespaceReplaced.self) { .namespace(.replaced($0)) },
        .of(NamespaceDeletionRequested.self) { .namespace(.deletionRequested($0)) },
        .of(NamespaceRemoved.self) { .namespace(.removed($0)) },
    ]

    private static let configurationTypes: [FactType] = [
        .of(ConfigurationCreated.self) { .configuration(.created($0)) },
        .of(ConfigurationChanged.self) { .configuration(.changed($0)) },
        .of(ConfigurationRemoved.self) { .configuration(.removed($0)) },
    ]

    private static let imageTypes: [FactType] = [
        .of(ImageImported.self) { .image(.imported($0)) },
        .of(ImageFetched.self) { .image(.fetched($0)) },
        .of(ImageUnpacked.self) { .image(.unpacked($0)) },
        .of(ImageTagged.self) { .image(.tagged($0)) },
        .of(ImageLabelled.self) { .image(.labelled($0)) },
        .of(ImageRemoved.self) { .image(.removed($0)) },
    ]

    private static let storeTypes: [FactType] = [
        .of(LeaseCreated.self) { .store(.leaseCreated($0)) },
        .of(LeaseChanged.self) { .store(.leaseChanged($0)) },
        .of(LeaseRemoved.self) { .store(.leaseRemoved($0)) },
        .of(ContentLabelled.self) { .store(.contentLabelled($0)) },
        .of(SnapshotLabelled.self) { .store(.snapshotLabelled($0)) },
        .of(StoreNamespaceCreated.self) { .store(.namespaceCreated($0)) },
        .of(StoreNamespaceLabelled.self) { .store(.namespaceLabelled($0)) },
        .of(StoreNamespaceRemoved.self) { .store(.namespaceRemoved($0)) },
        .of(GarbageFound.self) { .store(.garbageFound($0)) },
        .of(GarbageCollected.self) { .store(.garbageCollected($0)) },
    ]

    private static let requestTypes: [FactType] = [
        .of(APIRequestAnswered.self) { .request(.answered($0)) }
    ]
}
