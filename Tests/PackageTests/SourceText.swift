import Linux

/// A Swift source file without its comments and without the contents of its string literals.
struct SourceText {
    let path: String
    /// One element per line of the file.
    let lines: [String]

    init(path: String, text: [UInt8]) {
        self.path = path
        lines = Self.code(of: text).split(separator: 0x0A, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// The Swift files of a module, in any depth; each file of the package is read once a test run.
    static func files(of module: String) throws -> [SourceText] { try all.get()[module] ?? [] }

    private static let all = Result {
        let root = try PackageRoot.path() + "/Sources"
        var modules: [String: [SourceText]] = [:]
        for row in ModuleTable.rows {
            modules[row.name] = try paths("\(root)/\(row.name)").map {
                SourceText(path: $0, text: try Files.read($0))
            }
        }
        return modules
    }

    private static func paths(_ directory: String) throws -> [String] {
        var found: [String] = []
        for name in try Files.list(directory) {
            let path = directory + "/" + name
            switch try Files.kind(path) {
            case .directory: found += try paths(path)
            case .regular where name.hasSuffix(".swift"): found.append(path)
            default: break
            }
        }
        return found
    }

    /// The modules it imports, of `import X`, `package import X.Y` and `import struct X.Y`.
    var imports: [(module: String, line: Int)] {
        lines.enumerated().compactMap { number, line in
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let keyword = words.firstIndex(of: "import"),
                words[..<keyword].allSatisfy({ Self.importModifiers.contains(String($0)) || $0.hasPrefix("@") })
            else { return nil }
            let rest = words[(keyword + 1)...].drop { Self.importKinds.contains(String($0)) }
            guard let name = rest.first?.split(separator: ".").first else { return nil }
            return (String(name), number + 1)
        }
    }

    private static let importModifiers: Set = ["public", "package", "internal", "fileprivate", "private"]
    private static let importKinds: Set = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]

    /// The identifiers and keywords of a line, each with what follows it.
    static func words(_ line: String) -> [(word: String, next: Character?)] {
        var found: [(String, Character?)] = []
        var word = ""
        func end(_ rest: Substring) {
            if !word.isEmpty { found.append((word, rest.first { $0 != " " })) }
            word = ""
        }
        var index = line.startIndex
        while index < line.endIndex {
            let character = line[index]
            if character.isLetter || character.isNumber || character == "_" {
                word.append(character)
            } else {
                end(line[index...])
            }
            index = line.index(after: index)
        }
        end("")
        return found
    }

    /// Replaces comments and the inside of strings by nothing; line breaks stay.
    private static func code(of text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var index = 0
        func starts(_ part: String) -> Bool { text[index...].starts(with: part.utf8) }
        func skip(until end: String, _ escapes: Bool) {
            let first = end.utf8.first
            while index < text.count, text[index] != first || !starts(end) {
                if text[index] == 0x0A { out.append(0x0A) }
                index += escapes && text[index] == UInt8(ascii: "\\") ? 2 : 1
            }
            index += end.utf8.count
        }
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "/") where starts("//"):
                while index < text.count, text[index] != 0x0A { index += 1 }
            case UInt8(ascii: "/") where starts("/*"): skip(until: "*/", false)
            case UInt8(ascii: "#") where starts("#\""):
                index += 2
                skip(until: "\"#", false)
                out += "\"\"".utf8
            case UInt8(ascii: "\""):
                let mark = starts("\"\"\"") ? "\"\"\"" : "\""
                index += mark.utf8.count
                skip(until: mark, true)
                out += "\"\"".utf8
            case let byte:
                out.append(byte)
                index += 1
            }
        }
        return out
    }
}
