/// The node was seen for the first time. The Node object is the event's after-image.
package struct NodeRegistered: FactPayload {
    package static let typeName = "NodeRegistered"

    package var nodeName: String

    package init(nodeName: String) {
        self.nodeName = nodeName
    }
}

/// The agent started on this node.
package struct NodeStarted: FactPayload {
    package static let typeName = "NodeStarted"

    /// The kernel's boot id: another one than before means that the machine was restarted.
    package var bootID: String
    package var agentVersion: String
    package var agentPID: Int32
    package var kernelVersion: String
    /// True when the boot id differs from that of the previous start.
    package var rebooted: Bool
    package var startedAt: Microseconds

    package init(
        bootID: String,
        agentVersion: String,
        agentPID: Int32,
        kernelVersion: String,
        rebooted: Bool,
        startedAt: Microseconds
    ) {
        self.bootID = bootID
        self.agentVersion = agentVersion
        self.agentPID = agentPID
        self.kernelVersion = kernelVersion
        self.rebooted = rebooted
        self.startedAt = startedAt
    }
}

/// The agent stopped in an orderly way. Containers go on running.
package struct NodeStopped: FactPayload {
    package static let typeName = "NodeStopped"

    package var reason: String
    package var stoppedAt: Microseconds

    package init(reason: String, stoppedAt: Microseconds) {
        self.reason = reason
        self.stoppedAt = stoppedAt
    }
}

/// A condition of the node changed. The Node object is the event's after-image.
package struct NodeConditionChanged: FactPayload {
    package static let typeName = "NodeConditionChanged"

    /// For example `MemoryPressure`.
    package var condition: String
    /// `True`, `False` or `Unknown`.
    package var status: String
    package var reason: String
    package var message: String
    package var changedAt: Microseconds

    package init(condition: String, status: String, reason: String, message: String, changedAt: Microseconds) {
        self.condition = condition
        self.status = status
        self.reason = reason
        self.message = message
        self.changedAt = changedAt
    }
}

/// A client replaced the node (PUT). The new Node is the event's after-image.
package struct NodeReplaced: FactPayload {
    package static let typeName = "NodeReplaced"

    /// For example `status`.
    package var subresource: String?

    package init(subresource: String? = nil) {
        self.subresource = subresource
    }
}

/// A client changed the node (PATCH). The new Node is the event's after-image.
package struct NodePatched: FactPayload {
    package static let typeName = "NodePatched"

    /// The media type of the patch.
    package var patchType: String
    /// For example `status`.
    package var subresource: String?

    package init(patchType: String, subresource: String? = nil) {
        self.patchType = patchType
        self.subresource = subresource
    }
}
/// History up to `floor` was given up, and what no living object is made of is removed from the disk.
package struct HistoryCompacted: FactPayload {
    package static let typeName = "HistoryCompacted"

    /// Where history began before.
    package var floorBefore: Int64
    /// Watches and reads of the past are possible from here on.
    package var floor: Int64
    /// The hash chain's value at the floor, in hexadecimal: the anchor of what is left, and the end of what was removed.
    package var chain: String
    package var compactedAt: Microseconds

    package init(floorBefore: Int64, floor: Int64, chain: String, compactedAt: Microseconds) {
        self.floorBefore = floorBefore
        self.floor = floor
        self.chain = chain
        self.compactedAt = compactedAt
    }
}

/// Everything that can happen to a node. The stream is resource ("", "v1", "nodes"), no namespace, the node's name.
package enum NodeFact: Hashable, Sendable {
    case registered(NodeRegistered)
    case started(NodeStarted)
    case stopped(NodeStopped)
    case conditionChanged(NodeConditionChanged)
    case replaced(NodeReplaced)
    case patched(NodePatched)
    case historyCompacted(HistoryCompacted)

    /// The value that is written into the log.
    package var payload: any FactPayload {
        switch self {
        case .registered(let payload): payload
        case .started(let payload): payload
        case .stopped(let payload): payload
        case .conditionChanged(let payload): payload
        case .replaced(let payload): payload
        case .patched(let payload): payload
        case .historyCompacted(let payload): payload
        }
    }
}
