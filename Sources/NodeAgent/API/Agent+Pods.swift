import EventLog
import Facts
import JSON
package import KubernetesAPI
import Reconciler
import Synchronization

/// What clients ask of pods. Answers are the bytes that the log serves.
extension Agent {
    /// Accepts a pod: defaults, validation and admission, then one durable event.
    ///
    /// - Parameters:
    ///   - pod: As the client sent it.
    ///   - namespace: Of the URL; the pod's own must be the same or empty.
    ///   - idempotency: The same request under the same key has been carried out before: its result is returned again.
    ///   - dryRun: Does everything but writing.
    /// - Returns: The pod as stored.
    package func createPod(
        _ pod: Pod,
        namespace: String,
        origin: RequestOrigin,
        idempotency: IdempotencyKey? = nil,
        dryRun: Bool = false
    ) async throws(APIError) -> [UInt8] {
        var pod = pod
        try await requireReady()
        try place(&pod.metadata, in: namespace)
        try requireNamespace(namespace)
        generateName(&pod.metadata)
        PodDefaults.apply(to: &pod)
        var errors = PodValidation.validate(pod)
        if !pod.spec.nodeName.isEmpty, pod.spec.nodeName != node.name {
            errors.append(
                FieldError(
                    type: .invalid,
                    field: "spec.nodeName",
                    badValue: .string(pod.spec.nodeName),
                    detail: "this agent runs the pods of node \"\(node.name)\" only"
                )
            )
        }
        guard errors.isEmpty else { throw .invalid(kind: "Pod", name: pod.metadata.name, errors: errors) }
        let uid = try begin(&pod.metadata)
        pod = Reconciler.admit(pod, node: node, uid: uid.description, now: clock())
        let rejection = pod.spec.nodeName.isEmpty ? nil : claimRoom(for: pod, uid: uid)
        // A claim that no pod of the log stands behind is let go.
        var isStored = false
        defer { if !isStored { ledger.release(uid) } }
        if let rejection { pod.reject(rejection) }
        let stream = PodStream.reference(namespace: namespace, name: pod.metadata.name)
        if dryRun {
            guard store.object(stream) == nil else { throw .alreadyExists(resource: "pods", name: pod.metadata.name) }
            return try encoded(pod)
        }
        let fact = PodFact.created(PodCreated(nodeName: pod.spec.nodeName))
        guard let record = Reconciler.fold(nil, fact, object: pod) else {
            throw .internalError("a new pod folds to nothing")
        }
        var facts = [try newFact(fact, record.pod)]
        if let rejection {
            facts.append(
                try newFact(PodFact.warned(PodWarned(reason: rejection.reason, message: rejection.message)), record.pod)
            )
        }
        let appended = try await append(
            Proposal(
                stream: stream,
                uid: uid,
                expected: .absent,
                facts: facts,
                actor: origin.actor,
                request: origin.request,
                idempotencyKey: idempotency?.key,
                requestDigest: idempotency?.requestDigest
            ),
            resource: "pods",
            name: pod.metadata.name
        )
        if !appended.replayed {
            isStored = rejection == nil
            addWorker(uid, record, cause: appended.last, adopt: false)
        }
        return try image(at: appended.last)
    }

