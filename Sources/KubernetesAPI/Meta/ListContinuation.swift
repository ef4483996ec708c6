import JSON

/// Where a list that comes in parts goes on, as the opaque text of `continue`.
package struct ListContinuation: Hashable, Sendable {
    /// The state that all parts are of; nil for the newest, which then is another one than that of the parts before.
    package var resourceVersion: Int64?
    /// The last object of the part before.
    package var namespace: String
    package var name: String

    package init(resourceVersion: Int64?, namespace: String, name: String) {
        self.resourceVersion = resourceVersion
        self.namespace = namespace
        self.name = name
    }

    private static let version = "meta.k8s.io/v1"

    /// The text for clients: base64url (RFC 4648, section 5) of JSON.
    package var token: String {
        let value = JSONValue.object([
            "v": .string(Self.version), "rv": .number(JSONNumber(resourceVersion ?? -1)),
            "start": .string("\(namespace)/\(name)"),
        ])
        return Base64Bytes(value.bytes()).text.replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }

    /// - Throws: 400 for a text that this server has not made.
    package init(token: String) throws(APIError) {
        var text = token.replacing("-", with: "+").replacing("_", with: "/")
        while text.utf8.count % 4 != 0 { text += "=" }
        // However it is wrong, there is one thing to do about it.
        guard let bytes = Base64Bytes(text: text)?.bytes, let value = try? JSONValue(parsing: bytes),
            let start = value["start"]?.stringValue, let slash = start.firstIndex(of: "/")
        else { throw Self.invalid("it is not one that this server has given") }
        guard value["v"]?.stringValue == Self.version, let number = value["rv"]?.int64Value, number != 0 else {
            throw Self.invalid("incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
        }
        resourceVersion = number > 0 ? number : nil
        namespace = String(start[..<slash])
        name = String(start[start.index(after: slash)...])
    }

    private static func invalid(_ why: String) -> APIError {
        .badRequest("continue key is not valid: \(why); list again without continue")
    }

    /// True for what comes after the last object of the part before, in the order of lists.
    package func precedes(namespace: String, name: String) -> Bool {
        (self.namespace, self.name) < (namespace, name)
    }
}
