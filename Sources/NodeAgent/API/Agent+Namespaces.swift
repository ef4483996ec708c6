import EventLog
import Facts
package import KubernetesAPI

/// Namespaces: pods live in them, and deleting one deletes its pods.
extension Agent {
    static let namespaceResource = ResourceKey(group: "", version: "v1", plural: "namespaces")

    /// There from the start, as in any cluster.
    static let initialNamespaces = ["default", "kube-node-lease", "kube-public", "kube-system"]

    static func namespaceStream(_ name: String) -> StreamRef {
        StreamRef(resource: namespaceResource, namespace: "", name: name)
    }

    /// Stores a new namespace.
    package func createNamespace(
        _ namespace: Namespace,
        origin: RequestOrigin,
        dryRun: Bool = false
    ) async throws(APIError) -> [UInt8] {
        var namespace = namespace
        generateName(&namespace.metadata)
        let errors = ObjectValidation.validate(namespace)
        let name = namespace.metadata.name
        guard errors.isEmpty else { throw .invalid(kind: "Namespace", name: name, errors: errors) }
        let uid = try begin(&namespace.metadata)
        namespace.metadata.namespace = ""
        namespace.metadata.labels["kubernetes.io/metadata.name"] = name
        namespace.spec.finalizers = ["kubernetes"]
        namespace.status = NamespaceStatus(phase: "Active")
        if dryRun {
            guard store.object(Self.namespaceStream(name)) == nil else {
                throw .alreadyExists(resource: "namespaces", name: name)
            }
            return try encoded(namespace)
        }
        let appended = try await append(
            Proposal(
                stream: Self.namespaceStream(name),
                uid: uid,
                expected: .absent,
                facts: [try newFact(NamespaceCreated(), after: namespace, \.metadata)],
                actor: origin.actor,
                request: origin.request
            ),
            resource: "namespaces",
            name: name
        )
        return try image(at: appended.last)
    }

    /// Marks a namespace as terminating and deletes its pods; it goes when the last of them is gone.
    package func deleteNamespace(
        _ name: String,
        options: DeleteOptions,
        origin: RequestOrigin
    ) async throws(APIError) -> [UInt8] {
        let stream = Self.namespaceStream(name)
        guard let object = store.object(stream) else { throw .notFound(resource: "namespaces", name: name) }
        guard name != "default", name != "kube-system", name != "kube-public" else {
            throw .forbidden(resource: "namespaces", name: name, why: "this namespace may not be deleted")
        }
        try options.checkPreconditions(
            uid: object.uid.description,
            resourceVersion: String(object.resourceVersion),
            resource: "namespaces",
            name: name
        )
        if options.isDryRun { return object.bytes }
        var namespace = try decode(Namespace.self, object.bytes)
        if namespace.metadata.deletionTimestamp == nil {
            let now = clock()
            namespace.metadata.deletionTimestamp = Time(microsecondsSince1970: now)
            namespace.status.phase = "Terminating"
            _ = try await append(
                Proposal(
                    stream: stream,
                    expected: .exact(object.resourceVersion),
                    facts: [
                        try newFact(NamespaceDeletionRequested(deletionTimestamp: now), after: namespace, \.metadata)
                    ],
                    actor: origin.actor,
                    request: origin.request,
                    priority: .runtime
                ),
                resource: "namespaces",
                name: name
            )
        }
        for pod in store.objects(resource: PodStream.resource, namespace: name).items {
            try await deletePodIfThere(name, pod.stream.name, origin: origin)
        }
        try await removeEmptyNamespace(name)
        if let left = store.object(stream) { return left.bytes }
        return try encoded(namespace)
    }

    /// Removes a terminating namespace once no pod is in it, and nothing that finalizers keep.
    func removeEmptyNamespace(_ name: String) async throws(APIError) {
        let stream = Self.namespaceStream(name)
        guard let object = store.object(stream) else { return }
        let namespace = try decode(Namespace.self, object.bytes)
        guard namespace.metadata.deletionTimestamp != nil, namespace.metadata.finalizers.isEmpty,
            store.objects(resource: PodStream.resource, namespace: name).items.isEmpty
        else { return }
        guard try await removeConfiguration(in: name, origin: RequestOrigin(actor: systemActor)) else { return }
        var fact = try newFact(NamespaceRemoved(), after: namespace, \.metadata)
        fact.after = nil
        fact.deletesObject = true
        let proposal = Proposal(
            stream: stream,
            expected: .uid(object.uid),
            facts: [fact],
            actor: systemActor,
            priority: .runtime
        )
        do {
            _ = try await append(proposal, resource: "namespaces", name: name)
        } catch {
            if error.status.code != 404 { throw error }  // else somebody was faster
        }
    }

    private func deletePodIfThere(_ namespace: String, _ name: String, origin: RequestOrigin) async throws(APIError) {
        do {
            _ = try await deletePod(namespace: namespace, name: name, options: DeleteOptions(), origin: origin)
        } catch {
            if error.status.code != 404 { throw error }  // else it is gone already
        }
    }

    /// - Throws: 404 if the namespace is not there, 403 if it is going away.
    func requireNamespace(_ name: String) throws(APIError) {
        guard let object = store.object(Self.namespaceStream(name)) else {
            throw .notFound(resource: "namespaces", name: name)
        }
        guard try decode(Namespace.self, object.bytes).metadata.deletionTimestamp == nil else {
            throw .forbidden(
                resource: "namespaces",
                name: name,
                why: "unable to create new content in namespace \(name) because it is being terminated"
            )
        }
    }

    func newFact<Object: Encodable>(
        _ payload: some FactPayload,
        after object: Object,
        _ metadata: WritableKeyPath<Object, ObjectMeta>
    ) throws(APIError) -> NewFact {
        do {
            let encoded = try FactCoding.encode(payload)
            return NewFact(
                type: encoded.typeName,
                schema: encoded.schemaVersion,
                data: encoded.data,
                after: try ObjectDocument.image(of: object, metadata)
            )
        } catch {
            throw .internalError("a fact cannot be encoded: \(error)")
        }
    }
}