    /// Changes a pod: `change` sees it as it is now, with its resourceVersion, and returns what it shall be.
    ///
    /// - Parameters:
    ///   - patchType: The media type of a patch; nil for a replacement.
    ///   - validate: Which rules a change must keep.
    ///   - change: May be called on another thread; throws what is wrong with the request.
    package func updatePod(
        namespace: String,
        name: String,
        patchType: String?,
        origin: RequestOrigin,
        dryRun: Bool = false,
        validate: @escaping @Sendable (_ old: Pod, _ new: Pod) -> [FieldError] = PodValidation.validateUpdate,
        change: @escaping @Sendable (Pod) throws(APIError) -> Pod
    ) async throws(APIError) -> [UInt8] {
        let stream = PodStream.reference(namespace: namespace, name: name)
        let checked: @Sendable (Pod) throws(APIError) -> Pod? = { [store] current throws(APIError) in
            var current = current
            current.metadata.resourceVersion = (store.object(stream)?.resourceVersion).map(String.init) ?? ""
            var new = try change(current)
            if !new.metadata.resourceVersion.isEmpty, new.metadata.resourceVersion != current.metadata.resourceVersion {
                throw .conflict(resource: "pods", name: name)
            }
            PodDefaults.apply(to: &new)
            new.takeOverSystemFields(from: current)
            new.metadata.resourceVersion = current.metadata.resourceVersion
            let errors = validate(current, new)
            guard errors.isEmpty else { throw .invalid(kind: "Pod", name: name, errors: errors) }
            return new == current ? nil : new
        }
        if dryRun {
            guard let object = store.object(stream) else { throw .notFound(resource: "pods", name: name) }
            let current = try decode(Pod.self, object.bytes)
            return try encoded(try checked(current) ?? current)
        }
        let now = clock
        let binding = Mutex<Binding?>(nil)
        // A claim that no pod of the log stands behind is let go.
        var isStored = false
        defer { if !isStored, let uid = binding.withLock({ $0?.uid }) { ledger.release(uid) } }
        let seq = try await command(stream, origin: origin) { [self] current in
            guard var new = try checked(current) else { return nil }
            new.metadata.resourceVersion = ""
            if current.spec.nodeName.isEmpty, new.spec.schedulingGates.isEmpty {
                let bound = bind(&new)
                binding.withLock { $0 = bound }
            }
            let fact: PodFact =
                patchType.map { .patched(PodPatched(patchType: $0, changedAt: now())) }
                ?? .replaced(PodReplaced(changedAt: now()))
            return PodCommand.Change(fact: fact, object: new)
        }
        isStored = true
        if let bound = binding.withLock({ $0 }) { tellBinding(bound) }
        return try image(of: stream, at: seq)
    }

