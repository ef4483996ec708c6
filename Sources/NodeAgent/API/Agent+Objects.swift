import EventLog
import JSON
import KubernetesAPI

/// What all kinds of objects have in common.
extension Agent {
    /// Appends a proposal and turns a refusal into the answer a client understands.
    func append(_ proposal: Proposal, resource: String, name: String) async throws(APIError) -> Appended {
        do {
            return try await store.append(proposal)
        } catch {
            throw APIError(error, resource: resource, name: name)
        }
    }

    /// The object as it was after an event of the log.
    func image(at seq: Seq) throws(APIError) -> [UInt8] {
        do {
            guard let bytes = try store.event(seq)?.after else {
                // What a request led to that is repeated under its Idempotency-Key may be long past.
                guard seq > store.floor else {
                    throw APIError.expired(
                        "the request was carried out before, as event \(seq); what it led to is no longer in the "
                            + "event log, which begins after \(store.floor): read the object as it is now"
                    )
                }
                throw APIError.internalError("event \(seq) has no object")
            }
            return bytes
        } catch let error as APIError {
            throw error
        } catch {
            throw .internalError("event \(seq) cannot be read: \(error)")
        }
    }

    /// The object after an event, or as it is now if there was no event or the event did not change it.
    func image(of stream: StreamRef, at seq: Seq?) throws(APIError) -> [UInt8] {
        if let seq, !isWithoutChange(seq) { return try image(at: seq) }
        guard let object = store.object(stream) else {
            throw .notFound(resource: stream.resource.plural, name: stream.name)
        }
        return object.bytes
    }

    private func isWithoutChange(_ seq: Seq) -> Bool {
        // What cannot be read is told by whoever wants its image.
        guard let event = try? store.event(seq) else { return false }
        return event.after == nil
    }

    func encoded(_ object: some Encodable) throws(APIError) -> [UInt8] {
        do {
            return try JSONCoding.encode(object)
        } catch {
            throw .internalError("an object cannot be encoded: \(error)")
        }
    }

    func decode<Object: Decodable>(_ type: Object.Type, _ bytes: [UInt8]) throws(APIError) -> Object {
        do {
            return try JSONCoding.decode(type, from: bytes)
        } catch {
            throw .internalError("a stored object cannot be read: \(error); check the log with `swiftlet db verify`")
        }
    }

    /// Puts an object into the namespace of the URL.
    func place(_ metadata: inout ObjectMeta, in namespace: String) throws(APIError) {
        guard metadata.namespace.isEmpty || metadata.namespace == namespace else {
            throw .badRequest(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        }
        metadata.namespace = namespace
    }

    func generateName(_ metadata: inout ObjectMeta) {
        guard metadata.name.isEmpty, !metadata.generateName.isEmpty else { return }
        var generator = SystemRandomNumberGenerator()
        metadata.name = metadata.generateName + NameGenerator.suffix(using: &generator)
    }

    /// Gives a new object its identity, and takes away what only a stored one has, as kube-apiserver does.
    ///
    /// - Throws: 400 for an object with a resourceVersion: it was read from somewhere, and the client means another one.
    func begin(_ metadata: inout ObjectMeta) throws(APIError) -> UID {
        guard metadata.resourceVersion.isEmpty || metadata.resourceVersion == "0" else {
            throw .badRequest(
                "resourceVersion should not be set on objects to be created: remove metadata.resourceVersion "
                    + "(\(metadata.resourceVersion)), or PUT the object to change the one that exists"
            )
        }
        let uid = UID.random()
        metadata.uid = uid.description
        metadata.resourceVersion = ""
        metadata.selfLink = ""
        metadata.generation = 0
        metadata.creationTimestamp = Time(microsecondsSince1970: clock())
        metadata.deletionTimestamp = nil
        metadata.deletionGracePeriodSeconds = nil
        return uid
    }
}

extension APIError {
    /// What a client is told when the log does not take its change.
    init(_ error: AppendError, resource: String, name: String) {
        switch error {
        case .conflict, .uidMismatch: self = .conflict(resource: resource, name: name)
        case .alreadyExists: self = .alreadyExists(resource: resource, name: name)
        case .notFound: self = .notFound(resource: resource, name: name)
        case .idempotencyMismatch:
            self = APIError(.invalid, "the Idempotency-Key was used for another request; take a new one")
        case .overloaded(let delay):
            self = .tooManyRequests(
                "the event log is busy; try again later",
                retryAfter: Int32(max(1, delay.components.seconds))
            )
        case .readOnly(let reason):
            self = .serviceUnavailable("the event log takes no changes: \(reason)", retryAfter: 10)
        case .tooLarge: self = .requestEntityTooLarge(limit: 3 << 19)
        case .outcomeUnknown(let why):
            self = .timeout(
                "it is not known whether the change was stored (\(why)); read the object before trying again"
            )
        case .invalid(let why): self = .internalError(why)
        case .closed: self = .serviceUnavailable("the agent is stopping", retryAfter: 5)
        }
    }
}
