import EventLog
import Facts
import Journal
import Linux
import TestSupport
import Testing

@testable import NodeAgent

@Suite("The event log in the journal")
struct LogJournalTests {
    /// The example of a type that the tests of Facts keep.
    private static func example(_ type: FactType) throws -> [UInt8] {
        let tests = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        return try Files.read("/\(tests)/FactsTests/Fixtures/\(type.name).v\(type.version).json")
    }

    private static func record(
        _ type: String,
        schema: Int = 1,
        data: [UInt8],
        plural: String = "pods",
        namespace: String = "default",
        name: String = "p",
        request: String? = nil
    ) throws -> EventRecord {
        EventRecord(
            seq: 42,
            stream: StreamRef(
                resource: ResourceKey(group: "", version: "v1", plural: plural),
                namespace: namespace,
                name: name
            ),
            uid: try #require(UID(Fixture.uid)),
            version: 3,
            previousSeq: 41,
            type: type,
            schema: schema,
            time: 1_795_000_000_000_000,
            actor: "unix:root",
            correlation: 40,
            cause: 41,
            request: request,
            data: data,
            after: nil,
            change: .none
        )
    }

    private static func fields(_ record: JournalRecord) -> [String: String] {
        Dictionary(
            record.fields.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    @Test(
        "every type of fact gives a record with a message, an id and its place in the log",
        arguments: FactType.all.map(\.name)
    )
    func everyType(name: String) throws {
        let type = try #require(FactType.all.first { $0.name == name })
        let event = try Self.record(type.name, schema: type.version, data: Self.example(type))
        let record = try EventRecordSentence(event: event, nodeName: "n1", request: event.request).journalRecord()
        #expect(!record.message.isEmpty)
        #expect(!record.message.contains("\n") || name == "ContainerExited")
        #expect(record.messageID == MessageID(eventType: name))
        #expect(record.messageID != nil, "no MESSAGE_ID for \(name): add one to MessageID and to the catalog")
        let fields = Self.fields(record)
        #expect(fields["SWIFTLET_EVENT"] == EventName.dotted(name))
        #expect(fields["SWIFTLET_EVENT_TIME"]?.hasPrefix("2026-11-18T") == true)
        #expect(fields["SWIFTLET_EVENT_SEQ"] == "42")
        #expect(fields["SWIFTLET_ACTOR"] == "unix:root")
        #expect(fields["SWIFTLET_NODE"] == "n1")
        #expect(fields["SWIFTLET_CAUSE"] == "41")
        #expect(fields["SWIFTLET_CORRELATION"] == "40")
        #expect(fields.count == record.fields.count, "a field comes twice")
    }

    @Test("the end of a container has the fields that docker's journald driver has, and its own")
    func exited() throws {
        let container = ContainerRef(name: "web", kind: .main)
        let id = DerivedID.container(podUID: Fixture.uid, name: "web", attempt: 2)
        let fact = ContainerExited(
            container: container,
            containerID: id,
            attempt: 2,
            exitCode: 137,
            signal: 9,
            oomKilled: true,
            finishedAt: 1_795_000_000_000_000
        )
        let encoded = try FactCoding.encode(fact)
        let record = try EventRecordSentence(
            event: Self.record(encoded.typeName, data: encoded.data),
            nodeName: "n1",
            request: nil
        ).journalRecord()
        let fields = Self.fields(record)
        #expect(fields["CONTAINER_NAME"] == "web")
        #expect(fields["CONTAINER_ID"] == String(id.prefix(12)))
        #expect(fields["CONTAINER_ID_FULL"] == id)
        #expect(fields["SWIFTLET_POD"] == "p")
        #expect(fields["SWIFTLET_NAMESPACE"] == "default")
        #expect(fields["SWIFTLET_POD_UID"] == Fixture.uid)
        #expect(fields["SWIFTLET_EXIT_CODE"] == "137")
        #expect(fields["SWIFTLET_SIGNAL"] == "9")
        #expect(fields["SWIFTLET_OOM_KILLED"] == "true")
        #expect(fields["SWIFTLET_RESTART_COUNT"] == "2")
        #expect(record.priority == .notice)
        #expect(record.facility == .daemon)
    }

    @Test("what a client asked for is told to the authorization facility with its request's id")
    func asked() throws {
        let encoded = try FactCoding.encode(PodCreated(nodeName: "n1"))
        let event = try Self.record(encoded.typeName, data: encoded.data, request: "r-1")
        let record = try EventRecordSentence(event: event, nodeName: "n1", request: event.request).journalRecord()
        #expect(record.facility == .authorization)
        #expect(Self.fields(record)["SWIFTLET_REQUEST_ID"] == "r-1")
        #expect(Self.fields(record)["SWIFTLET_RESOURCE"] == "pod/default/p")
    }

    @Test("a request's record says who asked for what, with the process behind it, and what came of it")
    func request() throws {
        let fact = APIRequestAnswered(
            verb: "delete",
            method: "DELETE",
            uri: "/api/v1/namespaces/default/pods/web",
            resource: "pod/default/web",
            status: 403,
            durationMicroseconds: 1500,
            userAgent: "curl/7.88.1",
            remote: "unix",
            peer: RequestPeer(
                uid: 1000,
                gid: 100,
                pid: 77,
                command: "curl",
                loginUID: 1000,
                session: 3,
                unit: "a.scope"
            )
        )
        let encoded = try FactCoding.encode(fact)
        let event = try Self.record(
            encoded.typeName,
            data: encoded.data,
            plural: "requests",
            namespace: "",
            request: "r"
        )
        let record = try EventRecordSentence(event: event, nodeName: "n1", request: event.request).journalRecord()
        let expected = [
            "SWIFTLET_EVENT": "api.request", "SWIFTLET_VERB": "delete", "SWIFTLET_METHOD": "DELETE",
            "SWIFTLET_URI": "/api/v1/namespaces/default/pods/web", "SWIFTLET_STATUS": "403",
            "SWIFTLET_DURATION_USEC": "1500", "SWIFTLET_USER_AGENT": "curl/7.88.1", "SWIFTLET_REMOTE": "unix",
            "SWIFTLET_RESOURCE": "pod/default/web", "SWIFTLET_NAMESPACE": "default", "SWIFTLET_POD": "web",
            "SWIFTLET_ACTOR": "unix:root", "SWIFTLET_ACTOR_UID": "1000", "SWIFTLET_ACTOR_GID": "100",
            "SWIFTLET_ACTOR_PID": "77", "SWIFTLET_ACTOR_COMM": "curl", "SWIFTLET_ACTOR_LOGINUID": "1000",
            "SWIFTLET_ACTOR_SESSION": "3", "SWIFTLET_ACTOR_UNIT": "a.scope", "SWIFTLET_REQUEST_ID": "r",
        ]
        let fields = Self.fields(record)
        for (name, value) in expected { #expect(fields[name] == value, "\(name)") }
        #expect(record.priority == .warning)
        #expect(record.facility == .authorization)
        #expect(record.message == "unix:root: DELETE /api/v1/namespaces/default/pods/web was answered with 403 in 1ms")
    }

    @Test("a fact of a later version is an error, never a record that says something else")
    func unknown() throws {
        let event = try Self.record("FromTheFuture", data: Array("{}".utf8))
        #expect(throws: FactError.self) {
            try EventRecordSentence(event: event, nodeName: "n1", request: event.request).journalRecord()
        }
    }

    @Test("what follows from a request carries the request's id, however late")
    func correlated() async throws {
        let directory = try TemporaryDirectory()
        let store = try EventStore.open(directory: directory.path)
        let encoded = try FactCoding.encode(NodeRegistered(nodeName: "n1"))
        let fact = NewFact(type: encoded.typeName, schema: encoded.schemaVersion, data: encoded.data)
        let stream = StreamRef(
            resource: ResourceKey(group: "", version: "v1", plural: "nodes"),
            namespace: "",
            name: "n1"
        )
        for (cause, request) in [(nil, "r-1"), (1, nil), (2, nil), (nil, nil)] as [(Seq?, String?)] {
            _ = try await store.append(
                Proposal(
                    stream: stream,
                    uid: UID(Fixture.uid),
                    expected: .any,
                    facts: [fact],
                    actor: "test",
                    cause: cause,
                    request: request
                )
            )
        }
        let records = try LogJournal(store: store, nodeName: "n1").records(after: 1, limit: 10)
        #expect(records.map { Self.fields($0.record)["SWIFTLET_REQUEST_ID"] } == ["r-1", "r-1", nil])
        await store.close()
    }

    @Test("records come in the log's order after a position, and the position is kept in the log")
    func source() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path
        let store = try EventStore.open(directory: path)
        let encoded = try FactCoding.encode(NodeRegistered(nodeName: "n1"))
        for name in ["a", "b", "c"] {
            _ = try await store.append(
                Proposal(
                    stream: StreamRef(
                        resource: ResourceKey(group: "", version: "v1", plural: "nodes"),
                        namespace: "",
                        name: name
                    ),
                    uid: UID.random(),
                    expected: .absent,
                    facts: [NewFact(type: encoded.typeName, schema: encoded.schemaVersion, data: encoded.data)],
                    actor: "test"
                )
            )
        }
        let source = LogJournal(store: store, nodeName: "n1")
        #expect(try source.records(after: 0, limit: 10).map(\.position) == [1, 2, 3])
        #expect(try source.records(after: 1, limit: 1).map(\.position) == [2])
        #expect(try source.records(after: 3, limit: 10).isEmpty)
        try source.savePosition(2)
        // The position rides along with the next synced commit, or is written by itself shortly after.
        for _ in 0..<1500 where store.consumerPosition(LogJournal.consumer) != 2 {
            try await Task.sleep(for: .milliseconds(20))
        }
        await store.close()
        let again = try EventStore.open(directory: path)
        #expect(again.consumerPosition(LogJournal.consumer) == 2)
        await again.close()
    }
}
