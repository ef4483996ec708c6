import Linux
import Testing

@Suite("Rules for all source files")
struct SourceRuleTests {
    private static let modules = ModuleTable.rows.map(\.name).filter { !$0.hasPrefix("C") || $0 == "CommandLine" }

    @Test("only its one importer knows a library of others", arguments: modules)
    func soleImporters(_ module: String) throws {
        for file in try SourceText.files(of: module) {
            for (imported, line) in file.imports {
                if let allowed = ModuleTable.soleImporters[imported] {
                    #expect(allowed.contains(module), "\(file.path):\(line) imports \(imported)")
                }
                for (prefix, allowed) in ModuleTable.soleImportersByPrefix where imported.hasPrefix(prefix) {
                    #expect(allowed.contains(module), "\(file.path):\(line) imports \(imported)")
                }
            }
        }
    }

    @Test("the command line imports no module of the server")
    func commandLineIsAClient() throws {
        let server: Set = ["NodeAgent", "HTTPAPI", "RuntimeCore", "EventLog", "Reconciler", "Facts", "Images"]
        for file in try SourceText.files(of: "CommandLine") {
            for (imported, line) in file.imports {
                #expect(!server.contains(imported), "\(file.path):\(line) imports \(imported)")
            }
        }
    }

    @Test("the lower layers and the static executables do without Foundation", arguments: ModuleTable.withoutFoundation)
    func noFoundation(_ module: String) throws {
        for file in try SourceText.files(of: module) {
            for (imported, line) in file.imports {
                #expect(!imported.hasPrefix("Foundation"), "\(file.path):\(line) imports \(imported)")
            }
        }
    }

    @Test("what ends up in the static executables has no Swift concurrency", arguments: ModuleTable.withoutConcurrency)
    func noConcurrency(_ module: String) throws {
        for file in try SourceText.files(of: module) {
            for (number, line) in file.lines.enumerated() {
                // Looking at every word takes time; most lines hold none of these.
                guard ["async", "await", "actor", "Task"].contains(where: line.contains) else { continue }
                for (word, next) in SourceText.words(line) {
                    let concurrent =
                        ["async", "await", "actor"].contains(word)
                        || word == "Task" && (next == "{" || next == "." || next == "(")
                    #expect(!concurrent, "\(file.path):\(number + 1): \(line)")
                }
            }
        }
    }

    @Test("nothing is forced: no try!, and a fatalError says why", arguments: modules)
    func nothingForced(_ module: String) throws {
        for file in try SourceText.files(of: module) {
            for (number, line) in file.lines.enumerated() {
                #expect(!line.contains("try!"), "\(file.path):\(number + 1): \(line)")
                #expect(!line.contains("as!"), "\(file.path):\(number + 1): \(line)")
                #expect(!line.contains("fatalError()"), "\(file.path):\(number + 1): \(line)")
            }
        }
    }

    @Test("every module says in Module.swift what it owns, reads, emits and never does")
    func moduleHeaders() throws {
        for row in ModuleTable.rows where row.layer >= 1 && row.layer <= 7 {
            let path = "\(try PackageRoot.path())/Sources/\(row.name)/Module.swift"
            let text = String(decoding: try Files.read(path), as: UTF8.self).lowercased()
            #expect(!text.contains("to be written"), "\(path)")
            for word in ["owns", "reads", "emits", "never"] {
                #expect(text.contains(word), "\(path) does not say \"\(word)\"")
            }
        }
    }
}

@Suite("The scanner that the rules above rely on")
struct SourceTextTests {
    private func source(_ text: String) -> SourceText { SourceText(path: "x.swift", text: Array(text.utf8)) }

    @Test("words in comments and strings do not count")
    func blindToText() {
        let lines = source("let a = \"await \\\" x\" // async\n/* actor\n */ b(\"\"\"\n await\n \"\"\", #\"a\"b\"#)")
            .lines
        #expect(lines.count == 5)
        let words = lines.flatMap(SourceText.words).map(\.word)
        #expect(words == ["let", "a", "b"])
    }

    @Test("every spelling of an import is seen")
    func spellings() {
        let text = "package import A\nimport struct B.C\n@testable import D\nprivate import E // no\nlet import1 = 2"
        #expect(source(text).imports.map(\.module) == ["A", "B", "D", "E"])
    }

    @Test("a word is told apart from longer ones, and what follows it is seen")
    func wordBorders() {
        let words = SourceText.words("Task { asyncify(Tasks.x) }")
        #expect(words.map(\.word) == ["Task", "asyncify", "Tasks", "x"])
        #expect(words.map(\.next) == ["{", "(", ".", ")"])
    }
}
