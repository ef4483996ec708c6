import Journal
import Linux
import TestSupport
import Testing

struct CatalogTests {
    struct Entry {
        var id: String
        var name: String
        var headers: [String: String] = [:]
        var text = ""
    }

    /// Entries of the catalog, each with the event's name from the comment before it.
    static func entries() throws -> [Entry] {
        let file = try Files.readText(packageRoot + "/deploy/swiftlet.catalog")
        var entries: [Entry] = []
        var name = ""
        for line in file.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("# ") {
                name = String(line.dropFirst(2))
            } else if line.hasPrefix("-- ") {
                entries.append(Entry(id: String(line.dropFirst(3)), name: name))
            } else if !entries.isEmpty {
                let last = entries.count - 1
                if let colon = line.firstIndex(of: ":"), entries[last].text.isEmpty, !line.isEmpty {
                    let value = line[line.index(after: colon)...].drop { $0 == " " }
                    entries[last].headers[String(line[..<colon])] = String(value)
                } else {
                    entries[last].text += line + "\n"
                }
            }
        }
        return entries
    }

    @Test("the catalog and the table of ids say the same")
    func same() throws {
        let entries = try Self.entries()
        #expect(entries.count == MessageID.byEventType.count)
        for entry in entries { #expect(MessageID(eventType: entry.name)?.hex == entry.id, "\(entry.name)") }
    }

    @Test("ids are 128 bits each and all different")
    func ids() {
        let ids = MessageID.byEventType.values.map(\.hex)
        #expect(Set(ids).count == ids.count)
        for id in ids { #expect(id.count == 32 && id.allSatisfy { $0.isHexDigit && !$0.isUppercase }, "\(id)") }
        #expect(MessageID(eventType: "NoSuchEvent") == nil)
    }

    @Test("every entry has a subject and an explanation, and names only fields that are sent")
    func complete() throws {
        for entry in try Self.entries() {
            #expect(entry.headers["Subject"]?.isEmpty == false, "\(entry.name)")
            #expect(entry.headers["Defined-By"] == "swiftlet", "\(entry.name)")
            let words = entry.text.split(separator: "@", omittingEmptySubsequences: false)
            #expect(words.count % 2 == 1, "\(entry.name) has an unpaired @")
            for index in stride(from: 1, to: words.count, by: 2) {
                #expect(JournalRecord.Field.Name.all.contains(String(words[index])), "\(entry.name): \(words[index])")
            }
            #expect(entry.text.count > 40, "\(entry.name)")
        }
    }

    @Test("systemd can compile the catalog", .enabled(if: Journald.hasJournalctl, "journalctl is not installed"))
    func compiles() throws {
        let root = try TemporaryDirectory()
        try Files.makeDirectories(root.path + "/usr/lib/systemd/catalog")
        try Files.makeDirectories(root.path + "/var/lib/systemd/catalog")
        let text = try Files.read(packageRoot + "/deploy/swiftlet.catalog")
        try Files.replace(root.path + "/usr/lib/systemd/catalog/swiftlet.catalog", with: text)
        let update = try Spawn.run(
            ["journalctl", "--root", root.path, "--update-catalog"],
            environment: Journald.environment
        )
        #expect(update.code == 0, "\(String(decoding: update.errors, as: UTF8.self))")
        let list = try Spawn.run(
            ["journalctl", "--root", root.path, "--list-catalog"],
            environment: Journald.environment
        )
        let output = String(decoding: list.output, as: UTF8.self)
        for (name, id) in MessageID.byEventType { #expect(output.contains(id.hex), "\(name)") }
    }
}
