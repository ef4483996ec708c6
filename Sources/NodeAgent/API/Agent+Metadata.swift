import EventLog
import Facts
package import KubernetesAPI

/// Changes of objects of which the agent owns all but the metadata: namespaces and the node.
extension Agent {
    /// Changes a namespace: `change` sees it as it is now, with its resourceVersion, and returns what it shall be.
    package func updateNamespace(
        _ name: String,
        isPatch: Bool,
        origin: RequestOrigin,
        dryRun: Bool,
        change: (Namespace) throws(APIError) -> Namespace
    ) async throws(APIError) -> [UInt8] {
        let stored = try await updateMetadata(
            of: Self.namespaceStream(name),
            isPatch: isPatch,
            origin: origin,
            dryRun: dryRun,
            change: change
        ) { (old: Namespace, new: inout Namespace) in
            new.spec = old.spec
            new.status = old.status
            new.metadata.labels["kubernetes.io/metadata.name"] = name
            return ObjectValidation.validate(new)
        } fact: { new throws(APIError) in
            try newFact(NamespaceReplaced(), after: new, \.metadata)
        }
        // Its last finalizer may have gone.
        if !dryRun { try await removeEmptyNamespace(name) }
        return stored
    }

    /// Changes a node, as `updateNamespace` does.
    package func updateNode(
        _ name: String,
        patchType: String?,
        origin: RequestOrigin,
        dryRun: Bool,
        change: (Node) throws(APIError) -> Node
    ) async throws(APIError) -> [UInt8] {
        try await updateMetadata(
            of: StreamRef(resource: Self.nodeResource, namespace: "", name: name),
            isPatch: patchType != nil,
            origin: origin,
            dryRun: dryRun,
            change: change
        ) { (old: Node, new: inout Node) in
            new.status = old.status
            var errors = ObjectValidation.validateUpdate(old: old, new: new)
            if new.spec != old.spec {
                let why =
                    "nobody here would heed it: this node schedules nothing, what is posted to it runs on it; "
                    + "labels, annotations and other metadata can be changed"
                errors.append(FieldError(type: .forbidden, field: "spec", detail: why))
            }
            return errors
        } fact: { new throws(APIError) in
            if let patchType {
                try newFact(NodePatched(patchType: patchType), after: new, \.metadata)
            } else {
                try newFact(NodeReplaced(), after: new, \.metadata)
            }
        }
    }

    /// - Parameter settle: Puts back what is not the client's, and says which rules the rest breaks.
    private func updateMetadata<Object: KubernetesAPI.StoredObject & Equatable>(
        of stream: StreamRef,
        isPatch: Bool,
        origin: RequestOrigin,
        dryRun: Bool,
        change: (Object) throws(APIError) -> Object,
        settle: (_ old: Object, _ new: inout Object) -> [FieldError],
        fact: (Object) throws(APIError) -> NewFact
    ) async throws(APIError) -> [UInt8] {
        let resource = stream.resource.plural
        while true {
            guard let stored = store.object(stream) else { throw .notFound(resource: resource, name: stream.name) }
            var current = try decode(Object.self, stored.bytes)
            current.metadata.resourceVersion = String(stored.resourceVersion)
            var new = try change(current)
            let version = new.metadata.resourceVersion
            guard version.isEmpty || version == current.metadata.resourceVersion else {
                throw .conflict(resource: resource, name: stream.name)
            }
            new.metadata.takeOverIdentity(of: current.metadata)
            new.kind = Object.kindName
            new.apiVersion = "v1"
            let errors =
                settle(current, &new)
                + ObjectValidation.validateFinalizers(old: current.metadata, new: new.metadata)
            guard errors.isEmpty else { throw .invalid(kind: Object.kindName, name: stream.name, errors: errors) }
            if new == current { return stored.bytes }
            if dryRun { return try encoded(new) }
            new.metadata.resourceVersion = ""
            do {
                let appended = try await append(
                    Proposal(
                        stream: stream,
                        expected: .exact(stored.resourceVersion),
                        facts: [try fact(new)],
                        actor: origin.actor,
                        request: origin.request
                    ),
                    resource: resource,
                    name: stream.name
                )
                return try image(at: appended.last)
            } catch {
                // A change that does not say of which version it is, is one of the newest.
                guard error.status.reason == StatusReason.conflict.rawValue, isPatch else { throw error }
            }
        }
    }
}
