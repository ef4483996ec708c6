/// MESSAGE_ID of a journal record: 128 bits, drawn once, that name a kind of event for ever.
package struct MessageID: Hashable, Sendable, CustomStringConvertible {
    /// 32 lower-case hexadecimal digits.
    package let hex: String

    private init(_ hex: String) { self.hex = hex }

    package var description: String { hex }

    /// The id of a type of event as the log names it, "ContainerExited"; nil for a type without one.
    package init?(eventType: String) {
        guard let id = MessageID.byEventType[eventType] else { return nil }
        self = id
    }

    /// Every id by the name of its event. The last two are not of the log: they tell about requests to the API.
    ///
    /// An id never changes and is never used again. A new one comes from `systemd-id128 new` and gets its entry in
    /// deploy/swiftlet.catalog.
    package static let byEventType: [String: MessageID] = [
        "PodCreated": MessageID("08df5da11b344f3e810e3945bf09304a"),
        "PodReplaced": MessageID("7f9e7192d9b14729add5efe1c5c5ae5f"),
        "PodPatched": MessageID("db4311f354964c7bbe549a8642dee75d"),
        "PodDeletionRequested": MessageID("5558192f0a664de2b789a6f724034c58"),
        "PodRemoved": MessageID("99a8400161494ebcb8b83febd0163b65"),
        "PodWarned": MessageID("446b659b6b4640638061e761ab10bea1"),
        "PodDeadlineExceeded": MessageID("3b65feaefcda4b98afd85f790c6d9a25"),
        "ReconcileStepPlanned": MessageID("7e58356027f940fb9c9a32873f35b423"),
        "ImagePullStarted": MessageID("ed9f3c1d3028470f9ea9efa301bc187b"),
        "ImagePulled": MessageID("fe3188ecc51f4b24add0f726a5b7fac8"),
        "ImagePullFailed": MessageID("aeb16e0d98ec422587d9929937ba7150"),
        "ImagePullBackedOff": MessageID("919dcd8942b24a9e851bdea854561df0"),
        "SandboxCreated": MessageID("695b53ccc2e642748b3e93ba48dae1d6"),
        "SandboxFailed": MessageID("53a34931405340a9932a488da96a01d0"),
        "SandboxLost": MessageID("53caa47e77804677b98de914e3538c5a"),
        "SandboxRemoved": MessageID("6617362a91a44f0684359d8bafaf7d2c"),
        "ContainerCreated": MessageID("1288da3be1904a96a11ebefce0c6af95"),
        "ContainerStarted": MessageID("e640b81c61b94dbc97d8c41408e9e9a4"),
        "ContainerStartFailed": MessageID("ce37f140c8db445aaa5d0a0d56eb520e"),
        "ContainerExited": MessageID("f26cdc54a5a2400bb4bd8971876fab93"),
        "ContainerKillRequested": MessageID("6b341f69172c42ebb028a0d8cb51d7ac"),
        "ContainerBackedOff": MessageID("6b071a5914a544d8a26d4614475e309d"),
        "ContainerRemoved": MessageID("69a436ad93d9403f88d93eb80e65ee20"),
        "ProbeChanged": MessageID("425b5f8cf8ea45bba305a1c149e2c786"),
        "ExecStarted": MessageID("4ed692a6b6214078907ddaf76ff3dd42"),
        "ExecFinished": MessageID("419417c1e18e4dacad4bb3ef8cf7aa67"),
        "ContainerAttached": MessageID("7627b99ecd3349499ddfa74e07c8b39a"),
        "NodeRegistered": MessageID("1e0664cc706f4f6a8e91a216e2a10293"),
        "NodeStarted": MessageID("d52b6c6b14c9459498f51c666fe98946"),
        "NodeStopped": MessageID("386e25646025442994e9461e6607e24a"),
        "NodeConditionChanged": MessageID("2f6066d3bd5b4b729f29c6c5118a0d3a"),
        "NodeReplaced": MessageID("63ef9d1ba73847f188b50d20e6bd226a"),
        "NodePatched": MessageID("cd5c7ba59b734f159a1d418da48baabb"),
        "NamespaceCreated": MessageID("6dd38a29bf024a7c9c78ab54119ed7a0"),
        "NamespaceReplaced": MessageID("4299c3aabea7465d851307ff46162499"),
        "NamespaceDeletionRequested": MessageID("e57d4098cd5f4ab483f5b9eb192d0c84"),
        "NamespaceRemoved": MessageID("f00be82289244738b41ee75039a3ac50"),
        "ConfigurationCreated": MessageID("767aeee373054615860db4b35276f25b"),
        "ConfigurationChanged": MessageID("f5cb7ed876a44f1b9a86abf8fb50fc1d"),
        "ConfigurationRemoved": MessageID("baa53ad2c1c74a3a9f3bdef108780032"),
        "ImageImported": MessageID("d9f1652beb0a462bb02e05fe651387dc"),
        "ImageFetched": MessageID("e0f196d65397434e87bfc01a1df4fa29"),
        "ImageUnpacked": MessageID("d69bac866a85481d8a1b43ae6698b69d"),
        "ImageTagged": MessageID("33c09924376e498aa5c5a9c129460eaf"),
        "ImageRemoved": MessageID("18bb649e9ace48dfb71a4dcc85487598"),
        "ImageLabelled": MessageID("2d83c9d9f60c44239ea445448e5c6cb0"),
        "LeaseCreated": MessageID("4ec44928106c47d8be87400219c5af69"),
        "LeaseChanged": MessageID("75a86b0939f94f3190464ae363b8eca6"),
        "LeaseRemoved": MessageID("8b076bc38bd040e6852b68c924e28bfc"),
        "ContentLabelled": MessageID("ad617e6f627647b8bc3f209fee4b62a1"),
        "SnapshotLabelled": MessageID("8cc61e81fa59424d9199523e93a57953"),
        "StoreNamespaceCreated": MessageID("deac8212652844a0b1328aa2983926a6"),
        "StoreNamespaceLabelled": MessageID("3dd1acc195cc4980bdbe3c7a5612fb28"),
        "StoreNamespaceRemoved": MessageID("6a2a07924bbb49439bfcc87458b1ccf5"),
        "GarbageFound": MessageID("a2063ce60056404c87ede2542070dd7f"),
        "GarbageCollected": MessageID("8549127dd5814611a13b3b6f73c1873f"),
        "ApiRequest": MessageID("9f032cdb40ab4280ab9df4ff0316d67f"),
        "AccessDenied": MessageID("50e09e87667e47e88d16456560ba0b55"),
        "HistoryCompacted": MessageID("b84e2571139e4e28bfba0a7560d5b23e"),
    ]
}
