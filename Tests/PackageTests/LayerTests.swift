import JSON
import Linux
import Testing

@Suite("The layers of the package")
struct LayerTests {
    /// Our modules and what Package.swift says they depend on, ours and others'.
    private func edges() throws -> [String: Set<String>] {
        let targets = try #require(try PackageRoot.description()["targets"]?.arrayValue)
        var edges: [String: Set<String>] = [:]
        for target in targets {
            let name = try #require(target["name"]?.stringValue)
            let type = try #require(target["type"]?.stringValue)
            // Targets for tests and benchmarks are no modules of the product.
            let path = target["path"]?.stringValue ?? ""
            guard type != "test", !path.hasPrefix("Tests/"), !path.hasPrefix("Benchmarks/") else { continue }
            let dependencies = target["dependencies"]?.arrayValue ?? []
            edges[name] = Set(
                dependencies.compactMap { ($0["byName"] ?? $0["target"] ?? $0["product"])?[0]?.stringValue }
            )
        }
        return edges
    }

    @Test("the table holds exactly the modules of Package.swift")
    func sameModules() throws {
        let inPackage = Set(try edges().keys)
        let inTable = Set(ModuleTable.rows.map(\.name))
        #expect(inPackage.subtracting(inTable) == [], "modules that the table does not know")
        #expect(inTable.subtracting(inPackage) == [], "modules that Package.swift does not have")
    }

    @Test("Package.swift has no edge that the table does not allow")
    func declaredEdges() throws {
        let ours = Set(ModuleTable.rows.map(\.name))
        for (name, dependencies) in try edges() {
            let row = try #require(ModuleTable.row(name), "module \(name) is not in the table")
            let forbidden = dependencies.intersection(ours).subtracting(row.mayImport)
            #expect(forbidden == [], "\(name) depends on modules it must not know")
        }
    }

    @Test("every row of the table points to lower layers only")
    func tableIsLayered() throws {
        for row in ModuleTable.rows {
            for name in row.mayImport {
                let other = try #require(ModuleTable.row(name), "\(row.name) may import \(name), which does not exist")
                #expect(other.layer < row.layer, "\(row.name) (layer \(row.layer)) and \(name) (layer \(other.layer))")
            }
        }
    }

    @Test("no source file imports a module of ours that the table does not allow")
    func importedEdges() throws {
        let ours = Set(ModuleTable.rows.map(\.name))
        for row in ModuleTable.rows {
            for file in try SourceText.files(of: row.name) {
                for (module, line) in file.imports where ours.contains(module) && module != row.name {
                    #expect(row.mayImport.contains(module), "\(file.path):\(line) imports \(module)")
                }
            }
        }
    }

    @Test("docs/architecture.md prints the table as it is")
    func documentedTable() throws {
        let text = String(decoding: try Files.read(try PackageRoot.path() + "/docs/architecture.md"), as: UTF8.self)
        var documented: Set<ModuleRow> = []
        for line in text.split(separator: "\n") where line.hasPrefix("| ") {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).map(Self.trimmed)
            guard cells.count == 6, let layer = Int(cells[1]) else { continue }
            let names = cells[4].split(whereSeparator: {
                $0 == " " || $0 == "," || $0 == "`" || $0 == "-" && cells[4] == "-"
            })
            for name in cells[2].split(separator: "`").map(String.init) where name.contains(where: \.isLetter) {
                documented.insert(ModuleRow(layer, name, Set(names.map(String.init))))
            }
        }
        let table = Set(ModuleTable.rows)
        #expect(table.subtracting(documented) == [], "rows that the document lacks or tells differently")
        #expect(documented.subtracting(table) == [], "rows of the document that are not so")
    }

    private static func trimmed(_ cell: Substring) -> String {
        var cell = cell.drop { $0 == " " }
        while cell.last == " " { cell.removeLast() }
        return String(cell)
    }
}
