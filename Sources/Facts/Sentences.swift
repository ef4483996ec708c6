/// One plain English sentence for every fact: what `swiftlet log` and the journal show to people.
package enum Sentences {
    /// Describes a fact. `subject` names what it happened to, for example `pod default/web`.
    package static func describe(_ fact: Fact, subject: String) -> String {
        switch fact {
        case .pod(let fact): describe(fact, subject: subject)
        case .node(let fact): describe(fact, subject: subject)
        case .namespace(let fact): describe(fact, subject: subject)
        case .configuration(let fact): describe(fact, subject: subject)
        case .image(let fact): describe(fact, subject: subject)
        case .store(let fact): describe(fact, subject: subject)
        case .request(let fact): describe(fact, subject: subject)
        }
    }

    /// Describes something that happened to a pod.
    package static func describe(_ fact: PodFact, subject: String) -> String {
        switch fact {
        case .created(let fact):
            "\(subject) was created and "
                + (fact.nodeName.isEmpty ? "waits for its scheduling gates" : "assigned to node \(fact.nodeName)")
        case .replaced(let fact):
            "\(subject) was replaced\(of(fact.subresource))"
        case .patched(let fact):
            "\(subject) was patched\(of(fact.subresource))"
        case .deletionRequested(let fact):
            "\(subject) is to be deleted, with \(seconds(fact.gracePeriodSeconds)) of grace"
        case .deadlineExceeded(let fact):
            "\(subject) was active for longer than its deadline of \(seconds(fact.activeDeadlineSeconds))"
        case .warned(let fact):
            "\(subject): \(fact.message)"
        case .removed(let fact):
            "\(subject) is gone" + (fact.message.map { ": \($0)" } ?? "")
        case .stepPlanned(let fact):
            "\(subject): next step \(fact.action)" + (fact.container.map { " for container \($0.name)" } ?? "")
                + (fact.attempt.map { ", attempt \($0)" } ?? "")
        case .imagePullStarted, .imagePulled, .imagePullFailed, .imagePullBackedOff:
            describeImage(fact, subject: subject)
        case .sandboxCreated, .sandboxFailed, .sandboxLost, .sandboxRemoved:
            describeSandbox(fact, subject: subject)
        case .containerCreated, .containerStarted, .containerStartFailed, .containerExited, .containerKillRequested,
            .containerBackedOff, .containerRemoved, .probeChanged:
            describeContainer(fact, subject: subject)
        case .execStarted, .execFinished, .attached: describeStreams(fact, subject: subject)
        }
    }

    private static func describeImage(_ fact: PodFact, subject: String) -> String {
        switch fact {
        case .imagePullStarted(let fact):
            "\(subject): pulling image \(fact.image) for container \(fact.container)"
        case .imagePulled(let fact) where fact.alreadyPresent:
            "\(subject): image \(fact.image) for container \(fact.container) is already on the machine"
        case .imagePulled(let fact):
            "\(subject): pulled image \(fact.image) (\(fact.sizeBytes) bytes) for container \(fact.container) in "
                + Spans.short(fact.durationMicroseconds)
        case .imagePullFailed(let fact):
            "\(subject): image \(fact.image) for container \(fact.container) could not be had (\(fact.reason)): "
                + fact.message
        case .imagePullBackedOff(let fact):
            "\(subject): waiting before image \(fact.image) for container \(fact.container) is pulled again"
        default: "\(subject): \(fact.typeName)"
        }
    }

    private static func describeSandbox(_ fact: PodFact, subject: String) -> String {
        switch fact {
        case .sandboxCreated(let fact):
            "\(subject): sandbox \(short(fact.sandboxID)) is ready"
                + (fact.podIPs.isEmpty ? " without an address" : " with address \(fact.podIPs.joined(separator: ", "))")
                + (fact.note.map { " (\($0))" } ?? "")
        case .sandboxFailed(let fact):
            "\(subject): sandbox \(short(fact.sandboxID)) could not be created (\(fact.reason)): \(fact.message)"
        case .sandboxLost(let fact):
            "\(subject): sandbox \(short(fact.sandboxID)) was lost: \(fact.message)"
        case .sandboxRemoved(let fact):
            "\(subject): sandbox \(short(fact.sandboxID)) was removed"
        default: "\(subject): \(fact.typeName)"
        }
    }

    private static func describeContainer(_ fact: PodFact, subject: String) -> String {
        switch fact {
        case .containerCreated(let fact):
            "\(subject): container \(fact.container) was created from \(fact.image), attempt \(fact.attempt)"
        case .containerStarted(let fact):
            "\(subject): container \(fact.container) started with pid \(fact.pid), attempt \(fact.attempt)"
        case .containerStartFailed(let fact):
            "\(subject): container \(fact.container) could not be started (\(fact.reason)): \(fact.message)"
        case .containerExited(let fact):
            "\(subject): container \(fact.container) " + exit(fact)
        case .containerKillRequested(let fact):
            "\(subject): container \(fact.container) was sent signal \(fact.signal) (\(fact.reason)): \(fact.message)"
        case .containerBackedOff(let fact):
            "\(subject): container \(fact.container) waits \(seconds(fact.delaySeconds)) before it is started again"
        case .containerRemoved(let fact):
            "\(subject): container \(fact.container), attempt \(fact.attempt), was removed from the runtime"
        case .probeChanged(let fact):
            "\(subject): the \(fact.probe.rawValue) probe of container \(fact.container) "
                + (fact.healthy ? "succeeds" : "fails: \(fact.message)")
        default: "\(subject): \(fact.typeName)"
        }
    }

    private static func describeStreams(_ fact: PodFact, subject: String) -> String {
        switch fact {
        case .execStarted(let fact):
            "\(subject): exec \(short(fact.execID)) in container \(fact.container): \(fact.command.joined(separator: " "))"
        case .execFinished(let fact):
            "\(subject): exec \(short(fact.execID)) in container \(fact.container) "
                + (fact.exitCode.map { "ended with code \($0)" } ?? "ended, its exit code is not known")
                + (fact.reason.map { ": \($0)" } ?? "")
        case .attached(let fact):
            "\(subject): attached to container \(fact.container)" + (fact.stdin ? " with its standard input" : "")
        default: "\(subject): \(fact.typeName)"
        }
    }

    /// Describes something that happened to a node.
    package static func describe(_ fact: NodeFact, subject: String) -> String {
        switch fact {
        case .registered: "\(subject) was registered"
        case .started(let fact):
            "\(subject): swiftlet \(fact.agentVersion) started with pid \(fact.agentPID)"
                + (fact.rebooted ? " after a restart of the machine" : "")
        case .stopped(let fact): "\(subject): swiftlet stopped: \(fact.reason)"
        case .conditionChanged(let fact):
            "\(subject): condition \(fact.condition) is now \(fact.status) (\(fact.reason)): \(fact.message)"
        case .replaced(let fact): "\(subject) was replaced\(of(fact.subresource))"
        case .patched(let fact): "\(subject) was patched\(of(fact.subresource))"
        case .historyCompacted(let fact):
            "\(subject): history up to event \(fact.floor) was given up; before, it began after \(fact.floorBefore)"
        }
    }

    /// Describes something that happened to a namespace.
    package static func describe(_ fact: NamespaceFact, subject: String) -> String {
        switch fact {
        case .created: "\(subject) was created"
        case .replaced: "\(subject) was replaced"
        case .deletionRequested: "\(subject) is to be deleted with everything in it"
        case .removed: "\(subject) is gone"
        }
    }

    /// Describes something that happened to a ConfigMap or Secret.
    package static func describe(_ fact: ConfigurationFact, subject: String) -> String {
        switch fact {
        case .created(let fact): "\(subject): the \(fact.kind) was created"
        case .changed(let fact): "\(subject): the \(fact.kind) was \(fact.patchType == nil ? "replaced" : "patched")"
        case .removed(let fact): "\(subject): the \(fact.kind) is gone"
        }
    }

    /// Describes something that happened to an image name.
    package static func describe(_ fact: ImageFact, subject: String) -> String {
        switch fact {
        case .imported(let fact):
            "\(subject) was imported from \(fact.source) as \(fact.target) (\(fact.sizeBytes) bytes)"
        case .fetched(let fact):
            "\(subject) was pulled from \(fact.host) as \(fact.target) (\(fact.sizeBytes) bytes, "
                + "\(fact.downloadedBytes) over the network)"
                + (fact.replaced.map { "; before it was \($0)" } ?? "")
        case .unpacked(let fact): "\(subject) was unpacked to \(fact.chainID)"
        case .tagged(let fact): "\(subject) now names \(fact.target), as \(fact.source) does"
        case .labelled(let fact): "\(subject) has the labels \(labels(fact.labels))"
        case .removed(let fact): "\(subject) was removed: \(fact.reason)"
        }
    }

    /// Describes what happens in the stores of content and snapshots.
    package static func describe(_ fact: StoreFact, subject: String) -> String {
        switch fact {
        case .leaseCreated(let fact): "\(subject): the lease was made with the labels \(labels(fact.labels))"
        case .leaseChanged(let fact):
            "\(subject): the lease "
                + [
                    fact.added.isEmpty ? nil : "keeps \(fact.added.joined(separator: ", "))",
                    fact.removed.isEmpty ? nil : "lets go of \(fact.removed.joined(separator: ", "))",
                ].compactMap(\.self).joined(separator: " and ")
        case .leaseRemoved(let fact): "\(subject): the lease was removed: \(fact.reason)"
        case .contentLabelled(let fact): "\(subject): the content has the labels \(labels(fact.labels))"
        case .snapshotLabelled(let fact): "\(subject): the snapshot has the labels \(labels(fact.labels))"
        case .namespaceCreated(let fact): "\(subject): the namespace was made with the labels \(labels(fact.labels))"
        case .namespaceLabelled(let fact): "\(subject): the namespace has the labels \(labels(fact.labels))"
        case .namespaceRemoved: "\(subject): the namespace was removed"
        case .garbageFound(let fact):
            "\(subject): \(things(fact.contents, fact.snapshots)) are not needed any more and will be removed: \(fact.reason)"
        case .garbageCollected(let fact):
            "\(subject): \(things(fact.contents, fact.snapshots)) were removed (\(fact.bytes) bytes of content): \(fact.reason)"
        }
    }

    private static func labels(_ labels: [String: String]) -> String {
        labels.isEmpty ? "none" : labels.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ",")
    }

    private static func things(_ contents: [String], _ snapshots: [String]) -> String {
        "\(contents.count) pieces of content and \(snapshots.count) layers"
    }

    /// Describes an answered request; the subject is who asked.
    package static func describe(_ fact: RequestFact, subject: String) -> String {
        switch fact {
        case .answered(let fact):
            "\(subject): \(fact.method) \(fact.uri) was answered with \(fact.status) in \(Spans.short(fact.durationMicroseconds))"
        }
    }

    private static func exit(_ fact: ContainerExited) -> String {
        var text = "exited with code \(fact.exitCode)"
        if let signal = fact.signal { text += ", by signal \(signal)" }
        if fact.oomKilled { text += ", out of memory" }
        if let reason = fact.reason { text += " (\(reason))" }
        if let start = fact.startedAt, fact.finishedAt >= start {
            text += " after \(Spans.short(fact.finishedAt - start))"
        }
        if let message = fact.message, !message.isEmpty { text += ": \(message)" }
        return text
    }

    private static func of(_ subresource: String?) -> String {
        subresource.map { " (subresource \($0))" } ?? ""
    }

    private static func seconds(_ count: Int64) -> String { count == 1 ? "1 second" : "\(count) seconds" }

    private static func short(_ id: String) -> String { String(id.prefix(12)) }
}
