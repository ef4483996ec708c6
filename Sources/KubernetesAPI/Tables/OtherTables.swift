package import JSON

extension Event: TableObject {
    package static var columns: [TableColumnDefinition] {
        [
            TableColumnDefinition("Last Seen", "Time since the event was last seen."),
            TableColumnDefinition("Type", "Normal or Warning."),
            TableColumnDefinition("Reason", "What happened, in one word."),
            TableColumnDefinition("Object", "The object that it happened to."),
            TableColumnDefinition("Subobject", priority: 1, "The part of the object that it happened to."),
            TableColumnDefinition("Source", priority: 1, "Who reports the event."),
            TableColumnDefinition("Message", "What happened, in a sentence."),
            TableColumnDefinition("First Seen", priority: 1, "Time since the event was first seen."),
            TableColumnDefinition("Count", type: "integer", priority: 1, "How often the event was seen."),
            TableColumnDefinition("Name", format: "name", priority: 1, "The event's name."),
        ]
    }

    package func cells(now: Time) -> [JSONValue] {
        let begin = firstTimestamp ?? eventTime.map(Event.seconds)
        let end = series.flatMap { $0.lastObservedTime.map(Event.seconds) } ?? lastTimestamp ?? begin
        let kind = involvedObject.kind.lowercased()
        let object = involvedObject.name.isEmpty ? kind : "\(kind)/\(involvedObject.name)"
        let reporter =
            source.component.isEmpty ? [reportingComponent, reportingInstance] : [source.component, source.host]
        return [
            .string(HumanDuration.since(end, now: now)), .string(type), .string(reason), .string(object),
            .string(involvedObject.fieldPath), .string(reporter.filter { !$0.isEmpty }.joined(separator: ", ")),
            .string(Event.trimmed(message)), .string(HumanDuration.since(begin, now: now)),
            .number(JSONNumber(series?.count ?? max(count, 1))), .string(metadata.name),
        ]
    }

    private static func seconds(_ time: MicroTime) -> Time {
        Time(microsecondsSince1970: time.microsecondsSince1970)
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop(while: \.isWhitespace)
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...last])
    }
}

extension Node: TableObject {
    package static var columns: [TableColumnDefinition] {
        [
            TableColumnDefinition("Name", format: "name", "The node's name."),
            TableColumnDefinition("Status", "Whether the node is ready and takes new pods."),
            TableColumnDefinition("Roles", "The roles that its labels give it."),
            TableColumnDefinition("Age", "Time since the node was registered."),
            TableColumnDefinition("Version", "The version of the node agent."),
            TableColumnDefinition("Internal-IP", priority: 1, "The address inside the network."),
            TableColumnDefinition("External-IP", priority: 1, "The address outside of it."),
            TableColumnDefinition("OS-Image", priority: 1, "The operating system."),
            TableColumnDefinition("Kernel-Version", priority: 1, "The kernel."),
            TableColumnDefinition("Container-Runtime", priority: 1, "The container runtime and its version."),
        ]
    }

    package func cells(now: Time) -> [JSONValue] {
        func address(_ type: String) -> String { status.addresses.first { $0.type == type }?.address ?? "" }
        let info = status.nodeInfo
        return [
            .string(metadata.name), .string(statusText), .orNone(roles.joined(separator: ",")),
            .string(HumanDuration.since(metadata.creationTimestamp, now: now)), .string(info.kubeletVersion),
            .orNone(address("InternalIP")), .orNone(address("ExternalIP")), .orNone(info.osImage, "<unknown>"),
            .orNone(info.kernelVersion, "<unknown>"), .orNone(info.containerRuntimeVersion, "<unknown>"),
        ]
    }

    /// The STATUS column.
    package var statusText: String {
        let ready = status.conditions.first { $0.type == "Ready" }
        var words = [ready.map { $0.status == ConditionStatus.isTrue ? "Ready" : "NotReady" } ?? "Unknown"]
        if spec.unschedulable { words.append("SchedulingDisabled") }
        return words.joined(separator: ",")
    }

    private var roles: [String] {
        let prefix = "node-role.kubernetes.io/"
        var roles: Set<String> = []
        for (key, value) in metadata.labels {
            if key.hasPrefix(prefix), key.count > prefix.count { roles.insert(String(key.dropFirst(prefix.count))) }
            if key == "kubernetes.io/role", !value.isEmpty { roles.insert(value) }
        }
        return roles.sorted()
    }
}

extension Namespace: TableObject {
    package static var columns: [TableColumnDefinition] {
        [
            TableColumnDefinition("Name", format: "name", "The namespace's name."),
            TableColumnDefinition("Status", "Active or Terminating."),
            TableColumnDefinition("Age", "Time since the namespace was created."),
        ]
    }

    package func cells(now: Time) -> [JSONValue] {
        [
            .string(metadata.name), .string(status.phase),
            .string(HumanDuration.since(metadata.creationTimestamp, now: now)),
        ]
    }
}

extension ConfigMap: TableObject {
    package static var columns: [TableColumnDefinition] {
        [
            TableColumnDefinition("Name", format: "name", "The name in its namespace."),
            TableColumnDefinition("Data", type: "string", "The number of keys."),
            TableColumnDefinition("Age", "Time since it was created."),
        ]
    }

    package func cells(now: Time) -> [JSONValue] {
        [
            .string(metadata.name), .number(JSONNumber(data.count + binaryData.count)),
            .string(HumanDuration.since(metadata.creationTimestamp, now: now)),
        ]
    }
}

extension Secret: TableObject {
    package static var columns: [TableColumnDefinition] {
        [
            TableColumnDefinition("Name", format: "name", "The name in its namespace."),
            TableColumnDefinition("Type", "What the secret is for."),
            TableColumnDefinition("Data", type: "string", "The number of keys."),
            TableColumnDefinition("Age", "Time since it was created."),
        ]
    }

    package func cells(now: Time) -> [JSONValue] {
        [
            .string(metadata.name), .string(type), .number(JSONNumber(data.count)),
            .string(HumanDuration.since(metadata.creationTimestamp, now: now)),
        ]
    }
}
