import EventLog
import Facts
package import KubernetesAPI

/// What clients ask of ConfigMaps and Secrets. Answers are the bytes that the log serves.
///
/// What an object holds is in its after-images only: no payload, no journal record and no message has any of it.
extension Agent {
    /// Stores a new object.
    package func createConfiguration<Object: ConfigurationObject>(
        _ object: Object,
        namespace: String,
        origin: RequestOrigin,
        dryRun: Bool
    ) async throws(APIError) -> [UInt8] {
        var object = object
        try place(&object.metadata, in: namespace)
        try requireNamespace(namespace)
        generateName(&object.metadata)
        object.applyDefaults()
        let name = object.metadata.name
        let errors = object.brokenRules()
        guard errors.isEmpty else { throw .invalid(kind: Object.kindName, name: name, errors: errors) }
        let stream = Object.stream(namespace: namespace, name: name)
        let uid = UID.random()
        object.metadata.uid = uid.description
        object.metadata.resourceVersion = ""
        object.metadata.generation = 0
        object.metadata.deletionTimestamp = nil
        object.metadata.creationTimestamp = Time(microsecondsSince1970: clock())
        if dryRun {
            guard store.object(stream) == nil else { throw .alreadyExists(resource: Object.plural, name: name) }
            return try encoded(object)
        }
        let appended = try await append(
            Proposal(
                stream: stream,
                uid: uid,
                expected: .absent,
                facts: [try newFact(ConfigurationCreated(kind: Object.kindName), after: object, \.metadata)],
                actor: origin.actor,
                request: origin.request
            ),
            resource: Object.plural,
            name: name
        )
        return try image(at: appended.last)
    }

    /// Changes an object: `change` sees it as it is now, with its resourceVersion, and returns what it shall be.
    package func updateConfiguration<Object: ConfigurationObject>(
        _ type: Object.Type,
        namespace: String,
        name: String,
        patchType: String?,
        origin: RequestOrigin,
        dryRun: Bool,
        change: (Object) throws(APIError) -> Object
    ) async throws(APIError) -> [UInt8] {
        let stream = Object.stream(namespace: namespace, name: name)
        while true {
            guard let stored = store.object(stream) else { throw .notFound(resource: Object.plural, name: name) }
            var current = try decode(type, stored.bytes)
            current.metadata.resourceVersion = String(stored.resourceVersion)
            var new = try change(current)
            let isPinned = !new.metadata.resourceVersion.isEmpty
            guard !isPinned || new.metadata.resourceVersion == current.metadata.resourceVersion else {
                throw .conflict(resource: Object.plural, name: name)
            }
            new.applyDefaults()
            new.metadata.takeOverIdentity(of: current.metadata)
            let errors = Self.brokenRules(old: current, new: new)
            guard errors.isEmpty else { throw .invalid(kind: Object.kindName, name: name, errors: errors) }
            if new == current { return stored.bytes }
            if dryRun { return try encoded(new) }
            new.metadata.resourceVersion = ""
            let fact = ConfigurationChanged(kind: Object.kindName, patchType: patchType)
            do {
                let appended = try await append(
                    Proposal(
                        stream: stream,
                        expected: .exact(stored.resourceVersion),
                        facts: [try newFact(fact, after: new, \.metadata)],
                        actor: origin.actor,
                        request: origin.request
                    ),
                    resource: Object.plural,
                    name: name
                )
                return try image(at: appended.last)
            } catch {
                // A change that does not say of which version it is, is one of the newest.
                guard error.status.reason == StatusReason.conflict.rawValue, patchType != nil else { throw error }
            }
        }
    }

    private static func brokenRules<Object: ConfigurationObject>(old: Object, new: Object) -> [FieldError] {
        guard old.immutable == true, new.immutable != true || !new.holdsTheSame(as: old) else {
            return new.brokenRules()
        }
        let why = "field is immutable when `immutable` is set; delete the object and create it again"
        return [FieldError(type: .forbidden, field: new.immutable != true ? "immutable" : "data", detail: why)]
    }

    /// Removes an object; pods that run keep what they have of it.
    package func deleteConfiguration<Object: ConfigurationObject>(
        _ type: Object.Type,
        namespace: String,
        name: String,
        options: DeleteOptions,
        origin: RequestOrigin
    ) async throws(APIError) -> [UInt8] {
        let stream = Object.stream(namespace: namespace, name: name)
        guard let stored = store.object(stream) else { throw .notFound(resource: Object.plural, name: name) }
        let object = try decode(type, stored.bytes)
        let uid = options.preconditions?.uid ?? object.metadata.uid
        let version = options.preconditions?.resourceVersion
        guard uid == object.metadata.uid, version == nil || version == String(stored.resourceVersion) else {
            throw .conflict(
                resource: Object.plural,
                name: name,
                why: "the precondition does not hold: it has uid \(object.metadata.uid) and resourceVersion "
                    + "\(stored.resourceVersion)"
            )
        }
        if options.dryRun.contains("All") { return stored.bytes }
        var fact = try newFact(ConfigurationRemoved(kind: Object.kindName), after: object, \.metadata)
        fact.after = nil
        fact.deletesObject = true
        _ = try await append(
            Proposal(
                stream: stream,
                expected: version == nil ? .uid(stored.uid) : .exact(stored.resourceVersion),
                facts: [fact],
                actor: origin.actor,
                request: origin.request
            ),
            resource: Object.plural,
            name: name
        )
        return stored.bytes
    }

    /// Removes all of a namespace that is going away.
    func removeConfiguration(in namespace: String, origin: RequestOrigin) async throws(APIError) {
        try await removeAll(ConfigMap.self, in: namespace, origin)
        try await removeAll(Secret.self, in: namespace, origin)
    }

    private func removeAll<Object: ConfigurationObject>(
        _ type: Object.Type,
        in namespace: String,
        _ origin: RequestOrigin
    ) async throws(APIError) {
        for object in store.objects(resource: Object.resource, namespace: namespace).items {
            do {
                _ = try await deleteConfiguration(
                    type,
                    namespace: namespace,
                    name: object.stream.name,
                    options: DeleteOptions(),
                    origin: origin
                )
            } catch {
                if error.status.code != 404 { throw error }  // else somebody was faster
            }
        }
    }
}

extension ObjectMeta {
    /// What a client cannot change of a stored object.
    fileprivate mutating func takeOverIdentity(of old: ObjectMeta) {
        name = old.name
        namespace = old.namespace
        generateName = old.generateName
        uid = old.uid
        creationTimestamp = old.creationTimestamp
        generation = old.generation
        deletionTimestamp = old.deletionTimestamp
        resourceVersion = old.resourceVersion
    }
}
