package import JSON

/// What happens to fields that an object does not have, and to fields that come twice.
package enum FieldValidation: String, Sendable {
    case strict = "Strict"
    case warn = "Warn"
    case ignore = "Ignore"

    /// The value of the query parameter; Warn where there is none.
    package static func parse(_ parameter: String?) throws(APIError) -> FieldValidation {
        guard let parameter, !parameter.isEmpty else { return .warn }
        guard let validation = FieldValidation(rawValue: parameter) else {
            throw .badRequest(
                "fieldValidation: Unsupported value: \(FieldError.quoted(parameter)): supported values: \"Ignore\", "
                    + "\"Warn\", \"Strict\""
            )
        }
        return validation
    }
}

/// Bodies of requests to objects.
package enum ObjectDecoding {
    /// The media types that are read.
    package static let mediaTypes = ["application/json", "application/yaml"]

    private enum Format { case json, yaml }

    /// The object in a body, and the warnings for the client (each one a Warning header).
    ///
    /// Without a content type the body's first character decides, also for the type that curl sends by itself
    /// (application/x-www-form-urlencoded). A body without kind and apiVersion is taken for the object asked for.
    package static func decode<T: APIObject>(
        _ type: T.Type,
        body: [UInt8],
        contentType: String?,
        fieldValidation: FieldValidation = .warn
    ) throws(APIError) -> (object: T, warnings: [String]) {
        switch try format(of: body, contentType) {
        case .json: try decodeJSON(type, body, fieldValidation)
        case .yaml: try decode(type, value(yaml: body, type), fieldValidation, body)
        }
    }

    /// The value in a body that may be JSON or YAML, such as a patch.
    package static func value(_ body: [UInt8], contentType: String?) throws(APIError) -> JSONValue {
        switch try format(of: body, contentType) {
        case .json:
            do {
                return try JSONValue(parsing: body)
            } catch {
                throw .badRequest("error decoding the body: \(error)")
            }
        case .yaml:
            do {
                return try document(YAML.decode(body))
            } catch {
                throw .badRequest("error decoding the body: \(error)")
            }
        }
    }

    /// The object in a value, such as the outcome of a patch.
    package static func decode<T: APIObject>(
        _ type: T.Type,
        from value: JSONValue,
        fieldValidation: FieldValidation = .warn
    ) throws(APIError) -> (object: T, warnings: [String]) {
        try decode(type, value, fieldValidation, [])
    }

    // MARK: Formats

    /// Refuses what cannot be read, before it is sent.
    ///
    /// - Throws: 415.
    package static func check(contentType: String?) throws(APIError) { _ = try format(of: contentType) }

    private static func format(of body: [UInt8], _ contentType: String?) throws(APIError) -> Format {
        if let format = try format(of: contentType) { return format }
        let first = body.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        return first == UInt8(ascii: "{") ? .json : .yaml
    }

    /// Nil for a type that says nothing about the format.
    private static func format(of contentType: String?) throws(APIError) -> Format? {
        let type = (contentType ?? "").prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        switch type {
        case "application/json": return .json
        case "application/yaml", "text/yaml", "application/x-yaml", "text/x-yaml": return .yaml
        case "", "application/x-www-form-urlencoded", "application/octet-stream", "text/plain": return nil
        default: throw .unsupportedMediaType(accepted: mediaTypes)
        }
    }

    private static func value<T: APIObject>(yaml body: [UInt8], _ type: T.Type) throws(APIError) -> JSONValue {
        do {
            return try document(YAML.decode(body))
        } catch {
            throw unrecognized(type, error.description, body)
        }
    }

    /// The one document that says something.
    private static func document(_ documents: [JSONValue]) throws(YAMLError) -> JSONValue {
        let full = documents.filter { !$0.isNull }
        guard full.count <= 1 else {
            throw YAMLError("the body has \(full.count) documents; send one object with each request")
        }
        return full.first ?? .null
    }

    // MARK: Objects

    private static func decodeJSON<T: APIObject>(
        _ type: T.Type,
        _ body: [UInt8],
        _ validation: FieldValidation
    ) throws(APIError) -> (object: T, warnings: [String]) {
        do {
            if validation == .ignore {
                return (try check(JSONCoding.decode(type, from: body)), [])
            }
            let (object, issues) = try JSONCoding.decodeStrictly(type, from: body)
            return (try check(object), try warnings(issues, type, validation))
        } catch let error as APIError {
            throw error
        } catch let error as JSONError {
            throw failure(type, error, body, named: try? JSONCoding.decode(TypeName.self, from: body))  // not even JSON
        } catch {
            throw .internalError("\(error)")
        }
    }

    private static func decode<T: APIObject>(
        _ type: T.Type,
        _ value: JSONValue,
        _ validation: FieldValidation,
        _ body: [UInt8]
    ) throws(APIError) -> (object: T, warnings: [String]) {
        guard case .object = value else {
            throw unrecognized(type, "expected an object, found \(value.kind)", body)
        }
        do {
            let (object, issues) = try JSONCoding.decodeStrictly(type, from: value)
            let checked = try check(object)
            return (checked, validation == .ignore ? [] : try warnings(issues, type, validation))
        } catch let error as APIError {
            throw error
        } catch let error as JSONError {
            throw failure(type, error, body, named: try? JSONCoding.decode(TypeName.self, from: value))  // no names
        } catch {
            throw .internalError("\(error)")
        }
    }

    private static func warnings<T: APIObject>(
        _ issues: [JSONIssue],
        _ type: T.Type,
        _ validation: FieldValidation
    ) throws(APIError) -> [String] {
        let sentences = issues.map(\.description)
        guard validation == .strict, !sentences.isEmpty else { return sentences }
        throw cannotHandle(
            type,
            TypeName(kind: T.kindName, apiVersion: T.versions[0]),
            "strict decoding error: \(sentences.joined(separator: ", "))"
        )
    }

    /// The object with its kind and version filled in, if they fit.
    private static func check<T: APIObject>(_ object: T) throws(APIError) -> T {
        var object = object
        if object.kind.isEmpty { object.kind = T.kindName }
        if object.apiVersion.isEmpty { object.apiVersion = T.versions[0] }
        guard object.kind == T.kindName, T.versions.contains(object.apiVersion) else {
            throw mismatch(T.self, TypeName(kind: object.kind, apiVersion: object.apiVersion))
        }
        return object
    }

    // MARK: Errors

    /// What a body says that it is.
    private struct TypeName: Codable {
        var kind: String?
        var apiVersion: String?
    }

    private static func failure<T: APIObject>(
        _ type: T.Type,
        _ error: JSONError,
        _ body: [UInt8],
        named name: TypeName?
    ) -> APIError {
        guard let name else { return unrecognized(type, error.description, body) }
        let fits = (name.kind ?? T.kindName) == T.kindName && T.versions.contains(name.apiVersion ?? T.versions[0])
        return fits ? cannotHandle(type, name, error.description) : mismatch(type, name)
    }

    private static func mismatch<T: APIObject>(_ type: T.Type, _ name: TypeName) -> APIError {
        let version = name.apiVersion ?? T.versions[0]
        return cannotHandle(
            type,
            name,
            "no kind \"\(name.kind ?? T.kindName)\" is registered for version \"\(version)\" at this path; it takes kind "
                + "\"\(T.kindName)\" of version \"\(T.versions[0])\""
        )
    }

    private static func cannotHandle<T: APIObject>(_ type: T.Type, _ name: TypeName, _ why: String) -> APIError {
        // The version without its group, as Kubernetes writes it.
        let version = (name.apiVersion ?? T.versions[0]).split(separator: "/").last ?? ""
        return .badRequest(
            "\(name.kind ?? T.kindName) in version \"\(version)\" cannot be handled as a \(T.kindName): \(why)"
        )
    }

    private static func unrecognized<T: APIObject>(_ type: T.Type, _ why: String, _ body: [UInt8]) -> APIError {
        .badRequest(
            "the object provided is unrecognized (must be of type \(T.kindName)): couldn't get version/kind; \(why) "
                + "(\(summary(body)))"
        )
    }

    /// The first thirty bytes: as text where they look like an object, else in hexadecimal.
    private static func summary(_ body: [UInt8]) -> String {
        guard let first = body.first else { return "<empty>" }
        let head = body.prefix(30)
        let tail = body.count > 30 ? " ..." : ""
        if first == UInt8(ascii: "{") { return String(decoding: head, as: UTF8.self) + tail }
        let digits = Array("0123456789abcdef")
        return String(head.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }) + tail
    }
}
