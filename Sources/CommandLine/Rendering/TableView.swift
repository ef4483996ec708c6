import JSON

/// A `Table` of meta.k8s.io/v1, the form in which the agent describes objects for people.
struct TableView {
    struct Column {
        let name: String
        /// 0: always shown; above: only with `-o wide`.
        let priority: Int
    }

    struct Row {
        let cells: [String]
        /// The object, or its metadata.
        let object: JSONValue

        var namespace: String { object["metadata"]?["namespace"]?.stringValue ?? "" }
        var name: String { object["metadata"]?["name"]?.stringValue ?? "" }

        var labels: String {
            guard let labels = object["metadata"]?["labels"]?.objectValue, !labels.isEmpty else { return "<none>" }
            return labels.map { "\($0.key)=\($0.value.stringValue ?? "")" }.sorted().joined(separator: ",")
        }
    }

    var columns: [Column]
    var rows: [Row]
    let resourceVersion: String

    init(_ json: JSONValue) throws(ClientFailure) {
        guard json["kind"]?.stringValue == "Table" else {
            throw .failed(
                "the agent answered with \(json["kind"]?.stringValue ?? "no object") where a Table was asked for"
            )
        }
        columns = (json["columnDefinitions"]?.arrayValue ?? []).map { column in
            Column(
                name: column["name"]?.stringValue ?? "",
                priority: column["priority"]?.int64Value.map { Int($0) } ?? 0
            )
        }
        rows = (json["rows"]?.arrayValue ?? []).map { row in
            Row(cells: (row["cells"]?.arrayValue ?? []).map(TableView.text), object: row["object"] ?? .null)
        }
        resourceVersion = json["metadata"]?["resourceVersion"]?.stringValue ?? ""
    }

    private static func text(_ cell: JSONValue) -> String {
        if cell.isNull { return "<none>" }
        return Terminal.safeLine(cell.stringValue ?? cell.text())
    }
}

/// Prints tables; the columns of a watch keep their widths from line to line.
struct TableRenderer {
    var isWide = false
    var showsNamespace = false
    var showsHeader = true
    var showsLabels = false

    private var layout = ColumnLayout()
    private var columns: [TableView.Column] = []
    private var hasHeader = false

    init(isWide: Bool = false, showsNamespace: Bool = false, showsHeader: Bool = true, showsLabels: Bool = false) {
        self.isWide = isWide
        self.showsNamespace = showsNamespace
        self.showsHeader = showsHeader
        self.showsLabels = showsLabels
    }

    /// The lines for a table; the header comes with the first table that has rows.
    mutating func lines(_ table: TableView) -> [String] {
        // A watch sends the definitions with its first event only.
        if !table.columns.isEmpty { columns = table.columns }
        guard !table.rows.isEmpty else { return [] }
        var rows: [[String]] = []
        if showsHeader, !hasHeader {
            hasHeader = true
            var header = showsNamespace ? ["NAMESPACE"] : []
            header += columns.filter(isShown).map { $0.name.uppercased() }
            if showsLabels { header.append("LABELS") }
            rows.append(header)
        }
        for row in table.rows {
            var cells = showsNamespace ? [row.namespace] : []
            for (column, cell) in zip(columns, row.cells) where isShown(column) { cells.append(cell) }
            if showsLabels { cells.append(row.labels) }
            rows.append(cells)
        }
        return layout.lines(rows)
    }

    private func isShown(_ column: TableView.Column) -> Bool { isWide || column.priority == 0 }
}