    /// Asks for a pod's end. The pod stays visible, with its deletionTimestamp, until its containers are gone; with a grace
    /// period of 0 it is gone at once, and the node cleans up after it.
    ///
    /// - Parameter options: `gracePeriodSeconds` nil takes the pod's own; `preconditions` must hold.
    package func deletePod(
        namespace: String,
        name: String,
        options: DeleteOptions,
        origin: RequestOrigin
    ) async throws(APIError) -> [UInt8] {
        let stream = PodStream.reference(namespace: namespace, name: name)
        let now = clock
        if options.isDryRun {
            guard let object = store.object(stream) else { throw .notFound(resource: "pods", name: name) }
            return object.bytes
        }
        let seq = try await command(stream, origin: origin) { [store] pod in
            try options.checkPreconditions(
                uid: pod.metadata.uid,
                resourceVersion: store.object(stream).map { String($0.resourceVersion) } ?? "",
                resource: "pods",
                name: name
            )
            let grace = pod.gracePeriodOfDeletion(asked: options.gracePeriodSeconds)
            let isForced = options.gracePeriodSeconds == 0 && pod.metadata.finalizers.isEmpty
            // A grace period can be shortened, never lengthened.
            if let current = pod.metadata.deletionGracePeriodSeconds, current <= grace, !isForced { return nil }
            let began =
                pod.metadata.deletionTimestamp.map {
                    $0.microsecondsSince1970 - (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1_000_000
                } ?? now()
            // An end that is past already moves back by what the period is shorter, as with kube-apiserver: never forward.
            let latest = pod.metadata.deletionTimestamp?.microsecondsSince1970 ?? .max
            let end = max(began, now() - grace * 1_000_000) + grace * 1_000_000
            let fact = PodDeletionRequested(
                gracePeriodSeconds: grace,
                deletionTimestamp: end < latest ? end : began + grace * 1_000_000
            )
            return PodCommand.Change(fact: .deletionRequested(fact), isDeletion: true, isForced: isForced)
        }
        return try image(of: stream, at: seq)
    }

    /// Why the pod runs or does not, in words, with what happened last and what to try next.
    package func why(namespace: String, name: String) async throws(APIError) -> String {
        guard let object = store.object(PodStream.reference(namespace: namespace, name: name)) else {
            throw .notFound(resource: "pods", name: name)
        }
        do {
            guard let record = try stream.replay(uid: object.uid) else {
                throw APIError.notFound(resource: "pods", name: name)
            }
            let facts = try store.history(uid: object.uid).compactMap { event -> (time: Int64, fact: PodFact)? in
                guard
                    case .pod(let fact) = try FactCoding.decode(
                        typeName: event.type,
                        schemaVersion: event.schema,
                        data: event.data
                    )
                else { return nil }
                return (event.time, fact)
            }
            return Reconciler.explain(record, recentFacts: facts, now: clock())
        } catch let error as APIError {
            throw error
        } catch {
            throw .internalError("the history of pod \(name) cannot be read: \(error)")
        }
    }

    /// Hands a command to the pod's worker and waits for its answer.
    @discardableResult
    func command(
        _ reference: StreamRef,
        origin: RequestOrigin,
        change: @escaping @Sendable (Pod) throws -> PodCommand.Change?
    ) async throws(APIError) -> Seq? {
        let worker = try await worker(of: reference)
        let result: Result<Seq?, APIError> = await withCheckedContinuation { continuation in
            let command = PodCommand(change: change, origin: origin) { continuation.resume(returning: $0) }
            worker.send(.command(command))
        }
        return try result.get()
    }

    /// The owner of a pod that is in the log. One that was stored an instant ago may not have its owner yet.
    private func worker(of reference: StreamRef) async throws(APIError) -> PodWorker {
        try await requireReady()
        for _ in 0..<100 {
            guard let object = store.object(reference) else { break }
            if let worker = table.worker(object.uid) { return worker }
            try? await Task.sleep(for: .milliseconds(10))  // cancelled with the request: the loop ends soon
        }
        throw .notFound(resource: "pods", name: reference.name)
    }

    private func newFact(_ fact: PodFact, _ after: Pod) throws(APIError) -> NewFact {
        do {
            return try stream.newFact(fact, before: nil, after: after)
        } catch {
            throw .internalError("a fact cannot be encoded: \(error)")
        }
    }
}

extension Agent {
    /// A pod whose last scheduling gate was removed.
    private struct Binding: Sendable {
        var uid: UID
        var pod: Pod
        var rejection: Admission.Rejection?
    }

    /// Takes the pod to this node if there is room for it, as at its creation.
    private func bind(_ pod: inout Pod) -> Binding? {
        guard let uid = UID(pod.metadata.uid) else { return nil }
        pod = Reconciler.bind(pod, to: node, now: clock())
        let rejection = claimRoom(for: pod, uid: uid)
        if let rejection { pod.reject(rejection) }
        return Binding(uid: uid, pod: pod, rejection: rejection)
    }

    private func tellBinding(_ binding: Binding) {
        let scheduled = KubernetesEvents.scheduled(binding.pod.metadata, to: node.name)
        tell(binding.pod, PodWarned(reason: "Scheduled", message: scheduled, isNormal: true))
        if let rejection = binding.rejection {
            tell(binding.pod, PodWarned(reason: rejection.reason, message: rejection.message))
        }
    }

    /// Claims what the pod asks for, or says why it may not run here.
    private func claimRoom(for pod: Pod, uid: UID) -> Admission.Rejection? {
        let labels =
            store.object(StreamRef(resource: Self.nodeResource, namespace: "", name: node.name))
            .flatMap { try? decode(Node.self, $0.bytes).metadata.labels } ?? [:]  // no node yet: no labels
        let admitting = Admission.Node(
            labels: labels,
            name: node.name,
            capacity: room,
            hasAppArmor: hasAppArmor
        )
        return ledger.claim(uid, NodeClaim(pod)) { used in
            Admission.rejection(of: pod, on: admitting, used: used)
        }
    }
}

extension Pod {
    /// Ends a new pod before it began, as kubelet does with one that it does not admit.
    fileprivate mutating func reject(_ rejection: Admission.Rejection) {
        status.phase = "Failed"
        status.reason = rejection.reason
        status.message = "Pod was rejected: " + rejection.message
    }
}
