extension JournalRecord.Field {
    /// The names of the agent's fields, in one place because people and scripts query by them.
    package enum Name {
        /// The event's name with dots: "container.exited" (see `EventName`).
        package static let event = "SWIFTLET_EVENT"
        /// The event's sequence number in the log: tells duplicates apart, and a gap is a loss.
        package static let sequence = "SWIFTLET_EVENT_SEQ"
        /// When the event happened, RFC 3339; the journal's own time is when it was sent.
        package static let time = "SWIFTLET_EVENT_TIME"
        /// The request that caused it, on every entry that it caused, however late.
        package static let requestID = "SWIFTLET_REQUEST_ID"
        /// "unix:alice", "token:ci", "reconciler", "shim", "boot"
        package static let actor = "SWIFTLET_ACTOR"
        package static let actorUID = "SWIFTLET_ACTOR_UID"
        package static let actorGID = "SWIFTLET_ACTOR_GID"
        package static let actorPID = "SWIFTLET_ACTOR_PID"
        package static let actorCommand = "SWIFTLET_ACTOR_COMM"
        package static let actorLoginUID = "SWIFTLET_ACTOR_LOGINUID"
        package static let actorSession = "SWIFTLET_ACTOR_SESSION"
        package static let actorUnit = "SWIFTLET_ACTOR_UNIT"
        package static let verb = "SWIFTLET_VERB"
        package static let method = "SWIFTLET_METHOD"
        /// Without secrets of the query.
        package static let uri = "SWIFTLET_URI"
        package static let status = "SWIFTLET_STATUS"
        package static let duration = "SWIFTLET_DURATION_USEC"
        package static let userAgent = "SWIFTLET_USER_AGENT"
        package static let remote = "SWIFTLET_REMOTE"
        /// "pod/default/web"
        package static let resource = "SWIFTLET_RESOURCE"
        package static let namespace = "SWIFTLET_NAMESPACE"
        package static let pod = "SWIFTLET_POD"
        package static let podUID = "SWIFTLET_POD_UID"
        package static let generation = "SWIFTLET_GENERATION"
        package static let node = "SWIFTLET_NODE"
        package static let exitCode = "SWIFTLET_EXIT_CODE"
        package static let signal = "SWIFTLET_SIGNAL"
        package static let oomKilled = "SWIFTLET_OOM_KILLED"
        package static let restartCount = "SWIFTLET_RESTART_COUNT"
        package static let reason = "SWIFTLET_REASON"
        package static let errorCode = "SWIFTLET_ERROR_CODE"
        package static let imageDigest = "SWIFTLET_IMAGE_DIGEST"
        package static let execID = "SWIFTLET_EXEC_ID"
        /// The program and its arguments as JSON.
        package static let execCommand = "SWIFTLET_EXEC_CMD"

        // The names that docker and conmon use, so that queries and collectors made for them find our containers too.
        package static let containerName = "CONTAINER_NAME"
        /// The first 12 digits.
        package static let containerID = "CONTAINER_ID"
        package static let containerFullID = "CONTAINER_ID_FULL"
        package static let imageName = "IMAGE_NAME"
        /// A process that journald shall describe by OBJECT_ fields of its own.
        package static let objectPID = "OBJECT_PID"
        /// "pod/container"
        package static let containerTag = "CONTAINER_TAG"
        /// The event that began the story, and the one that directly caused this one.
        package static let correlation = "SWIFTLET_CORRELATION"
        package static let cause = "SWIFTLET_CAUSE"

        package static let all = [
            event, sequence, time, requestID, actor, actorUID, actorGID, actorPID, actorCommand, actorLoginUID,
            actorSession, actorUnit, verb, method, uri, status, duration, userAgent, remote, resource, namespace, pod,
            podUID, generation, node, exitCode, signal, oomKilled, restartCount, reason, errorCode, imageDigest,
            containerName, containerID, containerFullID, containerTag, imageName, objectPID, execID, execCommand,
            correlation, cause,
        ]
    }
}
