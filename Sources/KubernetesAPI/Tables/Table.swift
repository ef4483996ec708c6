package import JSON

/// Objects as rows of cells, for clients that print them (meta.k8s.io/v1).
package struct Table: Codable, Hashable, Sendable {
    package var kind = "Table"
    package var apiVersion = "meta.k8s.io/v1"
    package var metadata: ListMeta
    package var columnDefinitions: [TableColumnDefinition]
    package var rows: [TableRow]

    package init(metadata: ListMeta, columnDefinitions: [TableColumnDefinition], rows: [TableRow]) {
        self.metadata = metadata
        self.columnDefinitions = columnDefinitions
        self.rows = rows
    }
}

/// A column of a ``Table``.
package struct TableColumnDefinition: Codable, Hashable, Sendable {
    package var name: String
    /// string or integer.
    package var type: String
    /// "name" for the column with the object's name, else "".
    package var format: String
    package var description: String
    /// 0 for columns that always show; others show with `-o wide`.
    package var priority: Int32

    package init(
        _ name: String,
        type: String = "string",
        format: String = "",
        priority: Int32 = 0,
        _ description: String
    ) {
        self.name = name
        self.type = type
        self.format = format
        self.description = description
        self.priority = priority
    }
}

/// A row of a ``Table``: one object.
package struct TableRow: Codable, Hashable, Sendable {
    package var cells: [JSONValue]
    package var conditions: [TableRowCondition]?
    /// The object, its metadata, or nothing, as the request's includeObject has it.
    package var object: JSONValue?

    package init(cells: [JSONValue], conditions: [TableRowCondition]? = nil, object: JSONValue? = nil) {
        self.cells = cells
        self.conditions = conditions
        self.object = object
    }
}

/// A mark on a row; "Completed" tells clients that the object is done.
package struct TableRowCondition: Codable, Hashable, Sendable {
    package var type: String
    package var status: String
    package var reason: String
    package var message: String
}

/// What a row says of its object.
package enum IncludeObject: String, Sendable {
    case none = "None"
    case metadata = "Metadata"
    case object = "Object"

    /// The value of the query parameter; Metadata where there is none.
    package static func parse(_ parameter: String?) throws(APIError) -> IncludeObject {
        guard let parameter, !parameter.isEmpty else { return .metadata }
        guard let include = IncludeObject(rawValue: parameter) else {
            throw .badRequest(
                "unrecognized includeObject value: \(FieldError.quoted(parameter)); use None, Metadata or Object"
            )
        }
        return include
    }
}

/// An object that can be a row.
package protocol TableObject: StoredObject {
    static var columns: [TableColumnDefinition] { get }
    /// One value for each column. Times print relative to `now`.
    func cells(now: Time) -> [JSONValue]
    func rowConditions() -> [TableRowCondition]?
}

extension TableObject {
    package func rowConditions() -> [TableRowCondition]? { nil }
}

/// Objects to tables.
package enum Tables {
    /// The content type under which a table is asked for; the answer may be plain application/json.
    package static let mediaType = "application/json;as=Table;v=v1;g=meta.k8s.io"

    /// A table of objects. For a watch, `withColumns` is only needed in the first event.
    ///
    /// - Throws: the coder's error for an object that cannot be written as JSON; no object of this module is one.
    package static func table<T: TableObject>(
        _ objects: [T],
        metadata: ListMeta,
        includeObject: IncludeObject = .metadata,
        withColumns: Bool = true,
        now: Time
    ) throws -> Table {
        var rows: [TableRow] = []
        rows.reserveCapacity(objects.count)
        for object in objects {
            rows.append(
                TableRow(
                    cells: object.cells(now: now),
                    conditions: object.rowConditions(),
                    object: try included(object, includeObject)
                )
            )
        }
        return Table(metadata: metadata, columnDefinitions: withColumns ? T.columns : [], rows: rows)
    }

    private static func included(_ object: some TableObject, _ include: IncludeObject) throws -> JSONValue? {
        switch include {
        case .none: nil
        case .metadata: try JSONCoding.value(of: PartialObjectMetadata(metadata: object.metadata))
        case .object: try JSONCoding.value(of: object)
        }
    }
}
