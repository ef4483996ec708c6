/// A client created the pod and the node accepted it. The pod itself is the event's after-image.
package struct PodCreated: FactPayload {
    package static let typeName = "PodCreated"

    /// The node that the pod was bound to.
    package var nodeName: String

    package init(nodeName: String) {
        self.nodeName = nodeName
    }
}

/// A client replaced the pod (PUT). The new pod is the event's after-image.
package struct PodReplaced: FactPayload {
    package static let typeName = "PodReplaced"

    /// For example `status`; absent for the pod itself.
    package var subresource: String?
    package var changedAt: Microseconds

    package init(subresource: String? = nil, changedAt: Microseconds) {
        self.subresource = subresource
        self.changedAt = changedAt
    }
}

/// A client changed the pod (PATCH). The new pod is the event's after-image.
package struct PodPatched: FactPayload {
    package static let typeName = "PodPatched"

    /// The media type of the patch.
    package var patchType: String
    /// For example `status`; absent for the pod itself.
    package var subresource: String?
    package var changedAt: Microseconds

    package init(patchType: String, subresource: String? = nil, changedAt: Microseconds) {
        self.patchType = patchType
        self.subresource = subresource
        self.changedAt = changedAt
    }
}

/// A client asked for the pod to be deleted. It may come again with a shorter grace period; a longer one is ignored.
package struct PodDeletionRequested: FactPayload {
    package static let typeName = "PodDeletionRequested"

    /// What the containers get between the stop signal and SIGKILL.
    package var gracePeriodSeconds: Int64
    /// When the grace period ends: the time of the request plus the grace period.
    package var deletionTimestamp: Microseconds

    package init(gracePeriodSeconds: Int64, deletionTimestamp: Microseconds) {
        self.gracePeriodSeconds = gracePeriodSeconds
        self.deletionTimestamp = deletionTimestamp
    }
}

/// The pod has been active for longer than `spec.activeDeadlineSeconds`.
package struct PodDeadlineExceeded: FactPayload {
    package static let typeName = "PodDeadlineExceeded"

    package var activeDeadlineSeconds: Int64
    package var exceededAt: Microseconds

    package init(activeDeadlineSeconds: Int64, exceededAt: Microseconds) {
        self.activeDeadlineSeconds = activeDeadlineSeconds
        self.exceededAt = exceededAt
    }
}

/// Something about the pod that its owner should know and that changes nothing.
package struct PodWarned: FactPayload {
    package static let typeName = "PodWarned"

    /// CamelCase, as the reason of an Event.
    package var reason: String
    package var message: String
    /// The container that it is about, if it is about one.
    package var container: ContainerRef?
    /// True for news that are no warning; absent for a warning.
    package var isNormal: Bool?

    package init(reason: String, message: String, container: ContainerRef? = nil, isNormal: Bool? = nil) {
        self.reason = reason
        self.message = message
        self.container = container
        self.isNormal = isNormal
    }
}

/// The pod is gone: no process, no mount and no cgroup is left. It is the last fact of a pod.
///
/// After a deletion by force it comes at once; what is left of the pod on the machine is cleaned up without further facts.
package struct PodRemoved: FactPayload {
    package static let typeName = "PodRemoved"

    /// Why it was removed, when it was not its owner who asked.
    package var message: String?

    package init(message: String? = nil) {
        self.message = message
    }
}

/// The agent is about to do this. It is an intent: the outcome is a fact of its own, and when that is missing after a
/// crash the same step is decided again.
package struct ReconcileStepPlanned: FactPayload {
    package static let typeName = "ReconcileStepPlanned"

    /// The kind of step, for example `StartContainer`.
    package var action: String
    package var container: ContainerRef?
    /// The attempt of the container, or of the sandbox when there is no container.
    package var attempt: Int?

    package init(action: String, container: ContainerRef? = nil, attempt: Int? = nil) {
        self.action = action
        self.container = container
        self.attempt = attempt
    }
}
